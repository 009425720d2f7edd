import signal
import time

import pytest

HEAD = "from notebook_task import script, task, upstream\n"
TAIL = "\nif __name__ == '__main__':\n    script.run(main)\n"


@pytest.fixture
def script(project):
    def script(body, *arguments, params="", **options):
        project.script(HEAD + body + TAIL, params=params)
        return project.run_script(*arguments, **options)

    return script


def test_the_signature_is_the_parameters_and_what_it_returns_the_result(script):
    ended = script(
        "def main(parts: list, seed: int = 7, n: int = 1) -> dict:\n"
        "    return {'parts': parts, 'seed': seed, 'n': n}",
        params="seed: 8\ninputs: {parts: extract.path}",
        upstream={"extract": [{"path": "a"}, {"path": "b"}]},
    )
    assert ended.code == 0, ended.log
    assert ended.result == {"parts": ["a", "b"], "seed": 8, "n": 1}


def test_task_result_adds_to_what_is_returned(script):
    ended = script("def main():\n    task.result(a=1)\n    return {'b': 2}")
    assert ended.result == {"a": 1, "b": 2}


@pytest.mark.parametrize(("returned", "result"), [("None", {}), ("[1, 2]", [1, 2]), ("0", 0)])
def test_a_result_need_not_be_a_mapping(script, returned, result):
    assert script(f"def main():\n    return {returned}").result == result


def test_an_exception_is_shown_with_its_traceback(script):
    ended = script("def main(n=1):\n    1 / 0")
    assert ended.code == 1
    assert 'run.py", line 3, in main' in ended.log
    assert "notebook_task/script.py" not in ended.log
    assert ended.outcome["reason"] == "ZeroDivisionError: division by zero"
    assert "reproduce: make run task=t" in ended.log


def test_a_missing_and_an_unknown_parameter_are_reported_together(script):
    ended = script("def main(parts, seed=7):\n    pass", parameters={"sede": 1})
    assert ended.code == 2
    assert "'parts' has no value" in ended.log
    assert "did you mean 'seed'?" in ended.log


@pytest.mark.parametrize(
    ("call", "exit_code", "reason"),
    [
        ("task.skip('nothing new')", 99, "nothing new"),
        ("task.fail('broken', retry=False)", 1, "broken"),
        ("return {'x': float('nan')}", 3, "the returned value['x'] is nan"),
        ("raise SystemExit(0)", 0, None),
        ("raise SystemExit('no')", 1, "sys.exit('no')"),
    ],
)
def test_each_end_has_its_exit_code_and_reason(script, call, exit_code, reason):
    ended = script(f"def main():\n    {call}")
    assert ended.code == exit_code
    assert (ended.outcome["reason"] or "").startswith(reason or "")


def test_a_script_prints_live_and_works_in_the_scratch_folder(project):
    project.script(
        HEAD
        + "import os, time\ndef main():\n    print('early')\n    time.sleep(2)\n    return os.getcwd()"
        + TAIL
    )
    running = project.start(python=project.environments.task)
    running.read_until("early")
    assert running.process.poll() is None
    ended = running.end()
    assert ended.result == str(ended.task_dir / "work")


@pytest.mark.parametrize(
    "body",
    [
        "def main():\n    import time\n    print('started')\n    time.sleep(60)",
        (
            "def main():\n    import hashlib\n    print('started')\n"
            "    hashlib.pbkdf2_hmac('sha256', b'a', b'b', 10**9)"
        ),
    ],
    ids=["sleeping", "inside C code"],
)
def test_sigterm_ends_a_script_within_five_seconds(project, body):
    project.script(HEAD + body + TAIL)
    running = project.start(python=project.environments.task)
    running.read_until("started")
    time.sleep(0.2)
    running.process.send_signal(signal.SIGTERM)
    asked = time.monotonic()
    ended = running.end()
    assert ended.code == 143
    assert time.monotonic() - asked < 5
    assert ended.outcome["reason"] == "asked to stop"
