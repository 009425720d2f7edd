"""A project lives on while the template does: cruft brings what is new and keeps what is the user's."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import OUTPUT, Project, users_environment

WHO = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Somebody"), ("EMAIL", "somebody@example.com"))
}


def git(folder: Path, *command: str) -> str:
    return subprocess.run(
        ("git", *command),
        cwd=folder,
        env=users_environment() | WHO,
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def commit(folder: Path, message: str) -> None:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)


def cruft(folder: Path, *command: str) -> str:
    environment = users_environment() | WHO
    program = Path(sys.executable).with_name("cruft")
    done = subprocess.run([program, *command], cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def releases(template, tmp_path_factory) -> Path:
    """A repository of the template whose tag `old` differs from its newest commit in a few places."""
    repository = tmp_path_factory.mktemp("releases") / "template"
    shutil.copytree(template, repository)
    output = repository / OUTPUT
    now = {name: (output / name).read_text() for name in ("README.md", "compose.yaml", "docs/operate.md")}
    output.joinpath("README.md").write_text(now["README.md"].replace("You need Python", "One needs Python"))
    output.joinpath("compose.yaml").write_text(now["compose.yaml"].replace("postgres:17.6", "postgres:17.5"))
    output.joinpath("docs/operate.md").unlink()
    output.joinpath("docs/old.md").write_text("A page that the new release no longer has.\n")
    git(repository, "init", "--quiet", "--initial-branch=main")
    commit(repository, "The old release")
    git(repository, "tag", "old")
    for name, text in now.items():
        output.joinpath(name).write_text(text)
    output.joinpath("docs/old.md").unlink()
    commit(repository, "The new release")
    return repository


@pytest.fixture(scope="module")
def updated(releases, cookiecutter_config, tmp_path_factory) -> Project:
    """A project made at the old release, edited as users do, and brought to the new one."""
    home = tmp_path_factory.mktemp("users")
    options = ("--no-input", "--config-file", str(cookiecutter_config), "--output-dir", str(home))
    cruft(home, "create", str(releases), "--checkout", "old", *options)
    project = Project(home / "my-notebooks")
    git(project.path, "init", "--quiet")
    commit(project.path, "From the template")

    with project.path.joinpath("README.md").open("a") as readme:
        readme.write("\n## Ours\n\nAsk Ann.\n")
    project.path.joinpath("dags/seattle_weather.py").unlink()
    shutil.rmtree(project.path / "tasks/train_forest")
    project.run("make", "add-task", "name=sales_report")
    commit(project.path, "Our own work")
    project.path.joinpath(".env").write_text("ADMIN_PASSWORD=ours\n")

    cruft(project.path, "update", "--skip-apply-ask", "--checkout", "main")
    return project


def test_nothing_is_rejected(updated):
    assert [name for name in updated.files() if name.endswith((".rej", ".orig"))] == []
    assert not git(updated.path, "diff", "--name-only", "--diff-filter=U")


def test_what_is_new_arrives(updated):
    assert "You need Python" in updated.path.joinpath("README.md").read_text()
    assert "postgres:17.6" in updated.path.joinpath("compose.yaml").read_text()
    assert updated.path.joinpath("docs/operate.md").is_file()
    assert not updated.path.joinpath("docs/old.md").exists()


def test_edits_stay(updated):
    assert updated.path.joinpath("README.md").read_text().endswith("\n## Ours\n\nAsk Ann.\n")
    assert updated.path.joinpath("tasks/sales_report/run.py").is_file()


def test_an_example_that_was_deleted_stays_deleted(updated):
    assert not updated.path.joinpath("dags/seattle_weather.py").exists()
    assert not updated.path.joinpath("tasks/train_forest").exists()


def test_secrets_stay_and_stay_out_of_git(updated):
    assert updated.path.joinpath(".env").read_text() == "ADMIN_PASSWORD=ours\n"
    assert ".env" not in git(updated.path, "ls-files").splitlines()


def test_the_project_is_up_to_date_afterwards(updated):
    commit(updated.path, "Template update")
    assert "up to date" in cruft(updated.path, "check")
