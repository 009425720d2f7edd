"""What `--check` finds in a notebook without running it."""

from __future__ import annotations

import ast
import re
from typing import Any

from .notebook_file import language, source_of

# IPython's own syntax: magics, shell lines, help
NOT_PYTHON = re.compile(r"^\s*(?:[%!?]|.*\?\s*$|\w+\s*=\s*[%!])", flags=re.MULTILINE)


def problems(notebook: dict[str, Any], name: str) -> list[str]:
    """Return syntax errors and stored outputs, one line each."""
    found: list[str] = []
    for number, cell in enumerate(notebook["cells"], start=1):
        if cell.get("cell_type") != "code":
            continue
        if language(notebook) == "python":
            found += _syntax(source_of(cell), f"{name}, cell {number}")
        if cell.get("outputs"):
            found.append(
                f"{name}, cell {number}: has stored output; clear it (Edit, Clear Outputs of All Cells)"
            )
    return found


def _syntax(source: str, where: str) -> list[str]:
    if NOT_PYTHON.search(source):
        return []
    try:
        compile(source, where, "exec", flags=ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError as error:
        return [f"{where}, line {error.lineno}: {error.msg}"]
    return []
