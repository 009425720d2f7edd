import json
import signal
import time
from pathlib import Path

import pytest
from project import IDENTITY, code, text, wait_until


def test_a_notebook_runs_and_hands_over_its_result(project):
    ended = project.notebook(
        "n = 1", "from notebook_task import task\ntask.result(double=2 * n)\ntask.result(n=n)", params="n: 4"
    ).run()
    assert ended.code == 0, ended.log
    assert ended.result == {"double": 8, "n": 4}
    assert ended.outcome == {
        "schema": 1,
        "reason": None,
        "retry": None,
        "artifacts": {"notebook": "d/manual__2026-01-02T03%3A04%3A05%2B00%3A00/t/-1/1/notebook.ipynb"},
    }
    assert ended.states == ["completed"] * 3
    assert [cell["metadata"].get("tags") for cell in ended.notebook["cells"]][:2] == [
        ["parameters"],
        ["injected-parameters"],
    ]
    assert ended.notebook["metadata"]["papermill"]["parameters"] == {"n": 4}


def test_a_notebook_that_hands_over_nothing_has_an_empty_result(project):
    assert project.notebook("n = 1").run().result == {}


def test_upstream_results_arrive_by_name_by_binding_and_whole(project):
    ended = project.notebook(
        "rows = 0\npaths = []",
        "from notebook_task import task, upstream\n"
        "task.result(rows=rows, paths=paths, mae=upstream['fit']['mae'])",
        params="inputs:\n  paths: extract.path\n",
    ).run(upstream={"fit": {"rows": 7, "mae": 0.5}, "extract": [{"path": "a"}, None]})
    assert ended.result == {"rows": 7, "paths": ["a", None], "mae": 0.5}
    assert "rows   7            upstream fit" in ended.log


def test_values_and_their_sources_are_logged(project):
    ended = project.notebook("n = 1\nseed = 7\nname = 'x'", params="n: 2").run(
        "--set", "name=y", offered={"seed": 8, "other": 1}, parameters={}
    )
    for line in ["n     2    params.yaml, line 1", "seed  8    DAG params", 'name  "y"  --set']:
        assert line in ended.log
    assert "DAG params this task does not use: other" in ended.log


def test_bad_parameters_end_the_task_before_a_kernel_exists(project):
    ended = project.notebook("seed = 7", params="sede: 1").run(
        parameters={"m": 1}, environment={"TASK_PYTHON": "/nonexistent"}
    )
    assert ended.code == 2
    assert "params.yaml, line 1: unknown parameter 'sede'; did you mean 'seed'?" in ended.log
    assert "'m'" in ended.outcome["reason"]
    assert ended.outcome["retry"] is False
    assert not ended.has_result


def test_output_is_shown_while_the_cell_runs(project):
    running = project.notebook(
        "n = 1", "import time\nprint('early', flush=True)\ntime.sleep(3)\nprint('late')"
    ).start()
    running.read_until("early")
    seen = time.monotonic()
    ended = running.end()
    assert time.monotonic() - seen > 1.5
    assert "late" in ended.log


def test_cells_are_announced_by_number_and_title(project):
    ended = project.notebook(
        "n = 1", text("# Report\n\n## Fit model\n\nwords"), "x = 1", code(""), "total = x + n\ntotal"
    ).run()
    assert '2/3 "Fit model"\n3/3 total = x + n\n2\n' in ended.log


def test_a_failing_cell_is_told_with_its_traceback_and_what_was_not_run(project):
    ended = project.notebook(
        "n = 1", "print('before')", text("## Divide"), "1 / 0", "print('after')", "2"
    ).run("--set", "n=3")
    assert ended.code == 1
    assert ended.states == [*["completed"] * 4, "failed", "not-run", "not-run"]
    assert "ZeroDivisionError: division by zero" in ended.log
    assert "\x1b" not in ended.log
    assert "not run: cells 4 to 5 of 5" in ended.log
    assert 'reproduce: make run task=t set="n=3"' in ended.log
    assert f"executed notebook: {ended.artifacts}/d/" in ended.log
    assert ended.outcome["reason"] == 'cell 3/5 "Divide": ZeroDivisionError: division by zero'
    assert not ended.has_result


def test_a_cell_that_may_raise_does_not_fail_the_task(project):
    ended = project.notebook("n = 1", code("1 / 0", tags=["raises-exception"]), "n").run()
    assert ended.code == 0, ended.log
    assert ended.states == ["completed"] * 3


