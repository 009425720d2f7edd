"""What the lifecycle relies on in every backend, the fake of the property tests among them."""

from __future__ import annotations

import time

import pytest
from fake import FAIL, SUCCEED, WAIT, FakeBackend, FakeEngine
from launcher.backends.base import Gone, NameTaken
from launcher.spec import TaskSpec
from rigs import wait_for

CODE = {
    SUCCEED: "print('begun')\nleave(PARAMS['identity']['try_number'])",
    FAIL: "print('begun')\nsys.exit(1)",
    WAIT: """
print('begun', flush=True)
while not (TASK_DIR / 'go').exists(): time.sleep(0.05)
leave(PARAMS['identity']['try_number'])
""",
}


class FakeRig:
    def __init__(self):
        self.backend = FakeBackend(FakeEngine())

    def spec(self, identity, program):
        return TaskSpec(identity=identity, image="image", command=(program,), task_instance="one")


class RealRig:
    def __init__(self, rig):
        self.backend = rig.backend
        self._rig = rig

    def spec(self, identity, program):
        return self._rig.spec(identity, CODE[program])


@pytest.fixture(params=["fake", "process", pytest.param("docker", marks=pytest.mark.engine)])
def backend_rig(request):
    if request.param == "fake":
        return FakeRig()
    return RealRig(request.getfixturevalue(f"{request.param}_rig"))


@pytest.fixture
def make(backend_rig, identity):
    """Create and stage a task; the backend, and its handle."""

    def make(program):
        backend, spec = backend_rig.backend, backend_rig.spec(identity, program)
        handle = backend.create(spec, name=identity.name, labels=spec.labels(backend.prepare(spec)))
        backend.stage(handle, {"in/params.json": spec.params_json(), "owner": b"me"})
        return backend, handle

    return make


def test_nothing_is_found_of_what_was_never_created(backend_rig, identity):
    assert backend_rig.backend.find(identity) == []


def test_created_is_found_by_its_task_instance_with_its_labels(make, identity):
    backend, handle = make(SUCCEED)
    (found,) = backend.find(identity)
    assert (found.handle, found.state, found.exit_code) == (handle, "created", None)
    assert identity.labels.items() <= found.labels.items()
    assert found.created


def test_the_name_is_taken_until_it_is_removed(make, identity):
    backend, handle = make(SUCCEED)
    with pytest.raises(NameTaken):
        make(SUCCEED)
    backend.remove(handle)
    backend.remove(handle)
    assert backend.find(identity) == []
    make(SUCCEED)


@pytest.mark.parametrize(("program", "code"), [(SUCCEED, 0), (FAIL, 1)])
def test_an_end_is_seen_with_its_exit_code_and_what_it_left(make, identity, program, code):
    backend, handle = make(program)
    backend.start(handle)
    wait_for(lambda: not backend.status(handle).running)
    assert backend.status(handle).exit_code == code
    (found,) = backend.find(identity)
    assert (found.state, found.exit_code) == ("ended", code)
    result = backend.read(handle, "out/result.json", limit=100)
    assert result == (b"1" if program == SUCCEED else None)
    assert b"".join(piece.data for piece in backend.logs(handle, since=0, follow=False)) == b"begun\n"


def test_files_are_read_and_written_before_during_and_after_the_run(make, identity):
    backend, handle = make(WAIT)
    assert backend.read(handle, "owner", limit=100) == b"me"
    backend.start(handle)
    backend.write(handle, "owner", b"you")
    with backend.hurried():
        assert backend.read(handle, "owner", limit=100) == b"you"
    (found,) = backend.find(identity)
    assert (found.state, found.exit_code) == ("running", None)
    backend.write(handle, "go", b"")
    wait_for(lambda: not backend.status(handle).running)
    backend.write(handle, "owner", b"they")
    assert backend.read(handle, "owner", limit=100) == b"they"
    assert backend.read(handle, "none", limit=100) is None


def test_a_stop_ends_it_and_not_well(make, identity):
    backend, handle = make(WAIT)
    backend.start(handle)
    wait_for(lambda: list(backend.logs(handle, since=0, follow=False)))
    backend.stop(handle, grace=1)
    deadline = time.monotonic() + 1
    while backend.status(handle).running:
        if time.monotonic() > deadline:
            backend.stop(handle, grace=0)
        time.sleep(0.05)
    (found,) = backend.find(identity)
    assert found.state == "ended"
    assert found.exit_code != 0


def test_calls_on_what_has_gone_say_so(make):
    backend, handle = make(SUCCEED)
    backend.remove(handle)
    calls = [
        lambda: backend.status(handle),
        lambda: backend.start(handle),
        lambda: backend.read(handle, "owner", limit=1),
        lambda: backend.write(handle, "owner", b""),
        lambda: list(backend.logs(handle, since=0, follow=False)),
    ]
    for call in calls:
        with pytest.raises(Gone):
            call()
