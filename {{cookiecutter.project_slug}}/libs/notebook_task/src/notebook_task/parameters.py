"""Decides each parameter's value: a pure function from what was given to values with sources.

Low to high: the parameters cell, params.yaml, upstream results, offered (DAG params and run conf), addressed
(the operator's `parameters=`), `--set`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from .errors import InputError
from .params_file import ParamsFile
from .request import Request


@dataclass(frozen=True)
class Sourced:
    """A value and where it came from."""

    value: Any
    source: str


@dataclass(frozen=True, kw_only=True)
class Declared:
    """The parameters a task has: a notebook's parameters cell or a script's signature."""

    names: tuple[str, ...]
    required: frozenset[str] = frozenset()
    defaults: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """The values that replace defaults, and the offered names that this task does not have."""

    given: dict[str, Sourced]
    unused: tuple[str, ...]

    @property
    def values(self) -> dict[str, Any]:
        """Return the values alone, in the order the parameters were declared in."""
        return {name: item.value for name, item in self.given.items()}


def resolve(
    declared: Declared,
    request: Request,
    *,
    params_file: ParamsFile,
    from_command_line: Mapping[str, Sourced],
) -> Resolution:
    """Return the value of every parameter that was given one.

    :raises InputError: lists every unknown, contradictory and missing parameter at once.
    """
    problems: list[str] = []
    addressed = {name: Sourced(value, "parameters") for name, value in request.parameters.items()}
    in_file = {
        name: Sourced(value, f"params.yaml, line {params_file.lines[name]}")
        for name, value in params_file.values.items()
    }
    problems += _unknown(declared, (in_file, addressed, from_command_line))
    certain = {*params_file.inputs, *addressed, *from_command_line}
    layers = (
        in_file,
        _by_name(declared, request.upstream, certain=certain, problems=problems),
        _bound(declared, request, params_file=params_file, problems=problems),
        _offered(declared, request.offered),
        addressed,
        from_command_line,
    )
    merged = {name: item for layer in layers for name, item in layer.items()}
    problems += _missing(declared, merged)
    if problems:
        raise InputError("\n".join(problems))
    return Resolution(
        given={name: merged[name] for name in declared.names if name in merged},
        unused=tuple(sorted(name for name in request.offered if name not in declared.names)),
    )


def _unknown(declared: Declared, layers: Iterable[Mapping[str, Sourced]]) -> list[str]:
    return [
        f"{item.source}: unknown parameter {name!r}{closest(name, declared.names)}"
        for layer in layers
        for name, item in layer.items()
        if name not in declared.names
    ]


def closest(name: str, known: Iterable[str]) -> str:
    """Return what to add to "unknown …": the nearest name, and all that there are."""
    names = list(known)
    match = get_close_matches(name, names, n=1)
    hint = f"; did you mean {match[0]!r}?" if match else "."
    return f"{hint} There are: {', '.join(names) or 'none'}"


def _by_name(
    declared: Declared, upstream: Mapping[str, Any], *, certain: set[str], problems: list[str]
) -> dict[str, Sourced]:
    found: dict[str, Sourced] = {}
    for name in declared.names:
        tasks = sorted(task for task, value in upstream.items() if isinstance(value, dict) and name in value)
        if name in certain or not tasks:
            continue
        if len(tasks) > 1:
            problems.append(
                f"upstream results: {' and '.join(tasks)} each offer {name!r}. "
                f"Say which in params.yaml: inputs: {{{name}: {tasks[0]}.{name}}}"
            )
        found[name] = Sourced(upstream[tasks[0]][name], f"upstream {tasks[0]}")
    return found


def _bound(
    declared: Declared, request: Request, *, params_file: ParamsFile, problems: list[str]
) -> dict[str, Sourced]:
    found: dict[str, Sourced] = {}
    for name, binding in params_file.inputs.items():
        if name not in declared.names:
            line = params_file.lines["inputs"]
            problems.append(
                f"params.yaml, line {line}, inputs: unknown parameter {name!r}{closest(name, declared.names)}"
            )
        elif request.staged:
            try:
                value = bound_value(binding, request.upstream)
            except LookupError as error:
                problems.append(f"params.yaml, inputs: {name}: {binding}: {error.args[0]}")
                continue
            # a skipped upstream gives nothing; the parameter keeps its default
            if value is not None:
                found[name] = Sourced(value, f"upstream {binding}")
    return found


def bound_value(binding: str, upstream: Mapping[str, Any]) -> Any:
    """Return what `task.key` names: a list for a mapped task; `task` alone is its whole result.

    :raises LookupError: no such upstream task, or no such key in its result.
    """
    if binding in upstream:
        return upstream[binding]
    task, _, key = binding.rpartition(".")
    if task not in upstream:
        raise LookupError(f"no direct upstream {task or key!r}{closest(task or key, upstream)}")
    result = upstream[task]
    if isinstance(result, list):
        return [_value_of(item, key) for item in result]
    return _value_of(result, key)


def _value_of(result: Any, key: str) -> Any:
    if result is None:
        return None
    if not isinstance(result, dict) or key not in result:
        raise LookupError(
            f"its result has no {key!r}{closest(key, result if isinstance(result, dict) else ())}"
        )
    return result[key]


def _offered(declared: Declared, offered: Mapping[str, Any]) -> dict[str, Sourced]:
    # a field of Airflow's trigger form that nobody filled in arrives as null
    return {
        name: Sourced(value, "DAG params")
        for name, value in offered.items()
        if name in declared.names and value is not None
    }


def _missing(declared: Declared, merged: Mapping[str, Sourced]) -> list[str]:
    return [
        f"parameter {name!r} has no value: give it one in params.yaml"
        for name in declared.names
        if name in declared.required and name not in merged
    ]
