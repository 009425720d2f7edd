"""The rules of the stack, each over the parsed compose.yaml, and then Compose's own opinion of the file."""

from __future__ import annotations

import re

import pytest
import yaml

from tests import engine

SOCKET = "/var/run/docker.sock"
# Who runs when the stack is up; `migrate` and its like end.
LONG_RUNNING = {
    "postgres",
    "redis",
    "api-server",
    "scheduler",
    "dag-processor",
    "triggerer",
    "worker",
    "socat",
    "flower",
}
NEEDS_DATABASE = {"api-server", "scheduler", "dag-processor", "triggerer"}


@pytest.fixture(scope="module")
def compose(project) -> dict:
    return yaml.safe_load((project.path / "compose.yaml").read_text())


@pytest.fixture(scope="module")
def services(compose) -> dict[str, dict]:
    return compose["services"]


@pytest.fixture(scope="module")
def one_shots(services) -> dict[str, dict]:
    return {name: service for name, service in services.items() if name not in LONG_RUNNING}


def environment(service: dict) -> dict[str, str]:
    return service.get("environment", {})


def networks(service: dict) -> set[str]:
    return set(service.get("networks", ["default"]))


def test_the_services_are_those_of_the_stack(services):
    assert set(services) >= LONG_RUNNING


def test_one_port_is_published_and_only_to_this_host(services):
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert [name for name in published if "profiles" not in services[name]] == ["api-server"]
    assert all(len(ports) == 1 and ports[0].startswith("127.0.0.1:") for ports in published.values())


def test_what_a_profile_publishes_asks_for_a_login(services):
    assert services["flower"]["profiles"] == ["flower"]
    assert ":?" in environment(services["flower"])["AIRFLOW__CELERY__FLOWER_BASIC_AUTH"]


def test_only_the_proxy_mounts_the_socket(services):
    mounting = {name for name, service in services.items() if SOCKET in str(service.get("volumes"))}
    assert mounting == {"socat"}
    assert services["socat"]["volumes"] == [f"${{DOCKER_SOCK:-{SOCKET}}}:{SOCKET}:ro"]


def test_the_sockets_network_is_internal_and_holds_those_who_start_containers(compose, services):
    assert compose["networks"]["socket"]["internal"] is True
    holders = {name for name, service in services.items() if "socket" in networks(service)}
    assert holders == {"socat", "worker", "triggerer"}
    assert networks(services["socat"]) == {"socket"}


def test_nobody_writes_into_the_project_folder(services):
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]
    assert [
        mount for mount in mounts if mount.startswith((".", "/", "~", "$")) and not mount.endswith(":ro")
    ] == []


def test_scheduler_and_api_server_alone_share_the_jwt_secret(services):
    secrets = {
        name: environment(service).get("AIRFLOW__API_AUTH__JWT_SECRET") for name, service in services.items()
    }
    assert {name for name, secret in secrets.items() if secret} == {"scheduler", "api-server"}
    assert secrets["scheduler"] == secrets["api-server"]


@pytest.mark.parametrize("setting", ["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW__CORE__FERNET_KEY"])
def test_only_airflows_own_services_reach_its_database(services, one_shots, setting):
    holders = {name for name, service in services.items() if setting in environment(service)}
    assert holders - set(one_shots) == NEEDS_DATABASE


def test_workers_hold_no_secret_of_airflow(services):
    held = " ".join(environment(services["worker"]))
    for secret in ("SQL_ALCHEMY_CONN", "FERNET_KEY", "JWT_SECRET", "AIRFLOW_DB", "POSTGRES", "ADMIN"):
        assert secret not in held


