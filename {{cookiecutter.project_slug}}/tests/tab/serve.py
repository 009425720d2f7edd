"""Serve the runs of the tests for a browser: `python serve.py FOLDER DAG...`.

Says where, and the ids of the runs, as one line of JSON. The name of a DAG on standard input starts a run and
is answered with its id once there is a notebook to see. The end of standard input ends all.
"""

import json
import os
import sys
import time
from pathlib import Path
from urllib.parse import unquote

from server import airflow


def main(folder, *dags):
    with airflow(Path(folder), *dags) as server:
        print(json.dumps({"url": server.url, "runs": server.runs}), flush=True)
        for line in sys.stdin:
            dag = line.strip()
            filling = server.filling(dag)
            while not (found := [path for path in server.artifacts.glob(f"{dag}/*") if any(path.iterdir())]):
                assert filling.poll() is None, (server.folder / "runs.log").read_text()[-3000:]
                time.sleep(0.2)
            print(unquote(found[0].name), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
    sys.stdout.flush()
    os._exit(0)
