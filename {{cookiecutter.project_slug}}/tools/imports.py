"""Which packages a notebook imports."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from typing import Any

# Where the name of the package is another one than that of the module.
PACKAGES = {
    "bs4": "beautifulsoup4",
    "cv2": "opencv-python-headless",
    "dateutil": "python-dateutil",
    "dotenv": "python-dotenv",
    "PIL": "pillow",
    "psycopg2": "psycopg2-binary",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "yaml": "pyyaml",
}
# What each task has anyway.
PRESENT = {"IPython", "ipykernel", "notebook_task", "yaml"}


def packages(notebook: dict[str, Any]) -> list[str]:
    """The packages that the code cells import, by the names under which one installs them."""
    modules = {module for cell in notebook["cells"] for module in imported(cell)}
    foreign = modules - set(sys.stdlib_module_names) - PRESENT
    return sorted({PACKAGES.get(module, module) for module in foreign})


def imported(cell: dict[str, Any]) -> Iterator[str]:
    if cell.get("cell_type") != "code":
        return
    source = "".join(cell.get("source", []))
    # Magics and shell lines are IPython's, not Python's.
    plain = "\n".join(
        "pass" if line.lstrip()[:1] in ("%", "!", "?") else line for line in source.splitlines()
    )
    try:
        tree = ast.parse(plain)
    except SyntaxError:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield node.module.split(".")[0]
