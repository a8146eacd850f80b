from __future__ import annotations

import os
import select
import signal
import socket
import sys
import threading
from pathlib import Path

import pytest
from support.gateways import AT, passage
from support.peers import LIMIT_S, receive_all, receive_exactly, serving

from drtest import process
from drtest.errors import EnvironmentFault
from drtest.gateway import Gateway, Listener

GET = b"GET /bucket/k HTTP/1.1\r\nHost: store\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def listen(gateway: Gateway, upstream: str = "http://127.0.0.1:9", scenario: str = "s") -> Listener:
    return gateway.listen(
        upstream=upstream, scenario=scenario, step="1", phase="full", simulated_at=AT
    )


def answering(sock: socket.socket) -> None:
    while receive_exactly(sock, len(GET)):
        sock.sendall(OK)


def test_a_gateway_that_runs_has_a_log(tmp_path: Path) -> None:
    with Gateway(tmp_path, log=tmp_path / "requests.jsonl") as running:
        assert running.log.read_text() == ""


def test_ports_give_scenario_step_and_phase(gateway: Gateway) -> None:
    with (
        serving(answering) as (port, troubles),
        passage(gateway, port, step="4", phase="prune") as one,
        passage(gateway, port, step="drill 1.2", phase="drill") as other,
    ):
        assert one.listener.endpoint_url == f"http://127.0.0.1:{one.listener.port}"
        assert one.listener.environment == {}
        for listener in (one.listener, other.listener):
            with socket.create_connection(("127.0.0.1", listener.port), LIMIT_S) as client:
                client.sendall(GET + GET)
                assert receive_exactly(client, 2 * len(OK)) == OK + OK
    assert troubles == []
    assert [(row.step, row.phase) for row in one.rows] == [("4", "prune")] * 2
    assert [(row.step, row.phase) for row in other.rows] == [("drill 1.2", "drill")] * 2
    assert [row.is_reused for row in one.rows] == [False, True]


def test_closing_twice_is_closing_once(gateway: Gateway) -> None:
    listener = listen(gateway)
    assert gateway.close(listener)
    assert gateway.close(listener)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", listener.port), LIMIT_S)


def test_many_threads_may_ask_at_once(gateway: Gateway) -> None:
    ports: list[int] = []

    def ask() -> None:
        for _ in range(5):
            listener = listen(gateway)
            ports.append(listener.port)
            gateway.close(listener)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(ports) == 40


@pytest.mark.parametrize("upstream", ["127.0.0.1:9", "ftp://h/", "http:///x"])
def test_an_upstream_that_is_none(gateway: Gateway, upstream: str) -> None:
    with pytest.raises(ValueError, match="no http or https URL"):
        listen(gateway, upstream)


def test_what_the_process_cannot_do_is_said(gateway: Gateway, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentFault, match="could not listen"):
        gateway.listen(
            upstream="https://localhost:1",
            authority=tmp_path / "absent.pem",
            scenario="s",
            step="1",
            phase="full",
            simulated_at=AT,
        )
    assert gateway.is_alive


def test_a_dead_gateway_is_a_fault_and_not_a_verdict(tmp_path: Path) -> None:
    with Gateway(tmp_path, log=tmp_path / "log") as gateway:
        listener = listen(gateway)
        assert gateway._child is not None
        os.killpg(gateway._child.pid, signal.SIGKILL)
        with pytest.raises(EnvironmentFault, match="has died"):
            gateway.close(listener)
        assert not gateway.is_alive
        with pytest.raises(EnvironmentFault, match="has died"):
            listen(gateway)
    assert gateway.close(listener)  # after the end there is nothing left to close
    with pytest.raises(EnvironmentFault, match="not running"):
        listen(gateway)


def test_its_end_can_be_waited_for(tmp_path: Path) -> None:
    with Gateway(tmp_path, log=tmp_path / "log") as gateway:
        assert select.select([gateway.gone], [], [], 0)[0] == []
        assert gateway._child is not None
        os.killpg(gateway._child.pid, signal.SIGKILL)
        assert select.select([gateway.gone], [], [], LIMIT_S)[0] == [gateway.gone]
    with pytest.raises(EnvironmentFault, match="not running"):
        _ = gateway.gone


def test_a_log_that_cannot_be_written_ends_the_gateway(tmp_path: Path) -> None:
    with Gateway(tmp_path, log=Path("/dev/full")) as gateway:
        with pytest.raises(EnvironmentFault, match="has died"):
            listen(gateway)
        assert any("No space left" in line for line in gateway.log_tail())


def test_a_folder_with_a_long_name_will_do(tmp_path: Path) -> None:
    folder = tmp_path / ("x" * 100) / ("y" * 100)
    with Gateway(folder, log=folder / "log") as gateway:
        assert gateway.is_alive


PARENT = """
import os, sys
from pathlib import Path
from drtest.gateway import Gateway
folder = Path(sys.argv[1])
gateway = Gateway(folder, log=folder / "log").__enter__()
(folder / "pid").write_text(str(gateway._child.pid))
os.kill(os.getpid(), 9)
"""


def test_the_gateway_does_not_outlive_its_parent(tmp_path: Path) -> None:
    ended = process.run(
        [sys.executable, "-c", PARENT, str(tmp_path)],
        env={"PATH": process.SYSTEM_PATH, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        log=tmp_path / "out",
        timeout_s=LIMIT_S,
    )
    assert ended.status == -signal.SIGKILL, ended.log.read_text()
    try:
        handle = os.pidfd_open(int((tmp_path / "pid").read_text()))
    except ProcessLookupError:
        return  # it was gone before it could be looked at
    try:
        assert select.select([handle], [], [], LIMIT_S)[0]
    finally:
        os.close(handle)


def test_a_killed_gateway_leaves_the_rows_that_had_arrived(tmp_path: Path) -> None:
    from drtest.gateway import requests

    seen = threading.Event()

    def silent(sock: socket.socket) -> None:
        receive_exactly(sock, len(GET))
        seen.set()
        receive_all(sock)

    with serving(silent) as (port, _), Gateway(tmp_path, log=tmp_path / "log") as gateway:
        listener = listen(gateway, f"http://127.0.0.1:{port}")
        with socket.create_connection(("127.0.0.1", listener.port), LIMIT_S) as client:
            client.sendall(GET)
            assert seen.wait(LIMIT_S)
            assert gateway._child is not None
            os.killpg(gateway._child.pid, signal.SIGKILL)
            assert receive_all(client) == b""
    (row,) = requests(tmp_path / "log")
    assert (row.operation, row.outcome) == ("GetObject", "unknown")
