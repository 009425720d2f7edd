"""Makes HTML of a notebook, and keeps it for whoever looks next."""

from __future__ import annotations

import hashlib
import tempfile
import threading
from functools import cache
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from traitlets.config import Config

from .limits import limit
from .notebook import content_of, parse, state_of
from .store import Found

TEMPLATES = Path(__file__).with_name("templates")
CACHE_BYTES = 200_000_000


class RenderedCells:
    """The cells of notebooks as HTML, in a folder that ends with this process."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="notebook-tab-", ignore_cleanup_errors=True)
        # One at a time: rendering takes a core, and ten who look at one notebook shall not take ten.
        self._lock = threading.Lock()

    def get(self, path: str, found: Found) -> str:
        """The HTML of one version of a notebook; closes its file.

        :raises UnreadableError: it is no notebook, or too big
        """
        key = hashlib.sha256(f"{path}\0{found.version}".encode()).hexdigest()
        page = Path(self._folder.name) / f"{key}.html"
        with found.stream, self._lock:
            if not page.exists():
                self._make_room()
                page.write_text(render(parse(content_of(found))), encoding="utf-8")
            return page.read_text(encoding="utf-8")

    def _make_room(self) -> None:
        files = sorted(Path(self._folder.name).iterdir(), key=lambda file: file.stat().st_mtime)
        size = sum(file.stat().st_size for file in files)
        for file in files:
            if size <= CACHE_BYTES:
                return
            size -= file.stat().st_size
            file.unlink()


def render(notebook: NotebookNode) -> str:
    """The cells as HTML, with scripts and all: only for a frame that may do nothing."""
    limit(notebook)
    for index, cell in enumerate(notebook.cells):
        cell.metadata.tab = NotebookNode(index=index, state=state_of(cell, ended=False))
    body, _ = _exporter().from_notebook_node(notebook)
    # Half a character, which JSON can name, has no form in UTF-8.
    return body.encode("utf-8", "replace").decode()


class CellsExporter(HTMLExporter):
    """nbconvert's HTML without its last step, which reads the page again: a minute for a table of 15 MB."""

    def from_notebook_node(
        self, nb: NotebookNode, resources: dict[str, Any] | None = None, **kw: Any
    ) -> tuple[str, dict[str, Any]]:
        """The cells as HTML, and what nbconvert made beside them."""
        lexer = nb.metadata.language_info.pygments_lexer
        self.register_filter("highlight_code", Highlight2HTML(pygments_lexer=lexer, parent=self))
        return TemplateExporter.from_notebook_node(self, nb, self._init_resources(resources), **kw)


@cache
def _exporter() -> CellsExporter:
    config = Config()
    config.CellsExporter.template_name = "notebook"
    config.CellsExporter.extra_template_basedirs = [str(TEMPLATES)]
    # Nothing is fetched from elsewhere, and a notebook's tags hide nothing of the record.
    config.CellsExporter.default_preprocessors = []
    return CellsExporter(config=config)
