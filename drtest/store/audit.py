"""Listens to MinIO's audit webhook: what the server itself says it answered."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from drtest import clock
from drtest.errors import StoreFailed
from drtest.store.interface import LoggedRequest

_MARKER = "/drtest-audit-marker-"
_SETTLED_WITHIN_S = 10.0
_LOOK_EVERY_S = 0.01

# The audit names the handler and not the method; these are the beginnings of handlers' names, in
# cmd/api-router.go of the version that is pinned. The first that fits decides.
_METHODS = (
    ("HeadBucket", "HEAD"),
    ("HeadObject", "HEAD"),
    ("DeleteMultipleObjects", "POST"),
    ("Delete", "DELETE"),
    ("AbortMultipartUpload", "DELETE"),
    ("NewMultipartUpload", "POST"),
    ("CompleteMultipartUpload", "POST"),
    ("PostRestoreObject", "POST"),
    ("PostPolicy", "POST"),
    ("SelectObjectContent", "POST"),
    ("AssumeRole", "POST"),
    ("Put", "PUT"),
    ("Copy", "PUT"),
    ("Get", "GET"),
    ("List", "GET"),
)


class AuditLog:
    """A server in a thread of drtest's; every event becomes one line of *file*.

    MinIO sends its events a little later than its answers, one after the other. ``settle`` waits
    for them: it makes MinIO send one more, and that is the last.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._markers = 0
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(
            target=self._server.serve_forever, name="minio-audit", daemon=True
        )
        self._file.touch()
        self._thread.start()

    @property
    def url(self) -> str:
        """Where events are to be sent."""
        return f"http://127.0.0.1:{self._server.server_port}/audit"

    def close(self) -> None:
        """Listen no more; what was heard stays in the file. Idempotent."""
        if self._thread.is_alive():
            self._server.shutdown()
            self._server.server_close()
            self._thread.join()

    def settle(self, endpoint_url: str) -> None:
        """Return once all is heard that the server at *endpoint_url* had answered before."""
        self._markers += 1
        marker = f"{_MARKER}{self._markers}"
        server = urlsplit(endpoint_url)
        connection = http.client.HTTPConnection(str(server.hostname), server.port, timeout=5)
        try:
            connection.request("HEAD", marker)
            connection.getresponse().read()
        finally:
            connection.close()
        deadline = clock.monotonic_s() + _SETTLED_WITHIN_S
        while not any(one.path == marker for one in self._heard()):
            if clock.monotonic_s() > deadline:
                raise StoreFailed("minio sends no audit events any more")
            clock.pause(_LOOK_EVERY_S)

    def requests(self) -> Iterator[LoggedRequest]:
        """Yield what was heard, in the order in which the server answered."""
        return (one for one in self._heard() if not one.path.startswith(_MARKER))

    def _heard(self) -> Iterator[LoggedRequest]:
        with self._file.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    method, path, status = json.loads(line)
                    yield LoggedRequest(method=method, path=path, status=status)

    def _write(self, body: bytes) -> None:
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            for text in body.splitlines():
                file.write(json.dumps(_told(json.loads(text))) + "\n")

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        write = self._write

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                write(self.rfile.read(int(self.headers.get("Content-Length") or 0)))
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                """Say nothing: the events are the log."""

        return Handler


def _told(event: dict[str, Any]) -> tuple[str, str, int]:
    """Return method, path with its query sorted, and status of one event.

    MinIO tells paths and queries decoded and not in their order; they are encoded as S3's clients
    do, so that two accounts of one request can be compared once both are sorted.
    """
    api = event.get("api", {})
    path = quote(event.get("requestPath", ""), safe="/~")
    if query := event.get("requestQuery"):
        path += "?" + urlencode(sorted(query.items()), quote_via=quote, safe="")
    return method_of(api.get("name", "")), path, int(api.get("statusCode", 0))


def method_of(name: str) -> str:
    """Return the HTTP method of one of MinIO's handlers; "?" for one that is not known."""
    return next((method for begin, method in _METHODS if name.startswith(begin)), "?")
