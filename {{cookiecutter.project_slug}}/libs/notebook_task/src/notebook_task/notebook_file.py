"""Reads a notebook without nbformat: what must be known before a kernel exists."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

from .errors import InputError
from .parameters import Declared

NO_PARAMETERS = """{name} has no cell tagged "parameters", so nobody can give it values.
Open it in Jupyter, select the cell that sets the parameters (add one if there is none), open the property
inspector (the gear at the right), and under Common Tools, Cell Tags, add the tag: parameters"""


def read_notebook(path: Path) -> dict[str, Any]:
    """Return the notebook's JSON.

    :raises InputError: there is none, or it is no notebook of format 4.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path.parent} has no {path.name}") from None
    except ValueError as error:
        raise InputError(f"{path.name} is not JSON: {error}. Restore it from version control.") from error
    version = notebook.get("nbformat") if isinstance(notebook, dict) else None
    if version != 4 or not isinstance(notebook.get("cells"), list):
        raise InputError(
            f"{path.name} has notebook format {version}, needed is 4. "
            f"Type: jupyter nbconvert --to notebook --nbformat 4 --inplace {path}"
        )
    return notebook


def language(notebook: dict[str, Any]) -> str:
    """Return the language of the notebook's kernel, `python` where it says none."""
    metadata = notebook.get("metadata", {})
    kernelspec = metadata.get("kernelspec", {}).get("language")
    return (kernelspec or metadata.get("language_info", {}).get("name") or "python").lower()


def kernel_name(notebook: dict[str, Any]) -> str:
    """Return the name of the notebook's kernel."""
    return notebook.get("metadata", {}).get("kernelspec", {}).get("name") or "python3"


def source_of(cell: dict[str, Any]) -> str:
    """Return a cell's text, which the file may hold as a list of lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def declared_parameters(notebook: dict[str, Any], name: str) -> Declared:
    """Return the parameters of the cell tagged `parameters`.

    :raises InputError: there is no such cell, or more than one, or it does not parse.
    """
    tagged = [
        (number, cell)
        for number, cell in enumerate(notebook["cells"], start=1)
        if "parameters" in cell.get("metadata", {}).get("tags", [])
    ]
    if not tagged:
        raise InputError(NO_PARAMETERS.format(name=name))
    if len(tagged) > 1:
        cells = " and ".join(str(number) for number, _ in tagged)
        raise InputError(f'{name}: cells {cells} are tagged "parameters". Leave the tag on one of them.')
    number, cell = tagged[0]
    if language(notebook) != "python":
        return Declared(names=_assigned_in_any_language(source_of(cell)))
    return _declared_in_python(source_of(cell), f"{name}, cell {number}")


def _assigned_in_any_language(source: str) -> tuple[str, ...]:
    return tuple(re.findall(r"^([A-Za-z]\w*)\s*(?:=|<-)", source, flags=re.MULTILINE))


def _declared_in_python(source: str, where: str) -> Declared:
    try:
        statements = ast.parse(_without_magics(source)).body
    except SyntaxError as error:
        raise InputError(f"{where} (tagged parameters), line {error.lineno}: {error.msg}") from error
    values: dict[str, ast.expr | None] = {}
    for statement in statements:
        for target in _targets(statement):
            values[target] = getattr(statement, "value", None)
    return Declared(
        names=tuple(values),
        required=frozenset(name for name, value in values.items() if value is None),
        defaults={name: _literal(value) for name, value in values.items() if value is not None},
    )


def _without_magics(source: str) -> str:
    return re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)


def _targets(statement: ast.stmt) -> list[str]:
    if isinstance(statement, ast.AnnAssign):
        targets: list[ast.expr] = [statement.target]
    elif isinstance(statement, ast.Assign):
        targets = statement.targets
    else:
        targets = []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _literal(value: ast.expr) -> Any:
    """Return the value of a literal, else its text: what `--describe` shows."""
    try:
        return ast.literal_eval(value)
    except ValueError:
        return ast.unparse(value)
