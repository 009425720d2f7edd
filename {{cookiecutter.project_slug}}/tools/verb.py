"""What a verb is: a function with a docstring, and the options it takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Verb:
    """One word after `make`. `options` are explained by name; those in `flags` need no value."""

    name: str
    function: Callable[..., int]
    options: dict[str, str] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()

    def run(self, **options: str) -> int:
        return self.function(**options)

    def summary(self) -> str:
        return (inspect.getdoc(self.function) or "").partition("\n")[0].rstrip(".")

    def usage(self, *, short: bool = False) -> str:
        words = [f"{name}=…" for name in self.required]
        if not short:
            words += [f"[{name}=…]" for name in self.options if name not in self.required]
        return " ".join([self.name, *words])

    def explanation(self) -> str:
        """The whole help of this verb."""
        options = [f"  {name:<10}{text}" for name, text in self.options.items()]
        return "\n".join([f"make {self.usage()}", "", inspect.getdoc(self.function) or "", *options])

    def parameter(self, option: str) -> str:
        """The name of the function's parameter: `from` is Python's own word, and gets a line below."""
        return f"{option}_" if option in ("from", "set") else option
