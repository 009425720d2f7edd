"""The pages around the cells: ours, with no script and no style but their own."""

from __future__ import annotations

import json
import secrets
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader
from pygments.formatters import HtmlFormatter

from .notebook import megabytes

TEMPLATES = Path(__file__).with_name("templates")
VALUE_WIDTH = 300
RESULT_LENGTH = 4000

HEADERS = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# The frame inside may not go elsewhere either, or it would take the notebook along.
PAGE_POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'nonce-{nonce}'; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
# Scripts run, since many a plot is one, but in an origin of their own and without a network.
CELLS_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)
FILE_POLICY = "sandbox; default-src 'none'"


def page(template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """One of our own pages."""
    nonce = secrets.token_urlsafe(16)
    text = environment().get_template(template).render(nonce=nonce, **values)
    return HTMLResponse(
        text.encode("utf-8", "replace"),
        status,
        HEADERS | {"Content-Security-Policy": PAGE_POLICY.format(nonce=nonce)},
    )


def cells(body: str, *, dark: bool, ended: bool) -> HTMLResponse:
    """A notebook's cells, for the frame inside the page."""
    theme = "dark" if dark else "light"
    text = (
        environment()
        .get_template("cells.html.j2")
        .render(theme=theme, code_style=code_style(dark=dark), ended=ended)
    )
    # Not rendered: a notebook's own braces are nobody's template.
    return HTMLResponse(
        text.replace("<!-- cells -->", body, 1), headers=HEADERS | {"Content-Security-Policy": CELLS_POLICY}
    )


@cache
def code_style(*, dark: bool) -> str:
    """Colours of source code."""
    return HtmlFormatter(style="github-dark" if dark else "friendly").get_style_defs(".highlight")


@cache
def environment() -> Environment:
    """Our templates; everything that goes into them is escaped."""
    made = Environment(loader=FileSystemLoader(TEMPLATES), autoescape=True, trim_blocks=True)
    made.filters |= {"duration": duration, "value": value, "result": result, "megabytes": megabytes}
    made.filters["quote"] = partial(quote, safe="")
    return made


def duration(seconds: float | None) -> str:
    """A time for people."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def value(given: Any) -> str:
    """A parameter's value on one line."""
    text = json.dumps(given, ensure_ascii=False, default=str)
    return text if len(text) <= VALUE_WIDTH else f"{text[:VALUE_WIDTH]}… ({len(text):,} characters)"


def result(given: Any) -> str:
    """A result on many lines."""
    text = json.dumps(given, ensure_ascii=False, indent=2, default=str)
    return text if len(text) <= RESULT_LENGTH else f"{text[:RESULT_LENGTH]}\n… ({len(text):,} characters)"
