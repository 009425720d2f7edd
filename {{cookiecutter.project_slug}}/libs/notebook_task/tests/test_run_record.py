import json
import signal

from project import code


def record_of(ended):
    return json.loads(next(ended.artifacts.rglob("run.json")).read_text())


def test_a_record_says_what_was_given_what_came_out_and_how_to_repeat_it(project):
    ended = project.notebook(
        "n = 1\nword = 'a'\nday = None",
        "from notebook_task import task\ntask.result(rows=n)",
        params="word: b\n",
    ).run(parameters={"n": 5})
    record = record_of(ended)
    assert record["schema"] == 1
    assert record["identity"]["task"] == "t"
    assert record["parameters"] == [
        {"name": "n", "value": 5, "source": "parameters"},
        {"name": "word", "value": "b", "source": "params.yaml, line 1"},
        {"name": "day", "value": None, "source": "default"},
    ]
    assert record["result"] == {"rows": 5}
    assert record["outcome"] == {"exit_code": 0, "reason": None, "retry": None}
    assert record["artifacts"] == {"notebook": ended.outcome["artifacts"]["notebook"]}
    assert record["reproduce"] == 'make run task=t set="n=5"'
    assert record["started"] < record["ended"]


def test_a_failed_attempt_has_a_reason_and_no_result(project):
    ended = project.notebook(
        "n = 1", "from notebook_task import task\ntask.result(rows=n)", code("1 / 0")
    ).run()
    record = record_of(ended)
    assert record["outcome"]["exit_code"] == 1
    assert "ZeroDivisionError" in record["outcome"]["reason"]
    assert record["result"] is None


def test_a_killed_attempt_leaves_a_record_without_an_end(project):
    running = project.notebook("n = 1", "import time\nprint('started', flush=True)\ntime.sleep(60)").start()
    running.read_until("started")
    running.process.send_signal(signal.SIGKILL)
    record = record_of(running.end())
    assert record["ended"] is None
    assert record["outcome"] is None
    assert record["parameters"] == [{"name": "n", "value": 1, "source": "default"}]


def test_a_script_leaves_a_record_too(project):
    source = (
        "from notebook_task import script\n\n"
        "def main(n: int = 1) -> dict:\n    return {'n': n}\n\n"
        "if __name__ == '__main__':\n    script.run(main)\n"
    )
    assert record_of(project.script(source).run_script(parameters={"n": 2}))["result"] == {"n": 2}
