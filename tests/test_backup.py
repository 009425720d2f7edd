"""The backup that docs/operate.md describes, taken and put back, with the few services that it needs."""

from __future__ import annotations

import re
import shlex

import pytest

from tests import engine

pytestmark = pytest.mark.engine


@pytest.fixture(scope="module")
def project(bake_session):
    engine.require()
    baked = bake_session(project_slug="backup-under-test")
    secrets = (
        "from tools import dotenv, project; dotenv.ensure(project.DOTENV, project.ROOT / '.env.example')"
    )
    baked.run("python3", "-c", secrets)
    try:
        for one_shot in ("databases", "storage"):
            baked.run("docker", "compose", "run", "--rm", one_shot)
        yield baked
    finally:
        baked.run("docker", "compose", "--profile", "*", "down", "--volumes", check=False)


@pytest.fixture(scope="module")
def commands(project) -> list[str]:
    page = (project.path / "docs/operate.md").read_text()
    return re.findall(r"^    (docker compose (?:exec|run) .*[<>].*)$", page, re.M)


def sql(project, statement: str) -> str:
    words = shlex.split("docker compose exec -T postgres psql --username=postgres --dbname=airflow -tAc")
    return project.run(*words, statement).stdout.strip()


def in_data(project, command: str) -> str:
    words = shlex.split("docker compose run --rm -T --entrypoint sh storage -c")
    return project.run(*words, command).stdout.strip()


def test_what_was_backed_up_comes_back(project, commands):
    dump, pack, restore, unpack = commands
    sql(
        project,
        "create table kept (word text); insert into kept values ('here'); alter table kept owner to airflow",
    )
    in_data(project, "echo here > /data/kept && chown 1000:1000 /data/kept")
    for command in (dump, pack):
        project.run("sh", "-c", command)
    sql(project, "delete from kept")
    in_data(project, "rm /data/kept")
    for command in (restore, unpack):
        project.run("sh", "-c", command)
    assert (
        sql(project, "select word, tableowner from kept, pg_tables where tablename = 'kept'")
        == "here|airflow"
    )
    assert in_data(project, "cat /data/kept; stat -c %u:%g /data/kept") == "here\n1000:1000"
