"""What `make` calls: `python3 -m tools <verb>`. Standard library only."""
