"""Reads params.yaml and the YAML of the command line, keeping the line of each name."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import InputError

if TYPE_CHECKING:
    from types import ModuleType

BINDINGS = "inputs"


@dataclass(frozen=True, kw_only=True)
class ParamsFile:
    """Values by parameter, and `inputs:` by parameter; `lines` says where each name stands."""

    values: dict[str, Any] = field(default_factory=dict)
    inputs: dict[str, str] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)


def read_params_file(path: Path) -> ParamsFile:
    """Read a task's params.yaml; a missing or empty one has no values.

    :raises InputError: it is no YAML mapping, or a name stands in it twice.
    """
    if not path.exists():
        return ParamsFile()
    values, lines = _mapping(path.read_text(encoding="utf-8"), path.name)
    inputs = values.pop(BINDINGS, None) or {}
    if not isinstance(inputs, dict) or not all(isinstance(item, str) for item in inputs.values()):
        raise InputError(
            f"{path.name}, line {lines[BINDINGS]}: {BINDINGS} must be a mapping such as rows: extract.rows"
        )
    return ParamsFile(values=values, inputs=inputs, lines=lines)


def read_mapping(text: str, where: str) -> dict[str, Any]:
    """Read a YAML or JSON mapping given on the command line."""
    return _mapping(text, where)[0]


def read_scalar(text: str, where: str) -> Any:
    """Read the value of `--set name=value` as YAML: `5`, `true`, `[1, 2]`, `text`."""
    yaml = _yaml()
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise InputError(f"{where}: {_problem(error)}") from error


def _mapping(text: str, where: str) -> tuple[dict[str, Any], dict[str, int]]:
    yaml = _yaml()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return {}, {}
        if not isinstance(node, yaml.MappingNode):
            raise InputError(f"{where}: expected a mapping of name: value, found a {node.id}")
        return loader.construct_document(node), _lines(node, where)
    except yaml.YAMLError as error:
        raise InputError(f"{where}{_place(error)}: {_problem(error)}") from error
    finally:
        loader.dispose()


def _lines(node: Any, where: str) -> dict[str, int]:
    lines: dict[str, int] = {}
    for key, _ in node.value:
        line = key.start_mark.line + 1
        if key.value in lines:
            raise InputError(f"{where}, line {line}: {key.value!r} stands already in line {lines[key.value]}")
        lines[key.value] = line
    return lines


def _place(error: Any) -> str:
    mark = getattr(error, "problem_mark", None)
    return f", line {mark.line + 1}, column {mark.column + 1}" if mark else ""


def _problem(error: Any) -> str:
    return getattr(error, "problem", None) or " ".join(str(error).split())


def _yaml() -> ModuleType:
    try:
        import yaml
    except ModuleNotFoundError:
        raise InputError("this Python has no PyYAML; add pyyaml to the task's requirements.txt") from None
    return yaml