def test_a_killed_kernel_is_told_and_no_cell_after_it_looks_completed(project):
    ended = project.notebook(
        "n = 1",
        "import os, signal, time\nprint('last words', flush=True)\n"
        "time.sleep(0.5)\nos.kill(os.getpid(), signal.SIGKILL)",
        "print(3)",
    ).run()
    assert ended.code == 137
    assert ended.states == ["completed", "kernel-died", "not-run"]
    assert "last words" in ended.log
    assert "memory" in ended.outcome["reason"]


def test_a_crashed_kernel_is_a_failure_with_the_signal(project):
    ended = project.notebook("n = 1", "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)").run()
    assert ended.code == 1
    assert "SIGSEGV" in ended.outcome["reason"]


def test_skip_ends_the_task_as_skipped(project):
    ended = project.notebook(
        "n = 1",
        "from notebook_task import task\ntry:\n    task.skip('no new data')\nexcept Exception:\n    pass",
        "1 / 0",
    ).run()
    assert ended.code == 99
    assert ended.outcome["reason"] == "no new data"
    assert ended.states == ["completed", "completed", "skipped"]
    assert not ended.has_result


@pytest.mark.parametrize("retry", [True, False])
def test_fail_ends_the_task_and_says_whether_to_retry(project, retry):
    ended = project.notebook(
        "n = 1", f"from notebook_task import task\ntask.fail('bad data', retry={retry})"
    ).run()
    assert ended.code == 1
    assert (ended.outcome["reason"], ended.outcome["retry"]) == ("bad data", retry)


def test_numpy_and_pandas_scalars_are_results(project):
    ended = project.notebook(
        "n = 1",
        "import numpy as np, pandas as pd\nfrom notebook_task import task\n"
        "task.result(i=np.int64(1), f=np.float32(0.5), b=np.bool_(True), s=np.str_('a'), "
        "d=np.datetime64('2012-01-02T03:04:05.000000001'), t=pd.Timestamp('2012-01-02'))",
    ).run()
    assert ended.result == {
        "i": 1,
        "f": 0.5,
        "b": True,
        "s": "a",
        "d": "2012-01-02T03:04:05.000000001",
        "t": "2012-01-02T00:00:00",
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("float('nan')", "result 'mae' is nan"),
        ("np.float64('nan')", "result 'mae' is nan"),
        ("pd.NaT", "result 'mae' is NaT"),
        ("np.datetime64('NaT')", "result 'mae' is NaT"),
        ("pd.NA", "result 'mae' is"),
        ("np.zeros(3)", ".tolist()"),
        ("pd.DataFrame()", "task.data_url"),
        ("'x' * 2**20", "may have 1048576"),
    ],
)
def test_a_result_that_json_cannot_hold_is_refused_by_its_key(project, value, words):
    ended = project.notebook(
        "n = 1",
        f"import numpy as np, pandas as pd\nfrom notebook_task import task\n"
        f"task.result(n=1)\ntask.result(mae={value})",
    ).run()
    assert ended.code == 3
    assert words in ended.outcome["reason"]
    assert ended.outcome["retry"] is False
    assert not ended.has_result


@pytest.mark.parametrize(("end", "exit_code"), [("sys.exit()", 0), ("sys.exit(0)", 0), ("sys.exit(3)", 1)])
def test_sys_exit_ends_the_notebook_as_it_would_a_script(project, end, exit_code):
    ended = project.notebook("n = 1", f"import sys\n{end}", "1 / 0").run()
    assert ended.code == exit_code, ended.log


@pytest.mark.parametrize("python", ["/nonexistent/python", "/bin/false"])
def test_a_kernel_that_cannot_start_is_its_own_exit_code(project, python):
    ended = project.notebook("n = 1").run(environment={"TASK_PYTHON": python})
    assert ended.code == 4
    assert python in ended.log
    assert ended.outcome["retry"] is True


def test_sigterm_interrupts_saves_and_exits_143(project):
    running = project.notebook(
        "n = 1",
        "import time\nprint('started', flush=True)\ntry:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n"
        "    print('cleaning up', flush=True)\n    raise",
        "1",
    ).start()
    running.read_until("started")
    running.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    ended = running.end()
    assert ended.code == 143, ended.log
    assert time.monotonic() - asked < 3
    assert ended.states == ["completed", "interrupted", "not-run"]
    assert "cleaning up" in json.dumps(ended.notebook)
    assert ended.outcome["reason"] == "asked to stop"


def test_a_cell_that_does_not_listen_is_killed_within_five_seconds(project):
    running = project.notebook(
        "n = 1",
        "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "print('deaf', flush=True)\ntime.sleep(60)",
    ).start()
    running.read_until("deaf")
    running.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    ended = running.end()
    assert ended.code == 143, ended.log
    assert time.monotonic() - asked < 5
    assert ended.states == ["completed", "interrupted"]
    assert "deaf" in json.dumps(ended.notebook)


