"""The operators of a DAG file. The only module of the launcher that imports Airflow.

Nothing here runs, or is imported, when a DAG is parsed beyond the assignments of `__init__`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator, conf
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from launcher import backends
from launcher.lifecycle import STOP_GRACE, Attempt
from launcher.outcome import LauncherError
from launcher.settings import Settings
from launcher.spec import Identity, TaskSpec
from launcher.task_folder import find_task

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.definitions.mappedoperator import MappedOperator
    from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance

    Operator = BaseOperator | MappedOperator

log = logging.getLogger(__name__)


class _LaunchingOperator(BaseOperator):
    """What both operators share: one attempt, watched to its end."""

    def __init__(
        self,
        *,
        parameters: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.parameters = parameters
        self.environment = environment
        self._attempt: Attempt | None = None

    def on_kill(self) -> None:
        """Stop the task. Airflow allows five seconds, so this only asks; `execute` sees the end."""
        if self._attempt is not None:
            self._attempt.kill()

    def _launch(self, context: Context, settings: Settings, **what: Any) -> Any:
        """Run one try of the task to its end; its result, which becomes the XCom."""
        spec = TaskSpec(
            identity=_identity(context, settings),
            environment=self.environment or {},
            parameters=self.parameters or {},
            offered=_offered(context),
            upstream=upstream_results(context),
            deadline=self._deadline(),
            task_instance=str(context["ti"].id),
            generation=context["ti"].max_tries or 0,
            **what,
        )
        backend, limit = backends.load(settings), settings.result_limit
        self._attempt = Attempt(spec, backend, show=self._show, result_limit=limit)
        # Airflow calls these once it has the XCom; until then a later try may need the container. That of a
        # failed task stays, to be looked into: the next try removes it, or the reaper.
        self.on_success_callback = [*self.on_success_callback, self._release_if_reported]
        self.on_skipped_callback = [*self.on_skipped_callback, self._release]
        outcome = self._attempt.run()
        if outcome.skipped:
            raise AirflowSkipException(outcome.reason)
        return outcome.result

    def _release_if_reported(self, context: Context) -> None:
        """Remove the container if Airflow has the state: it calls this also when it could not report it."""
        if _state_of(context["ti"]) == "success":
            self._release(context)

    def _release(self, context: Context) -> None:  # noqa: ARG002 - Airflow's signature of a callback
        # A skipped task's container is of no use to a later try, so nothing is lost if the report is.
        if self._attempt is not None:
            self._attempt.release()

    def _show(self, line: str) -> None:
        self.log.info("%s", line)

    def _deadline(self) -> float | None:
        if self.execution_timeout is None:
            return None
        # A little after Airflow's own timeout, which is the one to be seen: this is for when nobody watches.
        return time.time() + self.execution_timeout.total_seconds() + STOP_GRACE


class NotebookOperator(_LaunchingOperator):
    """Run the task folder ``tasks/<task>``, in its own image or environment.

    Results of its direct upstream tasks reach it without wiring; DAG params and run conf are offered to it.

    :param task: name of the task folder; also the task id unless ``task_id`` is given
    :param parameters: values for the task's parameters, by name (templated)
    :param environment: further environment variables (templated)
    """

    template_fields: Sequence[str] = ("parameters", "environment")
    template_fields_renderers: ClassVar[dict[str, str]] = {"parameters": "json", "environment": "json"}
    ui_color = "#dcebf7"

    def __init__(self, *, task: str, task_id: str | None = None, **kwargs: Any) -> None:
        super().__init__(task_id=task_id or task, **kwargs)
        self.task = task

    def execute(self, context: Context) -> Any:
        """Run the task to its end and return its result."""
        with _retries_only_where_they_help():
            settings = Settings.from_environment(project_dir=project_dir())
            folder = find_task(self.task, settings.project_dir)
            return self._launch(context, settings, image=folder.image(settings), folder=str(folder.path))


class ContainerOperator(_LaunchingOperator):
    """Run any image, under the same contract: files in, files out, exit code.

    :param image: the image (templated)
    :param command: its command, instead of the image's own (templated)
    :param parameters: what the container finds in ``$TASK_DIR/in/params.json`` (templated)
    :param environment: further environment variables (templated)
    :param result: whether the container must leave a result in ``$TASK_DIR/out/result.json``
    """

    template_fields: Sequence[str] = ("image", "command", "parameters", "environment")
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "command": "json",
        "parameters": "json",
        "environment": "json",
    }
    ui_color = "#e2f0d9"

    def __init__(
        self, *, image: str, command: Sequence[str] | None = None, result: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.image = image
        self.command = command
        self.result = result

    def execute(self, context: Context) -> Any:
        """Run the container to its end and return its result, None where none is declared."""
        with _retries_only_where_they_help():
            settings = Settings.from_environment(project_dir=project_dir())
            command = None if self.command is None else tuple(str(part) for part in self.command)
            return self._launch(
                context, settings, image=self.image, command=command, declares_result=self.result
            )


@contextmanager
def _retries_only_where_they_help() -> Iterator[None]:
    try:
        yield
    except LauncherError as error:
        # In a line of its own: Airflow shows the words only below a traceback, which is all ours.
        log.error("%s", error)
        if error.retry:
            raise
        raise AirflowFailException(str(error)) from error


def project_dir() -> Path:
    """The project that Airflow's DAG folder belongs to: the folder above it."""
    return Path(conf.get("core", "dags_folder")).resolve().parent


