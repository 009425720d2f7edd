"""What the documentation tells people to type exists, and some test types it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import OUTPUT, ROOT

# `make x` in a code block or between backticks.
TYPED = re.compile(r"(?:^|`)\s*make ([a-z][a-z-]*)", re.M)
LINK = re.compile(r"\]\((?!https?:|#)([^)#]+)")
OUTPUT_PAGES = [ROOT / OUTPUT / "README.md", *sorted((ROOT / OUTPUT / "docs").glob("*.md"))]
ROOT_PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
TESTS = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))


def page_name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix().removeprefix(f"{OUTPUT}/")


def targets(makefile: Path) -> set[str]:
    return set(re.findall(r"^([a-z-]+):", makefile.read_text(), re.M))


@pytest.mark.parametrize("page", OUTPUT_PAGES, ids=page_name)
def test_a_target_that_a_page_of_the_output_names_exists(page):
    assert set(TYPED.findall(page.read_text())) <= targets(ROOT / OUTPUT / "Makefile")


@pytest.mark.parametrize("page", ROOT_PAGES, ids=page_name)
def test_a_target_that_a_page_of_the_template_names_exists(page):
    known = targets(ROOT / "Makefile") | targets(ROOT / OUTPUT / "Makefile")
    assert set(TYPED.findall(page.read_text())) <= known


@pytest.mark.parametrize(
    "target", sorted({name for page in OUTPUT_PAGES for name in TYPED.findall(page.read_text())})
)
def test_a_target_that_a_page_names_is_run_by_some_test(target):
    assert re.search(rf'"{target}"', TESTS)


@pytest.mark.parametrize("page", [*OUTPUT_PAGES, *ROOT_PAGES], ids=page_name)
def test_links_between_pages_lead_somewhere(page):
    assert [link for link in LINK.findall(page.read_text()) if not (page.parent / link).exists()] == []


def test_the_outputs_readme_begins_with_what_people_ask():
    headings = re.findall(r"^## (.+)$", (ROOT / OUTPUT / "README.md").read_text(), re.M)
    assert headings[1] == "How do I add a Python package?"


def test_the_templates_readme_names_its_two_commands_and_how_to_begin():
    text = (ROOT / "README.md").read_text()
    for typed in ("uvx cookiecutter gh:", "make demo", "make test"):
        assert typed in text


def test_every_target_of_the_template_says_what_it_does():
    makefile = (ROOT / "Makefile").read_text()
    assert targets(ROOT / "Makefile") == set(re.findall(r"^([a-z-]+):.*## \w", makefile, re.M))
