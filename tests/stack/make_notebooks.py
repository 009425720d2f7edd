"""Writes the notebooks that the stack tests add to the generated project with `make add-task from=`."""

from __future__ import annotations

from pathlib import Path

import nbformat

NOTEBOOKS = {
    "fails": [
        "patience = 1",
        "print('before the failure')",
        "def divide(n):\n    return n / 0\n\n\ndivide(patience)",
        "print('never reached')",
    ],
    "sleeps": [
        "seconds = 300",
        "import time\n\nfor second in range(seconds):\n    print('slept', second)\n    time.sleep(1)",
    ],
    # `word` is given to both tasks; the first task hands `echoed` to the second by its name.
    "echo": [
        "word = 'default'\nechoed = None",
        "from notebook_task import task\n\ntask.result(echoed=f'{echoed} {word}' if echoed else word)",
    ],
}


def write_notebook(folder: Path, name: str) -> Path:
    parameters, *others = [nbformat.v4.new_code_cell(source) for source in NOTEBOOKS[name]]
    parameters.metadata.tags = ["parameters"]
    notebook = nbformat.v4.new_notebook(cells=[parameters, *others])
    path = folder / f"{name}.ipynb"
    nbformat.write(notebook, path)
    return path
