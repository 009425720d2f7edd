"""A project whose notebooks do what the tab must show: a picture, an error, a kill, an attack."""

import json
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PICTURE = """
import base64, struct, zlib
from IPython.display import Image, display
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
rows = b"".join(b"\\0" + bytes([40, 90, 200]) * 64 for _ in range(32))
header = struct.pack(">IIBBBBB", 64, 32, 8, 2, 0, 0, 0)
parts = chunk(b"IHDR", header), chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")
display(Image(b"\\x89PNG\\r\\n\\x1a\\n" + b"".join(parts)))
"""

# What a page with a way out would do: read what is around it, call the API, load something, go elsewhere.
ATTACK = """
from IPython.display import HTML, Markdown, display
display(HTML('''<div id="attack">nothing happened</div><img src="x" onerror="document.title='ran'">
<script>
const found = [];
const attempt = (name, act) => {
  try { found.push(name + ": " + act()); } catch (error) { found.push(name + ": " + error.name); }
};
attempt("cookie", () => document.cookie);
attempt("parent", () => parent.document.body.innerText);
attempt("top", () => top.document.title);
attempt("storage", () => localStorage.length);
attempt("navigate", () => { top.location = "https://example.org/"; return "asked"; });
attempt("popup", () => String(window.open("https://example.org/")));
parent.postMessage("<img src=x onerror=alert(1)>", "*");
fetch("/api/v2/dags").then(() => "answered", (error) => error.name).then((word) => {
  found.push("fetch: " + word);
  document.getElementById("attack").textContent = found.join(" | ");
  setTimeout(() => { location.href = "https://example.org/?" + document.body.innerText.length; }, 5000);
});
</script></section></main></body><script>document.documentElement.dataset.escaped = "yes"</script>'''))
print("{{ 7 * 7 }} </pre><script>document.title='from text'</script>")
display(Markdown("[x](javascript:alert(1)) <script>document.title='from markdown'</script>"))
"""

KILL = """
import os, signal, time
print("still here", flush=True)
time.sleep(3)
os.kill(os.getppid(), signal.SIGKILL)
time.sleep(60)
"""

FLOOD = """
from IPython.display import display
for _ in range(2):
    print("a line of text\\n" * 700_000)
    display({"text/plain": "x"}, raw=True)
display({"text/html": "<i>" + "x" * 3_000_000}, raw=True)
"""

RESULT = """
from notebook_task import task
print("\\x1b[31mred\\x1b[0m")
task.result(rows=n, word=word)
"""

# A pair is a cell of text; the first cell holds the parameters.
CELLS = {
    "shows": ["n = 3\nword = 'one'", ("# A picture",), PICTURE, RESULT],
    "fails": ["n = 1", *["print('line\\n' * 20)"] * 6, ("## Divide",), "n / 0", "print('never')"],
    "killed": ["n = 1", KILL, "print('never')"],
    "attacks": ["n = 1", ATTACK],
    "mapped": ["n = 1", "print('number', n)"],
    "grows": ["n = 1", *(f"import time\ntime.sleep(2)\nprint('step {step}')" for step in range(15))],
    "floods": ["n = 1", FLOOD, "for n in range(300):\n    display({'text/plain': f'{n}'}, raw=True)"],
}

DAGS = """
from datetime import timedelta
from airflow.sdk import DAG
from launcher.operators import NotebookOperator

with DAG("tab", schedule=None):
    NotebookOperator(task="shows", parameters={"word": "two"})
    NotebookOperator(task="fails", retries=1, retry_delay=timedelta(seconds=0))
    NotebookOperator(task="killed", retries=0)
    NotebookOperator(task="attacks")
    NotebookOperator(task="floods")
    NotebookOperator.partial(task="mapped", task_id="mapped").expand(parameters=[{"n": 10}, {"n": 20}])

with DAG("other", schedule=None):
    NotebookOperator(task="shows", parameters={"word": "a secret of the other DAG"})

with DAG("slow", schedule=None):
    NotebookOperator(task="grows")
"""


def make_project(folder: Path) -> None:
    """Write DAGs and task folders; libraries and plugins are this project's own."""
    (folder / "dags").mkdir(parents=True)
    (folder / "dags" / "tab.py").write_text(DAGS)
    for name in ("libs", "images", "plugins"):
        (folder / name).symlink_to(ROOT / name)
    for name, cells in CELLS.items():
        task = folder / "tasks" / name
        task.mkdir(parents=True)
        for file in ("run.py", "Dockerfile"):
            shutil.copy(ROOT / "templates" / "task" / file, task)
        (task / "requirements.txt").write_text("")
        (task / "params.yaml").write_text("")
        (task / "notebook.ipynb").write_text(json.dumps(notebook(cells)))


def notebook(cells: list) -> dict:
    made = [text(cell[0]) if isinstance(cell, tuple) else code(cell) for cell in cells]
    made[0]["metadata"]["tags"] = ["parameters"]
    for number, cell in enumerate(made):
        cell["id"] = f"cell{number}"
    kernel = {"name": "python3", "language": "python", "display_name": "Python 3"}
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {"kernelspec": kernel}, "cells": made}


def code(source: str) -> dict:
    return {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}


def text(source: str) -> dict:
    return {"cell_type": "markdown", "source": source, "metadata": {}}
