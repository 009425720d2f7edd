"""The engine behind a proxy that dies and hangs, as the stack's socat may."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

import pytest
from launcher import backends
from launcher.lifecycle import Attempt
from launcher.outcome import EngineLost, Outcome
from launcher.spec import TaskSpec

pytestmark = pytest.mark.engine

COUNT = "import time\nfor n in range({lines}):\n    print('line', n, flush=True)\n    time.sleep({pause})"


class Proxy:
    """Forwards TCP to the engine's Unix socket, until it is told not to."""

    def __init__(self, target):
        self._target = target
        self._server = socket.create_server(("127.0.0.1", 0))
        self._connections = []
        self._hung = set()
        self.refuses = False
        self.url = f"tcp://127.0.0.1:{self._server.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self):
        """Close every connection there is."""
        connections, self._connections = self._connections, []
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def hang(self):
        """Pass nothing on, and close nothing, on the connections there are."""
        self._hung |= set(self._connections)
        self._connections = []

    def _accept(self):
        while True:
            client, _ = self._server.accept()
            if self.refuses:
                client.close()
                continue
            engine = socket.socket(socket.AF_UNIX)
            engine.connect(self._target)
            self._connections += [client, engine]
            for source, sink in ((client, engine), (engine, client)):
                threading.Thread(target=self._copy, args=(source, sink), daemon=True).start()

    def _copy(self, source, sink):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if source not in self._hung:
                    sink.sendall(data)
        if source not in self._hung:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy(engine):
    if not engine.api.base_url.startswith("http+docker"):
        pytest.skip("the engine is not reached through a Unix socket")
    return Proxy("/var/run/docker.sock")


@pytest.fixture
def start(project, proxy, engine, identity, image):
    """Start an attempt through the proxy, in a thread."""

    def start(code, **kwargs):
        settings = project.settings(LAUNCHER_BACKEND="docker", LAUNCHER_VOLUMES="", DOCKER_HOST=proxy.url)
        command = ("python3", "-c", code)
        spec = TaskSpec(identity=identity, image=image, command=command, declares_result=False)
        shown, ended = [], []
        attempt = Attempt(spec, backends.load(settings), show=shown.append, result_limit=1000, **kwargs)

        def end():
            try:
                ended.append(attempt.run())
            except Exception as error:
                ended.append(error)

        thread = threading.Thread(target=end)
        thread.start()
        return thread, shown, ended

    yield start
    for container in engine.containers.list(all=True, filters={"label": f"launcher.run-id={identity.run}"}):
        container.remove(force=True, v=True)


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def test_cut_connections_lose_no_line_and_show_none_twice(start, proxy):
    thread, shown, ended = start(COUNT.format(lines=60, pause=0.1))
    for number in (5, 20, 40):
        wait_for(lambda seen=number: len(shown) >= seen)
        proxy.cut()
    thread.join(60)
    assert isinstance(ended[0], Outcome)
    assert shown == [f"line {number}" for number in range(60)]


def test_a_proxy_that_dies_and_comes_back_costs_nothing(start, proxy):
    thread, shown, ended = start(COUNT.format(lines=20, pause=0.1))
    wait_for(lambda: len(shown) >= 3)
    proxy.refuses = True
    proxy.cut()
    time.sleep(4)
    assert thread.is_alive()
    proxy.refuses = False
    thread.join(60)
    assert isinstance(ended[0], Outcome)
    assert shown == [f"line {number}" for number in range(20)]


def test_connections_that_hang_do_not_hide_the_end(start, proxy):
    thread, shown, ended = start(COUNT.format(lines=10, pause=0.1))
    wait_for(lambda: len(shown) >= 3)
    proxy.hang()
    thread.join(90)
    assert isinstance(ended[0], Outcome)
    assert shown == [f"line {number}" for number in range(10)]


def test_an_engine_that_stays_away_is_lost_and_its_container_left(start, proxy, engine, identity):
    thread, shown, ended = start(
        "import time; print('begun', flush=True); time.sleep(60)", daemon_loss_timeout=3
    )
    wait_for(lambda: shown == ["begun"])
    proxy.refuses = True
    proxy.cut()
    thread.join(60)
    assert isinstance(ended[0], EngineLost)
    assert ended[0].retry
    assert ended[0].last_lines == ("begun",)
    assert engine.containers.get(identity.name).status == "running"
