# Every target is one or two plain commands: what it runs can be typed without make.
PYTHON ?= python3
BUILD := build/my-notebooks

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "%-12s%s\n", $$1, $$2}' Makefile

.venv/made: requirements-dev.txt
	@$(PYTHON) -c "import sys; sys.exit('Python 3.11 or newer is needed, $(PYTHON) is ' + sys.version.split()[0] + '; type: make PYTHON=python3.13 $(MAKECMDGOALS)' if sys.version_info < (3, 11) else 0)"
	$(PYTHON) -m venv .venv
	.venv/bin/python -m pip install --quiet --requirement requirements-dev.txt
	touch .venv/made

demo: .venv/made  ## render the template with its defaults into build/ and run the demo there, without Docker
	.venv/bin/cookiecutter --no-input --default-config --overwrite-if-exists --output-dir build .
	$(MAKE) -C $(BUILD) demo

test: .venv/made  ## run the whole suite: rendering, hooks, the output's own tests, the real stack
	.venv/bin/python -m pytest -n 2 --dist loadgroup

lint: .venv/made  ## check style and both sets of workflows
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/python -m pytest -q tests/test_static.py

benchmark: .venv/made  ## print the figures of benchmarks/
	.venv/bin/python -m benchmarks

lock: .venv/made  ## pin requirements-dev.txt anew from pyproject.toml
	.venv/bin/uv pip compile --universal --python-version 3.11 --group dev --output-file requirements-dev.txt --no-header --quiet --upgrade

.PHONY: help demo test lint benchmark lock
