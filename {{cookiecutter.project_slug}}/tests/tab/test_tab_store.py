"""The store of the tab: a folder or a URL, with the same answers."""

import pytest
from notebook_tab.store import FolderStore, NotThereError, UrlStore, open_store

PATH = "dag/run/task/-1/1/notebook.ipynb"


@pytest.fixture(params=["folder", "file", "memory"])
def store(request, tmp_path):
    """The three ways to the same files."""
    if request.param != "memory":
        (tmp_path / PATH).parent.mkdir(parents=True)
        (tmp_path / PATH).write_text("content")
        (tmp_path / PATH).with_name("run.json").write_text("{}")
        yield open_store(str(tmp_path) if request.param == "folder" else f"file://{tmp_path}")
        return
    import fsspec

    files = fsspec.filesystem("memory")
    files.pipe_file(f"/artifacts/{PATH}", b"content")
    files.pipe_file("/artifacts/dag/run/task/-1/1/run.json", b"{}")
    yield open_store("memory://artifacts")
    files.rm("/artifacts", recursive=True)


def test_a_file_is_read_with_its_size_and_version(store):
    found = store.open(PATH)
    with found.stream as stream:
        assert stream.read() == b"content"
    assert found.size == 7
    assert found.version


def test_what_is_not_there_is_said_not_to_be(store):
    for path in (PATH.replace("task", "other"), PATH.rpartition("/")[0], "dag"):
        with pytest.raises(NotThereError):
            store.open(path)


def test_files_are_found_at_their_depth(store):
    assert store.find("dag/run", "notebook.ipynb", 3) == ["task/-1/1/notebook.ipynb"]
    assert store.find("dag/run/task/-1", "notebook.ipynb", 1) == ["1/notebook.ipynb"]
    assert store.find("dag/run", "notebook.ipynb", 2) == []
    assert store.find("dag/nowhere", "notebook.ipynb", 1) == []


def test_a_url_of_this_machines_files_follows_no_links_either(tmp_path):
    assert isinstance(open_store(f"file://{tmp_path}"), FolderStore)
    assert isinstance(open_store("memory://artifacts"), UrlStore)


def test_a_changed_file_has_another_version(tmp_path):
    path = tmp_path / "folder" / "notebook.ipynb"
    path.parent.mkdir()
    versions = set()
    for text in ("a", "b"):
        path.with_suffix(".tmp").write_text(text)
        path.with_suffix(".tmp").replace(path)
        found = FolderStore(tmp_path).open("folder/notebook.ipynb")
        found.stream.close()
        versions.add(found.version)
    assert len(versions) == 2
