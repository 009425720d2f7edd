"""What a verb raises when it cannot go on."""

from __future__ import annotations


class ToolError(Exception):
    """Something is missing or wrong: what was found, and what to type."""

    def __init__(self, problem: str, cure: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.cure = cure

    def __str__(self) -> str:
        return f"{self.problem}\n  {self.cure}" if self.cure else self.problem
