"""Run one DAG in this process, on SQLite: `python -m tools.dag_run DAG OUTPUT`.

Its own process because Airflow reads its settings when it is first imported. It makes everything ready, waits
for a line of standard input, and runs. OUTPUT becomes a JSON file: the run's state and what each returned.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any


def main(dag_id: str, output: Path) -> int:
    from airflow.dag_processing.dagbag import DagBag
    from airflow.utils.db import initdb

    initdb()
    bag = DagBag()
    dag = bag.dags.get(dag_id)
    if dag is None:
        output.write_text(json.dumps({"missing": sorted(bag.dags), "errors": bag.import_errors}))
        return 2
    if not sys.stdin.readline():
        # Who started this has given up.
        return 1
    run = dag.test()
    instances = [described(instance) for instance in run.get_task_instances()]
    output.write_text(json.dumps({"run": run.run_id, "state": run.state, "instances": instances}))
    return 0 if run.state == "success" else 1


def described(instance: Any) -> dict[str, Any]:
    return {
        "task": instance.task_id,
        "map_index": instance.map_index,
        "state": instance.state,
        "result": instance.xcom_pull(task_ids=instance.task_id, map_indexes=instance.map_index),
    }


if __name__ == "__main__":
    code = main(sys.argv[1], Path(sys.argv[2]))
    sys.stdout.flush()
    # Not sys.exit: Airflow's threads take four seconds to say goodbye.
    os._exit(code)
