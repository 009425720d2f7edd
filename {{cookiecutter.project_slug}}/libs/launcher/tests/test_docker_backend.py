"""What only the docker backend does: images, safe defaults, volumes."""

from __future__ import annotations

import io
import tarfile
import time
from dataclasses import replace

import pytest
from launcher import backends
from launcher.lifecycle import run
from launcher.outcome import ContainerOutOfMemory, EngineLost, LaunchError
from launcher.spec import TaskSpec
from launcher.task_folder import HASH_LABEL, folder_hash

pytestmark = pytest.mark.engine


@pytest.fixture
def docker_settings(project):
    return project.settings(LAUNCHER_BACKEND="docker", LAUNCHER_VOLUMES="")


@pytest.fixture
def backend(docker_settings, engine, identity):
    backend = backends.load(docker_settings)
    yield backend
    for container in engine.containers.list(all=True, filters={"label": f"launcher.run-id={identity.run}"}):
        container.remove(force=True, v=True)


def python(identity, image, code, **changes):
    command = ("python3", "-u", "-c", code)
    spec = TaskSpec(identity=identity, image=image, command=command, declares_result=False)
    return replace(spec, **changes)


@pytest.fixture
def build(engine, image):
    """Build an image from a task folder, as `make build` would; removed after the test."""
    tags = []

    def build(folder, tag, labels):
        dockerfile = f'FROM {image}\nCOPY . /task\nWORKDIR /task\nENTRYPOINT ["python3", "run.py"]\n'
        context = io.BytesIO()
        with tarfile.open(fileobj=context, mode="w") as tar:
            tar.add(folder / "run.py", "run.py")
            entry = tarfile.TarInfo("Dockerfile")
            entry.size = len(dockerfile)
            tar.addfile(entry, io.BytesIO(dockerfile.encode()))
        context.seek(0)
        engine.images.build(fileobj=context, custom_context=True, tag=tag, labels=labels, rm=True)
        tags.append(tag)

    yield build
    for tag in tags:
        engine.images.remove(tag, force=True)


def test_an_image_that_was_never_built_says_what_to_type(backend, project, identity):
    folder = project.task("never", "")
    spec = TaskSpec(identity=identity, image="launcher-test/never:dev", folder=str(folder))
    with pytest.raises(LaunchError, match="never built: make build task=never"):
        run(spec, backend)


def test_a_foreign_image_that_is_absent_says_what_to_type(backend, identity):
    with pytest.raises(LaunchError, match="docker pull launcher-test/absent:1"):
        run(TaskSpec(identity=identity, image="launcher-test/absent:1"), backend)


def test_an_image_older_than_its_folder_is_refused_or_warned_of(backend, project, identity, build, caplog):
    folder = project.task("stale", "print('old')")
    tag = f"launcher-test/stale:{time.time_ns()}"
    build(folder, tag, {HASH_LABEL: folder_hash(folder)})
    spec = TaskSpec(identity=identity, image=tag, folder=str(folder), declares_result=False)
    run(spec, backend)

    project.task("stale", "print('new')")
    with pytest.raises(LaunchError, match="older than its task folder: make build task=stale"):
        run(spec, backend)

    warning = project.settings(LAUNCHER_BACKEND="docker", LAUNCHER_VOLUMES="", LAUNCHER_STALE_IMAGES="warn")
    shown = []
    run(spec, backends.load(warning), show=shown.append)
    assert shown == ["old"]
    assert "make build task=stale" in caplog.text


def test_a_command_that_does_not_exist_is_a_launch_error(backend, identity, image):
    with pytest.raises(LaunchError, match="nowhere") as caught:
        run(TaskSpec(identity=identity, image=image, command=("/nowhere",)), backend)
    assert not caught.value.retry


@pytest.mark.usefixtures("engine")
def test_a_network_that_does_not_exist_is_a_launch_error(project, identity, image):
    settings = project.settings(
        LAUNCHER_BACKEND="docker", LAUNCHER_VOLUMES="", LAUNCHER_NETWORK="launcher-none"
    )
    with pytest.raises(LaunchError, match="launcher-none"):
        run(python(identity, image, "pass"), backends.load(settings))


def test_the_container_has_the_safe_defaults_and_its_labels(backend, engine, identity, image):
    spec = python(identity, image, "pass", task_instance="uuid", deadline=123.0)
    handle = backend.create(spec, name=identity.name, labels=spec.labels("image"))
    found = engine.api.inspect_container(handle)
    host = found["HostConfig"]
    assert found["Name"] == f"/{identity.name}"
    assert found["Config"]["User"] == "1000:1000"
    assert found["Config"]["Labels"]["launcher.deployment"] == "launcher-test"
    assert found["Config"]["Labels"]["launcher.task-instance"] == "uuid"
    assert host["CapDrop"] == ["ALL"]
    assert host["SecurityOpt"] == ["no-new-privileges"]
    assert host["ReadonlyRootfs"] is host["Init"] is True
    assert host["Privileged"] is False
    assert host["PidsLimit"] == 512
    assert not host["Binds"]
    assert host["LogConfig"]["Type"] == "json-file"
    assert [(mount["Type"], mount["Destination"]) for mount in found["Mounts"]] == [("volume", "/run/task")]


def test_what_a_task_can_write_and_what_not(backend, identity, image):
    code = """
import os
for path in ("/run/task/out", "/run/task/work", "/run/task/in", "/run/task/secrets", "/tmp"):
    open(path + "/x", "w").close()
for path in ("/x", "/run/task/owner"):
    try:
        open(path, "w")
    except OSError as error:
        print(error.strerror, os.getuid())
"""
    shown = []
    run(python(identity, image, code), backend, show=shown.append)
    assert shown == ["Read-only file system 1000", "Permission denied 1000"]


def test_volumes_are_mounted_and_only_the_task_s_own_is_removed(project, engine, identity, image):
    name = f"launcher-test-{time.time_ns()}"
    settings = project.settings(LAUNCHER_BACKEND="docker", LAUNCHER_VOLUMES=f"{name}:/tmp/data")
    backend = backends.load(settings)
    spec = python(identity, image, "import os; os.listdir('/tmp/data')")
    try:
        handle = backend.create(spec, name=identity.name, labels=spec.labels("image"))
        mounts = engine.api.inspect_container(handle)["Mounts"]
        volumes = {mount["Destination"]: mount["Name"] for mount in mounts}
        assert volumes["/tmp/data"] == name
        backend.remove(handle)
        left = {volume.name for volume in engine.volumes.list()}
        assert name in left
        assert volumes["/run/task"] not in left
        run(spec, backend)
    finally:
        engine.volumes.get(name).remove()


def test_out_of_memory_names_the_limit(backend, identity, image, monkeypatch):
    monkeypatch.setattr(
        "launcher.backends.docker.SAFE_DEFAULTS", {"mem_limit": "32m", "memswap_limit": "32m", "init": True}
    )
    with pytest.raises(ContainerOutOfMemory, match="out of memory at 32 MiB") as caught:
        run(python(identity, image, "x = b'x' * 200_000_000"), backend)
    assert caught.value.retry


def test_an_engine_that_is_not_there_says_so(project, identity, image):
    settings = project.settings(LAUNCHER_BACKEND="docker", DOCKER_HOST="tcp://127.0.0.1:9")
    with pytest.raises(EngineLost, match=r"tcp://127\.0\.0\.1:9 does not answer"):
        run(python(identity, image, "pass"), backends.load(settings))