def test_celerys_results_have_a_database_and_a_user_of_their_own(services):
    airflow = environment(services["scheduler"])["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    celery = environment(services["worker"])["AIRFLOW__CELERY__RESULT_BACKEND"]
    parts = [re.search(r"//(\w+):\$\{(\w+).*@.*/(\w+)$", address).groups() for address in (airflow, celery)]
    assert all(ours != theirs for ours, theirs in zip(*parts, strict=True))


def test_no_secret_is_written_in_the_file(services):
    secret = re.compile(r"PASSWORD|SECRET|_KEY|AUTH\b|REDISCLI_AUTH")
    for name, service in services.items():
        for variable, value in environment(service).items():
            if secret.search(variable) and not variable.endswith("JWT_ISSUER"):
                assert re.fullmatch(r"(\$\{\w+:-\w+\}:)?\$\{\w+:\?run make up\}", value), (
                    f"{name}: {variable}"
                )
            for password in re.findall(r"//\w*:([^@]+)@", str(value)):
                assert re.fullmatch(r"\$\{\w+:\?run make up\}", password), f"{name}: {variable}"


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_a_long_running_service_comes_back_is_watched_and_keeps_short_logs(services, name):
    service = services[name]
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["start_period"]
    assert service["healthcheck"]["test"]


def test_every_service_keeps_short_logs(services):
    for name, service in services.items():
        assert service["logging"]["driver"] == "json-file", name
        assert {"max-size", "max-file"} <= set(service["logging"]["options"]), name


def test_health_checks_use_nothing_that_the_next_image_lacks(services):
    checks = " ".join(
        str(service["healthcheck"]["test"]) for name, service in services.items() if name in LONG_RUNNING
    )
    assert "curl" not in checks
    assert "jobs check" not in checks


def test_every_one_shot_is_waited_for(services, one_shots):
    # Or `docker compose up --wait` ends with 1 when it has done its work: docker/compose#10596.
    waited_for = {
        other
        for service in services.values()
        for other, how in service.get("depends_on", {}).items()
        if how["condition"] == "service_completed_successfully"
    }
    assert set(one_shots) <= waited_for
    assert all(service.get("restart", "no") == "no" for service in one_shots.values())


def test_every_image_is_pinned(services):
    ours = re.compile(r"\$\{COMPOSE_PROJECT_NAME\}/[\w-]+:\$\{IMAGE_TAG:-dev\}")
    pinned = re.compile(r"[\w./-]+:\d+\.\d[\w.-]*")
    for name, service in services.items():
        assert ours.fullmatch(service["image"]) or pinned.fullmatch(service["image"]), name
        assert "platform" not in service, name
        assert "build" not in service, name


def test_the_task_network_has_a_name_and_one_guest(compose, services, one_shots):
    assert compose["networks"]["tasks"]["name"] == "${COMPOSE_PROJECT_NAME}-tasks"
    guests = {name for name, service in services.items() if "tasks" in networks(service)}
    assert len(guests) == 1
    assert guests <= set(one_shots)


def test_volumes_have_names_that_say_whose_they_are(compose):
    for name, volume in compose["volumes"].items():
        assert volume["name"] == f"${{COMPOSE_PROJECT_NAME}}-{name}"


def test_tasks_write_artifacts_and_the_api_server_only_reads_them(services):
    assert "artifacts:/artifacts:ro" in services["api-server"]["volumes"]
    launcher = environment(services["worker"])["LAUNCHER_VOLUMES"]
    assert launcher == "${COMPOSE_PROJECT_NAME}-data:/data,${COMPOSE_PROJECT_NAME}-artifacts:/artifacts"


def test_workers_let_their_tasks_finish(services):
    assert environment(services["worker"])["DUMB_INIT_SETSID"] == "0"
    assert services["worker"]["stop_grace_period"]


def test_tasks_report_to_the_api_server_by_its_name(services):
    address = environment(services["worker"])["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"]
    assert address == "http://api-server:8080/execution/"


def test_every_setting_of_the_stack_is_in_the_example(project):
    text = (project.path / "compose.yaml").read_text()
    asked = set(re.findall(r"\$\{(\w+)", text)) - {"COMPOSE_PROJECT_NAME"}
    example = (project.path / ".env.example").read_text()
    assert {name for name in asked if name not in example} == set()


@pytest.fixture(scope="module")
def docker_compose():
    engine.require()


@pytest.mark.usefixtures("docker_compose")
@pytest.mark.engine
def test_compose_accepts_the_file(project):
    required = re.findall(r"\$\{(\w+):\?", (project.path / "compose.yaml").read_text())
    project.environment.update(dict.fromkeys(required, "x"))
    try:
        shown = project.run("docker", "compose", "--profile", "*", "config").stdout
    finally:
        for name in required:
            project.environment.pop(name, None)
    assert set(yaml.safe_load(shown)["services"]) >= LONG_RUNNING


@pytest.mark.usefixtures("docker_compose")
@pytest.mark.engine
def test_compose_without_secrets_says_what_to_type(project):
    refused = project.run("docker", "compose", "config", check=False)
    assert refused.returncode != 0
    assert "run make up" in refused.stderr
