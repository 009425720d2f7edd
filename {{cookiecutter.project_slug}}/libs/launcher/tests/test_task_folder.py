from __future__ import annotations

import json
import shutil

import pytest
from launcher.outcome import UnknownTask
from launcher.task_folder import find_task, folder_hash, task_folders


def notebook(source="x = 1", outputs=(), tags=("parameters",), kernel="python3"):
    cell = {"cell_type": "code", "source": source, "outputs": list(outputs), "metadata": {"tags": list(tags)}}
    return json.dumps({"cells": [cell], "metadata": {"kernelspec": {"name": kernel}}})


@pytest.fixture(autouse=True)
def folder(project):
    folder = project.task("report", "print()")
    (folder / "notebook.ipynb").write_text(notebook())
    return folder


def test_a_task_is_found_with_its_image(project, folder):
    found = find_task("report", project.path)
    assert found.path == folder
    assert found.has_notebook
    assert found.image(project.settings(IMAGE_TAG="v2")) == "test/report:v2"


def test_an_unknown_task_is_told_the_closest_name(project):
    with pytest.raises(UnknownTask, match=r"no task 'raport'.*did you mean 'report'"):
        find_task("raport", project.path)


def test_an_unknown_task_without_a_close_name_is_told_all_names(project):
    with pytest.raises(UnknownTask, match="there are: report"):
        find_task("xyz", project.path)


def test_a_project_without_tasks_says_how_to_make_one(project, folder):
    shutil.rmtree(folder)
    with pytest.raises(UnknownTask, match="make add-task name=first"):
        find_task("first", project.path)


@pytest.mark.parametrize("name", ["../report", "", "report/", "."])
def test_no_name_leads_out_of_the_tasks_folder(project, name):
    with pytest.raises(UnknownTask):
        find_task(name, project.path)


def test_folders_without_run_py_are_no_tasks(project):
    (project.path / "tasks" / "__pycache__").mkdir()
    (project.path / "tasks" / "notes").mkdir()
    assert [found.name for found in task_folders(project.path)] == ["report"]


def test_stored_outputs_do_not_change_the_hash(folder):
    before = folder_hash(folder)
    (folder / "notebook.ipynb").write_text(notebook(outputs=[{"output_type": "stream"}]))
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "run.pyc").write_bytes(b"x")
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "notebook.ipynb").write_text("x")
    assert folder_hash(folder) == before


@pytest.mark.parametrize("change", [{"source": "x = 2"}, {"tags": ()}, {"kernel": "ir"}])
def test_what_is_run_changes_the_hash(folder, change):
    before = folder_hash(folder)
    (folder / "notebook.ipynb").write_text(notebook(**change))
    assert folder_hash(folder) != before


def test_source_as_lines_or_as_text_is_the_same(folder):
    (folder / "notebook.ipynb").write_text(notebook(source="a\nb"))
    before = folder_hash(folder)
    (folder / "notebook.ipynb").write_text(notebook(source=["a\n", "b"]))
    assert folder_hash(folder) == before


def test_names_and_contents_change_the_hash(folder):
    hashes = {folder_hash(folder)}
    (folder / "requirements.txt").write_text("pandas")
    hashes.add(folder_hash(folder))
    (folder / "requirements.txt").rename(folder / "other.txt")
    hashes.add(folder_hash(folder))
    (folder / "other.txt").write_text("numpy")
    hashes.add(folder_hash(folder))
    assert len(hashes) == 4


def test_a_broken_notebook_counts_by_its_bytes(folder):
    (folder / "notebook.ipynb").write_text("{not json")
    before = folder_hash(folder)
    (folder / "notebook.ipynb").write_text("{not json either")
    assert folder_hash(folder) != before
