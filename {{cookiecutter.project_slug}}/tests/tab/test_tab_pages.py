"""The pages of a real api-server over real runs: what they show, to whom, and what they never show."""

import html
import json
import os
import re
import shutil

import pytest
from server import airflow

SECRET = "a secret of the other DAG"


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    with airflow(tmp_path_factory.mktemp("tab"), "tab", "other") as running:
        yield running


def page(server, task, **where):
    answer = server.get(server.path(task, **where))
    assert answer.status_code == 200, answer.text
    return html.unescape(
        re.sub(r"<script.*?</script>|<style.*?</style>|<[^>]+>", " ", answer.text, flags=re.S)
    )


def cells(server, task, number=1, **where):
    answer = server.get(server.path(task, page="cells", **where), **{"try": number})
    assert answer.status_code == 200, answer.text
    return answer.text


def every_route(server, dag="tab"):
    paths = [
        server.path("shows", dag=dag, page=name) for name in ("page", "cells?try=1", "notebook.ipynb?try=1")
    ]
    return [f"{paths[0].rsplit('/', 3)[0]}/page", *paths]


def test_every_route_asks_for_the_dag(server):
    from notebook_tab.access import REQUIRED
    from notebook_tab.app import app

    asked = {
        route.path
        for route in app.routes
        if {each.call for each in route.dependant.dependencies} >= {each.dependency for each in REQUIRED}
    }
    assert {route.path for route in app.routes} == asked
    assert len(every_route(server)) == len(asked)


@pytest.mark.parametrize(
    ("user", "dag", "status"),
    [
        (None, "tab", 401),
        ("nobody", "tab", 403),
        ("guest", "tab", 403),
        ("guest", "other", 200),
        ("viewer", "tab", 200),
        ("viewer", "other", 200),
    ],
)
def test_who_may_not_see_the_dag_sees_none_of_its_notebooks(server, user, dag, status):
    assert {server.get(path, user).status_code for path in every_route(server, dag)} == {status}


def test_rights_on_one_dag_do_not_open_another(server):
    for path in every_route(server):
        for trick in (
            path.replace("/tab/", "/other/../tab/"),
            f"{path}{'&' if '?' in path else '?'}dag_id=other",
        ):
            assert server.get(trick, "guest").status_code in (403, 404)


def test_a_page_names_parameters_with_their_sources_result_and_how_to_repeat_it(server):
    text = page(server, "shows")
    assert re.search(r'word\s+"two"\s+parameters', text)
    assert re.search(r"n\s+3\s+default", text)
    assert '"rows": 3' in text
    assert 'make run task=shows set="word=two"' in text
    assert "success" in text


def test_cells_show_text_pictures_and_colours(server):
    text = cells(server, "shows")
    assert "A picture" in text
    assert 'src="data:image/png;base64,' in text
    assert '<span class="ansi-red-fg">red</span>' in text


def test_a_failed_notebook_names_its_cell_and_each_try_is_kept(server):
    answer = server.get(server.path("fails")).text
    assert 'data-broken="8"' in answer
    assert "go to the failed cell" in answer
    assert re.findall(r'<option value="(\d)" (selected)?', answer) == [("1", ""), ("2", "selected")]
    assert 'id="cell-8" class="cell code state-failed"' in cells(server, "fails", 1)
    assert "ZeroDivisionError" in cells(server, "fails", 2)


def test_a_killed_attempt_is_not_shown_as_running(server):
    text = page(server, "killed")
    assert re.search(r"go to the killed cell", text)
    assert "ended" in re.search(r"<body class=\"(.*?)\"", cells(server, "killed"))[1]
    assert "still here" in cells(server, "killed")


def test_mapped_instances_have_a_notebook_each(server):
    assert "number 10" in cells(server, "mapped", map_index=0)
    assert "number 20" in cells(server, "mapped", map_index=1)


def test_a_run_lists_its_notebooks(server):
    answer = server.get(f"{server.path('x').rsplit('/', 3)[0]}/page").text
    assert set(re.findall(r'href="([\w-]+/-?\d+)/page"', answer)) == {
        "shows/-1",
        "fails/-1",
        "killed/-1",
        "attacks/-1",
        "floods/-1",
        "mapped/0",
        "mapped/1",
    }


def test_the_file_can_be_downloaded_as_it_is(server):
    answer = server.get(server.path("shows", page="notebook.ipynb"), **{"try": 1})
    assert answer.content == (server.attempt("shows") / "notebook.ipynb").read_bytes()
    assert answer.headers["Content-Disposition"] == 'attachment; filename="shows.1.ipynb"'


def test_a_task_without_a_notebook_says_why(server):
    answer = server.get(server.path("nothing"))
    assert answer.status_code == 404
    assert "has left no" in answer.text


def test_the_address_of_an_unmapped_task_may_keep_the_uis_placeholder(server):
    path = server.path("shows").replace("/-1/", "/%7BMAP_INDEX%7D/")
    assert server.get(path).status_code == 200


