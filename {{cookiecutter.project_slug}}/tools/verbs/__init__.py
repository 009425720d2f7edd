"""The verbs, in the order in which a newcomer meets them."""

from __future__ import annotations

from tools.verb import Verb
from tools.verbs.add_task import add_task
from tools.verbs.build import build
from tools.verbs.demo import demo
from tools.verbs.doctor import doctor
from tools.verbs.down import down
from tools.verbs.lint import lint
from tools.verbs.lock import lock
from tools.verbs.logs import logs
from tools.verbs.prune import prune
from tools.verbs.ps import ps
from tools.verbs.reap import reap
from tools.verbs.reset import reset
from tools.verbs.run import run
from tools.verbs.smoke import smoke
from tools.verbs.test import test
from tools.verbs.up import up

VERBS = {
    verb.name: verb
    for verb in (
        Verb("demo", demo),
        Verb("up", up, {"timeout": "seconds to wait for health"}),
        Verb(
            "smoke", smoke, {"dag": "another DAG than the example", "timeout": "seconds to wait for the run"}
        ),
        Verb(
            "run",
            run,
            {
                "task": "the folder below tasks/",
                "set": "parameters, such as set='year=2013 seed=7'",
                "backend": "docker or process; else Docker where it answers",
            },
            required=("task",),
        ),
        Verb(
            "add-task",
            add_task,
            {"name": "the new folder below tasks/", "from": "a notebook to start from"},
            required=("name",),
        ),
        Verb("build", build, {"task": "only this task, and the base below it"}),
        Verb("test", test, {"args": "words for pytest, such as args='-k report'"}),
        Verb("lint", lint, {"fix": "correct what can be corrected"}, flags=("fix",)),
        Verb("lock", lock),
        Verb(
            "logs",
            logs,
            {"service": "of the stack", "task": "its newest try", "dag": "of that DAG", "run": "of that run"},
        ),
        Verb("ps", ps),
        Verb("reap", reap, {"hours": "how long containers of failed tasks stay, instead of 24"}),
        Verb("doctor", doctor),
        Verb("down", down, {"timeout": "seconds that running tasks may take"}),
        Verb("prune", prune, {"days": "what to keep, instead of RETENTION_DAYS"}),
        Verb("reset", reset, {"yes": "do not ask"}, flags=("yes",)),
    )
}
