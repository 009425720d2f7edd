"""Starts one container, or one process, per task instance, shows its log and brings its result back.

operators   the only module that imports Airflow
lifecycle   one attempt from start to end
backends    where a task runs: docker (the only module that imports the docker SDK) or process
spec, outcome   what goes down to a backend, what comes up
"""

from __future__ import annotations

__version__ = "0.1.0"
