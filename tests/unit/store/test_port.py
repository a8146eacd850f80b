"""Whose a listening port is: one's own, another's, and that of a server that has just ended."""

from __future__ import annotations

import os
import socket

import pytest

from drtest.store import port as ports

NOBODY = 65534


@pytest.fixture
def listening() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


def test_a_port_is_its_process_s_own(listening: socket.socket) -> None:
    with listening:
        number = listening.getsockname()[1]
        assert ports.is_listened_on_by(number, os.getpid())
        assert not ports.is_listened_on_by(number, os.getppid())
    assert not ports.is_listened_on_by(number, os.getpid())


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_server_that_has_ended_listens_on_nothing(listening: socket.socket) -> None:
    """An ordinary user may not look at what it has open, nor may root be asked to."""
    with listening:
        number = listening.getsockname()[1]
        user = os.fork()
        if user == 0:
            status = 3
            try:
                if os.geteuid() == 0:
                    os.setuid(NOBODY)
                ended = os.fork()
                if ended == 0:
                    os._exit(0)
                os.waitid(os.P_PID, ended, os.WEXITED | os.WNOWAIT)  # it stays a zombie
                status = int(ports.is_listened_on_by(number, ended))
            finally:
                os._exit(status)
        assert os.waitstatus_to_exitcode(os.waitpid(user, 0)[1]) == 0
