from __future__ import annotations

import subprocess
import threading

import pytest
from launcher.environments import Environments, child_environment, choose_interpreter
from launcher.outcome import LaunchError
from launcher.task_folder import TaskFolder


def environment_folders(project):
    return [path for path in (project.path / ".launcher" / "environments").iterdir() if path.is_dir()]


def test_an_environment_is_made_once_and_then_found(project):
    folder = TaskFolder(project.task("report", ""))
    first = Environments(project.settings()).task(folder)
    made = first.stat().st_ino
    again = Environments(project.settings()).task(folder)
    assert again == first
    assert again.stat().st_ino == made
    assert subprocess.check_output([again, "-c", "print(6 * 7)"], text=True) == "42\n"


def test_changed_requirements_get_a_new_environment(project):
    folder = TaskFolder(project.task("report", ""))
    first = Environments(project.settings()).task(folder)
    (folder.path / "requirements.txt").write_text("# something else\n")
    assert Environments(project.settings()).task(folder) != first


def test_two_at_once_make_it_once(project, caplog):
    caplog.set_level("INFO")
    folder, made = TaskFolder(project.task("report", "")), []
    threads = [
        threading.Thread(target=lambda: made.append(Environments(project.settings()).task(folder)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(made)) == 1
    assert len(environment_folders(project)) == 1
    assert caplog.text.count("making the environment") == 1


def test_requirements_that_cannot_be_installed_say_so_and_leave_nothing(project):
    folder = TaskFolder(project.task("report", ""))
    (folder.path / "requirements.txt").write_text("./no-such-package\n")
    with pytest.raises(LaunchError, match=r"(?s)environment.*no-such-package") as caught:
        Environments(project.settings()).task(folder)
    assert not caught.value.retry
    assert environment_folders(project) == []


def test_all_environments_are_made_with_a_line_for_each(project):
    for name in ("extract", "report"):
        project.task(name, "")
    shown = []
    Environments(project.settings()).prepare(shown.append)
    assert "running Python" in shown[0]
    assert {"environment of task extract is ready", "environment of task report is ready"} <= set(shown)


@pytest.mark.parametrize("version", ["3.11", "3.12", "3.13", "3.14"])
def test_the_version_of_the_images_is_taken_where_the_machine_has_it(tmp_path, version):
    dockerfile = tmp_path / "Dockerfile"
    dockerfile.write_text(f"ARG X\nFROM python:{version}-slim-trixie\n")
    chosen = choose_interpreter(dockerfile)
    found = subprocess.check_output(
        [chosen.path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], text=True
    ).strip()
    assert found == version or f"the images have Python {version}, this machine has none" in chosen.reason
    assert chosen.version.startswith(found)


def test_children_get_no_credentials():
    given = {
        "PATH": "/bin", "LC_ALL": "C", "TZ": "UTC", "https_proxy": "http://p", "SSL_CERT_FILE": "/ca",
        "AIRFLOW__CORE__FERNET_KEY": "x", "AWS_SECRET_ACCESS_KEY": "x", "PYTHONPATH": "/x", "HOME": "/root",
    }  # fmt: skip
    assert set(child_environment(given)) == {"PATH", "LC_ALL", "TZ", "https_proxy", "SSL_CERT_FILE"}