def upstream_results(context: Context) -> dict[str, Any]:
    """The result of each direct upstream task, by task id; None where it left none.

    A mapped upstream always gives a list ordered by map index, with None for an instance that left no result;
    inside one mapped task group an instance gets the result of its own index.
    """
    dag, instance = context["dag"], context["ti"]
    upstream = [dag.get_task(task_id) for task_id in sorted(context["task"].upstream_task_ids)]
    # One pull a task: Airflow flattens what it pulls for a list of tasks.
    return {operator.task_id: _result_of(operator, instance) for operator in upstream}


def _result_of(upstream: Operator, instance: RuntimeTaskInstance) -> Any:
    if not upstream.get_needs_expansion():
        return instance.xcom_pull(task_ids=upstream.task_id, map_indexes=-1)
    own = instance.get_relevant_upstream_map_indexes(upstream, ti_count=None, session=None)
    if isinstance(own, int):
        return instance.xcom_pull(task_ids=upstream.task_id, map_indexes=own)
    return _mapped_results(upstream.task_id, instance, own)


def _state_of(instance: RuntimeTaskInstance) -> str | None:
    states = instance.get_task_states(
        dag_id=instance.dag_id,
        task_ids=[instance.task_id],
        run_ids=[instance.run_id],
        map_index=instance.map_index,
    )
    return next(iter(states.get(instance.run_id, {}).values()), None)


def _mapped_results(task_id: str, instance: RuntimeTaskInstance, own: range | None) -> list[Any]:
    states = instance.get_task_states(dag_id=instance.dag_id, task_ids=[task_id], run_ids=[instance.run_id])
    # Airflow calls an instance "<task id>_<map index>" here, and an unexpanded task by its bare id.
    prefix = f"{task_id}_"
    found = {
        int(name.removeprefix(prefix)): state
        for name, state in states.get(instance.run_id, {}).items()
        if name != task_id and state != "removed"
    }
    indexes = [index for index in sorted(found) if own is None or index in own]
    if own is None and all(state == "success" for state in found.values()):
        results = instance.xcom_pull(task_ids=[task_id])
        if len(results) == len(indexes):
            return list(results)
    # Airflow leaves out instances without a result, so their places are found by asking for each.
    return list(instance.xcom_pull(task_ids=task_id, map_indexes=indexes)) if indexes else []


def _identity(context: Context, settings: Settings) -> Identity:
    instance = context["ti"]
    logical_date = context.get("logical_date")
    return Identity(
        deployment=settings.deployment,
        dag=instance.dag_id,
        run=instance.run_id,
        task=instance.task_id,
        map_index=-1 if instance.map_index is None else instance.map_index,
        try_number=instance.try_number,
        logical_date=None if logical_date is None else logical_date.isoformat(),
    )


def _offered(context: Context) -> dict[str, Any]:
    run = context.get("dag_run")
    return {**dict(context["params"]), **((run.conf or {}) if run is not None else {})}
