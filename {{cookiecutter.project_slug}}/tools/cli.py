"""Read `verb name=value …`, call the verb, and turn what it raises into words and an exit code."""

from __future__ import annotations

import difflib
import os
import sys
from collections.abc import Sequence

from tools import terminal
from tools.errors import ToolError
from tools.verb import Verb
from tools.verbs import VERBS


def main(words: Sequence[str]) -> int:
    """Run one verb. 0 is success, 1 a failure that was explained, 2 a wrong command line, 130 Ctrl-C."""
    try:
        return call(list(words))
    except ToolError as error:
        terminal.error(str(error))
        return 1
    except KeyboardInterrupt:
        terminal.error("interrupted")
        return 130
    except BrokenPipeError:
        # The reader went away, as in `make logs | head`. Python would complain once more when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def call(words: list[str]) -> int:
    name, *rest = words or ["help"]
    if name in ("help", "--help", "-h"):
        print(overview())
        return 0
    if name not in VERBS:
        terminal.error(unknown(name, list(VERBS), "verb", "make help"))
        return 2
    verb = VERBS[name]
    if "--help" in rest or "-h" in rest:
        print(verb.explanation())
        return 0
    try:
        options = read_options(verb, rest)
    except ValueError as error:
        terminal.error(f"{error}\n\n{verb.explanation()}")
        return 2
    return verb.run(**options)


def read_options(verb: Verb, words: list[str]) -> dict[str, str]:
    """`name=value` words as make writes them; `--name value`, `--name=value` and `--flag` mean the same.

    :raises ValueError: a name that the verb does not have, or a value that is missing.
    """
    options: dict[str, str] = {}
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        name, equals, value = word.removeprefix("--").partition("=")
        if name not in verb.options:
            raise ValueError(unknown(name, list(verb.options), f"option of {verb.name}"))
        if not equals:
            if name in verb.flags:
                value = "yes"
            elif not word.startswith("--") or position == len(words):
                raise ValueError(f"{name} needs a value: {name}=…")
            else:
                value = words[position]
                position += 1
        # Given twice, as in --set a=1 --set b=2, the values add up.
        options[name] = f"{options[name]} {value}" if name in options else value
    missing = [name for name in verb.required if not options.get(name)]
    if missing:
        raise ValueError(f"{verb.name} needs {' and '.join(f'{name}=…' for name in missing)}")
    return {verb.parameter(name): value for name, value in options.items() if value}


def unknown(word: str, known: list[str], what: str, cure: str = "") -> str:
    close = difflib.get_close_matches(word, known, n=1)
    text = f"'{word}' is no {what}"
    if close:
        return f"{text}; did you mean '{close[0]}'?"
    return f"{text}; there is {', '.join(known) or 'none'}" + (f" ({cure})" if cure else "")


def overview() -> str:
    lines = [f"  make {verb.usage(short=True):<18}{verb.summary()}" for verb in VERBS.values()]
    more = "  Options of one: python3 -m tools logs --help. Without make: python3 -m tools logs."
    return "\n".join([*lines, "", more])