def test_big_outputs_are_left_out_and_it_is_said(server):
    assert (server.attempt("floods") / "notebook.ipynb").stat().st_size > 20_000_000
    text = cells(server, "floods")
    assert len(text) < 1_000_000
    assert "characters omitted" in text
    assert "omitted: text/html of 3.0 MB" in text
    assert "omitted: 100 more outputs of this cell" in text


def test_a_notebook_gets_nothing_but_its_frame(server):
    policy = server.get(server.path("attacks", page="cells"), **{"try": 1}).headers["Content-Security-Policy"]
    assert "sandbox allow-scripts;" in policy
    assert "allow-same-origin" not in policy
    assert "default-src 'none'" in policy
    outer = server.get(server.path("attacks"))
    assert "unsafe-inline" not in outer.headers["Content-Security-Policy"]
    assert "document.title='ran'" not in outer.text
    assert "no-store" in outer.headers["Cache-Control"]


def test_printed_markup_stays_text(server):
    assert "&lt;/pre&gt;&lt;script&gt;document.title=" in cells(server, "attacks")


@pytest.mark.parametrize(
    "path",
    [
        "/notebooks/tab/{run}/%2E%2E/-1/page",
        "/notebooks/tab/{run}/..%2F..%2Fother/-1/page",
        "/notebooks/tab/%2E/shows/-1/page",
        "/notebooks/tab/{run}/shows%00/-1/page",
        "/notebooks/tab/{run}/shows/-2/page",
        "/notebooks/tab/{run}/shows/1x/page",
        "/notebooks/tab/{run}/shows/-1/cells?try=../1",
        "/notebooks/tab/{run}/shows/-1/cells?try=0",
        "/notebooks/~/{run}/shows/-1/page",
    ],
)
def test_an_id_that_is_none_opens_nothing(server, path):
    answer = server.get(path.replace("{run}", server.path("x").split("/")[3]))
    assert answer.status_code in (403, 404, 422)
    assert SECRET not in answer.text


@pytest.fixture
def planted(server):
    """A task's folder in which somebody may put what they like."""
    folder = server.attempt("planted")
    folder.mkdir(parents=True)
    yield folder
    shutil.rmtree(server.attempt("planted").parents[1])


def planted_answers(server):
    return [
        server.get(server.path("planted", page=name), **{"try": 1})
        for name in ("page", "cells", "notebook.ipynb")
    ]


@pytest.mark.parametrize("target", ["/proc/self/environ", "{other}/notebook.ipynb"])
def test_a_link_is_not_followed(server, planted, target):
    (planted / "notebook.ipynb").symlink_to(
        target.replace("{other}", str(server.attempt("shows", dag="other")))
    )
    shown, *files = planted_answers(server)
    assert "has left no" in shown.text
    assert [answer.status_code for answer in files] == [404, 404]


@pytest.mark.parametrize("depth", [0, 1, 2])
def test_a_linked_folder_is_not_entered(server, planted, depth):
    linked = [planted, *planted.parents][depth]
    shutil.rmtree(linked)
    linked.symlink_to(
        [server.attempt("shows", dag="other"), *server.attempt("shows", dag="other").parents][depth]
    )
    try:
        assert [answer.status_code for answer in planted_answers(server)[1:]] == [404, 404]
        assert SECRET not in "".join(answer.text for answer in planted_answers(server))
    finally:
        linked.unlink()
        planted.mkdir(parents=True, exist_ok=True)


def test_a_pipe_does_not_make_anybody_wait(server, planted):
    os.mkfifo(planted / "notebook.ipynb")
    assert [answer.status_code for answer in planted_answers(server)[1:]] == [404, 404]


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        '{"nbformat": 3}',
        '{"nbformat": 4, "cells": {}}',
        '{"nbformat": 4, "cells": [1]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(server, planted, content):
    (planted / "notebook.ipynb").write_text(content)
    shown, drawn, file = planted_answers(server)
    assert (shown.status_code, drawn.status_code, file.status_code) == (200, 422, 200)
    assert "cannot be shown" in shown.text


def test_odd_metadata_breaks_no_page(server, planted):
    outputs = [
        {"output_type": "error"},
        {"output_type": "display_data", "data": {"image/png": 3}},
        {"output_type": "stream"},
        7,
    ]
    papermill = {"papermill": {"status": {}, "duration": "x"}, "tags": 1}
    code = {"cell_type": "code", "source": ["a", "\ud800"], "metadata": papermill, "outputs": outputs}
    metadata = {"language_info": {"name": ["x"]}, "papermill": 1, "kernelspec": 2}
    odd = {"nbformat": 4, "metadata": metadata, "cells": [code, {"cell_type": "heading"}]}
    (planted / "notebook.ipynb").write_text(json.dumps(odd))
    record = {"schema": 1, "parameters": [{"name": 1}, 2], "outcome": 3, "reproduce": []}
    (planted / "run.json").write_text(json.dumps(record))
    assert [answer.status_code for answer in planted_answers(server)] == [200, 200, 200]