def test_sigterm_while_the_kernel_starts_ends_it_too(project):
    running = project.notebook("n = 1").start()
    running.read_until("default")
    running.process.send_signal(signal.SIGTERM)
    assert running.end().code == 143


def test_the_task_ends_itself_at_its_deadline(project):
    ended = project.notebook("n = 1", "import time\ntime.sleep(60)").run(deadline=time.time() + 3)
    assert ended.code == 124
    assert ended.states == ["completed", "timed-out"]


def test_the_stored_notebook_follows_a_running_one(project):
    running = project.notebook("n = 1", "import time\nprint('a')\ntime.sleep(60)").start()
    running.read_until("2/2")
    path = next(project.artifacts.rglob("notebook.ipynb"))

    def stored():
        return [cell["metadata"]["papermill"]["status"] for cell in json.loads(path.read_text())["cells"]]

    wait_until(lambda: stored() == ["completed", "running"])
    running.process.kill()
    running.end()


def test_a_kernel_does_not_outlive_a_killed_runner(project):
    running = project.notebook(
        "n = 1", "import os, time\nprint('pid', os.getpid(), flush=True)\ntime.sleep(60)"
    ).start()
    running.read_until("pid")
    pid = int(running.log.rpartition("pid")[2])
    running.process.kill()
    running.process.wait()
    wait_until(lambda: not alive(pid))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def test_what_a_notebook_left_running_ends_with_it(project):
    source = "import subprocess\nprint('pid', subprocess.Popen(['sleep', '60']).pid, flush=True)"
    running = project.notebook("n = 1", source).start()
    running.read_until("pid")
    pid = int(running.log.rpartition("pid")[2])
    assert running.end().code == 0
    assert not alive(pid)


def test_exit_handlers_of_a_notebook_run(project):
    ended = project.notebook(
        "n = 1", "import atexit\natexit.register(lambda: open('ended', 'w').close())"
    ).run()
    assert (ended.task_dir / "work/ended").exists()


def test_a_retry_keeps_the_first_trys_notebook(project):
    project.notebook("n = 1", "1 / 0")
    first = project.run()
    second = project.run(identity={"try_number": 2})
    assert first.notebook["cells"]
    assert second.outcome["artifacts"]["notebook"].endswith("/2/notebook.ipynb")


def test_artifacts_stand_beside_the_notebook_also_after_a_failure(project):
    ended = project.notebook(
        "n = 1",
        "from notebook_task import task\nopen('x.txt', 'w').write('x')\n"
        "print(task.artifact('x.txt', 'kept.txt'))\n1 / 0",
    ).run()
    path = ended.outcome["artifacts"]["kept.txt"]
    assert path in ended.log
    assert (ended.artifacts / path).read_text() == "x"


def test_a_notebook_works_in_a_scratch_folder_with_its_files_linked_in(project):
    project.notebook(
        "n = 1",
        "import os, tempfile, pathlib, helper\nfrom notebook_task import task\n"
        "pathlib.Path('made.csv').write_text('a')\n"
        "task.result(cwd=os.getcwd(), home=str(pathlib.Path.home()), tmp=tempfile.gettempdir(), "
        "files=sorted(f for f in os.listdir() if f[0] != '.'), "
        "dag=task.context.dag, run=os.environ.get('DATA_URL'))",
    )
    (project.path / "helper.py").write_text("")
    ended = project.run()
    work = ended.task_dir / "work"
    assert ended.result["cwd"] == str(work)
    assert ended.result["home"].startswith(str(work))
    assert ended.result["tmp"].startswith(str(work))
    assert {"helper.py", "made.csv", "notebook.ipynb", "params.yaml", "run.py"} <= set(ended.result["files"])
    assert not (project.path / "made.csv").exists()
    assert ended.result["dag"] == "d"


def test_the_kernels_path_has_the_author_api_and_nothing_of_the_runner(project):
    ended = project.notebook(
        "n = 1",
        "import importlib.util, os\nfrom notebook_task import task\n"
        "task.result(papermill=importlib.util.find_spec('papermill') is not None, "
        "api=os.listdir(os.environ['PYTHONPATH']))",
    ).run()
    assert ended.result == {"papermill": False, "api": ["notebook_task"]}


def test_an_artifact_store_that_is_gone_fails_before_anything_runs(project):
    blocked = project.folder / "file"
    project.notebook("n = 1", "print('ran')")
    blocked.write_text("")
    ended = project.run(environment={"ARTIFACTS_URL": str(blocked)})
    assert ended.code == 1
    assert "Is ARTIFACTS_URL right and writable?" in ended.log
    assert "ran\n" not in ended.log
    assert ended.outcome["retry"] is True


