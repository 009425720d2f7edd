"""A chain of the same notebook in the same image, by our operator and by Airflow's, in turn."""

from __future__ import annotations

from airflow.providers.docker.operators.docker import DockerOperator
from airflow.sdk import DAG, chain
from launcher.operators import NotebookOperator
from launcher.settings import Settings

ROUNDS = 8
SETTINGS = Settings.from_environment()


def theirs(number: int) -> DockerOperator:
    return DockerOperator(
        task_id=f"theirs_{number}",
        image=f"{SETTINGS.deployment}/noop:{SETTINGS.image_tag}",
        entrypoint=["/opt/task/bin/papermill"],
        command=["notebook.ipynb", "/run/task/executed.ipynb", "--log-output"],
        docker_url=SETTINGS.docker_host,
        auto_remove="success",
        mount_tmp_dir=False,
    )


with DAG("noop", schedule=None):
    chain(
        *(
            task
            for n in range(ROUNDS)
            for task in (NotebookOperator(task="noop", task_id=f"ours_{n}"), theirs(n))
        )
    )
