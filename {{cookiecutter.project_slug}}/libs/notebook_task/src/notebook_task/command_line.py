"""`python run.py`: its options, the same for notebooks and scripts."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .errors import InputError
from .parameters import Sourced
from .params_file import read_mapping, read_scalar


def parse(arguments: Sequence[str], task: str) -> argparse.Namespace:
    """Parse the options of run.py; a wrong one ends the process with exit code 2, as argparse does."""
    parser = argparse.ArgumentParser(prog="run.py", description=f"Run the task {task}.")
    parser.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help="a value in YAML; repeatable"
    )
    parser.add_argument(
        "--params", metavar="FILE", help="a YAML or JSON mapping of values; - reads standard input"
    )
    parser.add_argument("--check", action="store_true", help="check notebook and parameters, run nothing")
    parser.add_argument("--describe", action="store_true", help="print the parameters as JSON, run nothing")
    return parser.parse_args(arguments)


def given_values(options: argparse.Namespace) -> dict[str, Sourced]:
    """Return the values of `--params` and, above them, of `--set`.

    :raises InputError: one of them cannot be read.
    """
    values = _from_file(options.params) if options.params else {}
    for setting in options.set:
        name, equals, text = setting.partition("=")
        if not equals or not name:
            raise InputError(f"--set {setting}: expected NAME=VALUE, such as --set n=5")
        values[name] = Sourced(read_scalar(text, f"--set {name}"), "--set")
    return values


def _from_file(name: str) -> dict[str, Sourced]:
    source = f"--params {name}"
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"{source}: {error.strerror}") from error
    return {key: Sourced(value, source) for key, value in read_mapping(text, source).items()}