def test_an_artifact_store_that_goes_away_leaves_the_notebook_with_the_task(project):
    ended = project.notebook(
        "store = ''", "import shutil\nshutil.rmtree(store)\nopen(store, 'w').close()\nprint('kept')"
    ).run("--set", f"store={project.artifacts}")
    assert ended.code == 1
    assert "kept" in (ended.task_dir / "out/notebook.ipynb").read_text()


def test_artifacts_go_to_any_url_that_fsspec_knows(project):
    ended = project.notebook("n = 1").run(environment={"ARTIFACTS_URL": f"file://{project.artifacts}"})
    assert ended.code == 0, ended.log
    assert ended.states == ["completed"]


def test_odd_names_are_paths_too(project):
    identity = {"dag": "dåg {x}", "run": "r %s"}
    ended = project.notebook("n = 'a'", "print(n)", name="t").run("--set", "n=é {x} %d", identity=identity)
    assert ended.code == 0, ended.log
    assert ended.outcome["artifacts"]["notebook"] == "d%C3%A5g%20%7Bx%7D/r%20%25s/t/-1/1/notebook.ipynb"
    assert "é {x} %d\n" in ended.log


def test_a_deep_task_dir_is_no_problem_for_the_kernels_sockets(project):
    project.folder = project.folder / ("deep" * 30)
    assert project.notebook("n = 1").run().code == 0


def test_every_log_line_of_a_busy_cell_arrives(project):
    source = (
        "import logging\nlogging.basicConfig()\nfor i in range(20_000):\n    logging.warning('line %s', i)"
    )
    ended = project.notebook("n = 1", source).run()
    assert ended.code == 0, ended.log[-2000:]
    assert ended.log.count("WARNING:root:line") == 20_000
    text = "".join(
        output["text"] if isinstance(output["text"], str) else "".join(output["text"])
        for output in ended.notebook["cells"][1]["outputs"]
    )
    assert text.count("\n") == 20_000


def test_run_by_hand_needs_no_launcher(project):
    project.notebook("n = 1", "from notebook_task import task\ntask.result(n=n)")
    exit_code, log = project.run_by_hand("--set", "n=5")
    assert exit_code == 0, log
    assert 'result: {"n": 5}' in log
    home = project.folder / ".launcher"
    assert len(list(home.glob("artifacts/local/*/t/-1/1/notebook.ipynb"))) == 1
    assert len(list(home.glob("runs/local/t/*/out/result.json"))) == 1


def test_bindings_are_left_out_where_there_is_no_upstream(project):
    project.notebook("paths = []", params="inputs:\n  paths: extract.path\n")
    assert project.run_by_hand()[0] == 0


def test_another_python_says_what_to_type(project):
    project.notebook("n = 1")
    assert "Type: make run task=t" in project.run_by_hand(python=project.environments.task)[1]
    without_path = project.run_by_hand(python=project.environments.task, environment={"PYTHONPATH": ""})
    assert without_path == (1, "This Python has no notebook_task. Type: make run task=t\n")


def test_check_and_describe_run_nothing(project):
    project.notebook("n = 1\nday: str", "print('ran')", params="day: today\ninputs: {n: extract.rows}")
    assert project.run_by_hand("--check") == (0, "t: nothing to complain about\n")
    described = json.loads(project.run_by_hand("--describe")[1])
    assert described["parameters"] == [
        {"name": "n", "required": False, "default": 1, "input": "extract.rows"},
        {"name": "day", "required": True, "default": "today", "input": None},
    ]


def test_values_come_from_a_file_or_standard_input_too(project, tmp_path):
    values = tmp_path / "values.json"
    values.write_text('{"n": 2, "m": 3}')
    ended = project.notebook("n = 1\nm = 1", "from notebook_task import task\ntask.result(n=n, m=m)").run(
        "--params", str(values), "--set", "m=4"
    )
    assert ended.result == {"n": 2, "m": 4}


def test_a_params_json_of_another_schema_is_refused(project):
    ended = project.notebook("n = 1").run(schema=99)
    assert ended.code == 2
    assert "schema 99" in ended.log


def test_two_attempts_at_once_do_not_mix(project):
    project.notebook(
        "n = 1", "import time\nfrom notebook_task import task\ntime.sleep(0.5)\ntask.result(n=n)"
    )
    both = [project.start("--set", f"n={n}", identity={**IDENTITY, "map_index": n}) for n in (1, 2)]
    assert [running.end().result for running in both] == [{"n": 1}, {"n": 2}]
