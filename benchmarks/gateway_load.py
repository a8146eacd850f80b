"""What the gateway itself costs, with no duplicity: CPU a request over time, memory a size.

``python benchmarks/gateway_load.py requests [N]`` sends N (default 1,000,000) small PUTs over eight
connections and compares the CPU a request of the last 10,000 with that of the first 10,000 (after
a warm-up of 2,000), then reads the log back. ``... memory`` compares the peak memory of passing
250 MiB objects with that of 1 MiB objects. Both peers live in this process; requests go in batches
of 20, so that they cost the machine less than the gateway does.
"""

from __future__ import annotations

import argparse
import resource
import socket
import sys
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

from drtest.clock import monotonic_s
from drtest.gateway import Gateway, Listener, totals

AT = datetime(2026, 1, 1, tzinfo=UTC)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
BATCH, CONNECTIONS, WINDOW, WARM_UP = 20, 8, 10_000, 2_000
MIB = 1024 * 1024
CPU_RATIO_LIMIT, MEMORY_RATIO_LIMIT, READ_LIMIT_S, READ_LIMIT_BYTES = 1.1, 1.1, 10.0, 300e6


def small(number: int) -> bytes:
    """A request like those of boto3, always of the same size."""
    return (
        f"PUT /bucket/host/duplicity-full.20260101T030000Z.vol{number:07d}.difftar.gpg HTTP/1.1\r\n"
        "Host: 127.0.0.1:5000\r\nAccept-Encoding: identity\r\n"
        "User-Agent: Boto3/1.44.5 md/Botocore#1.44.5 ua/2.1 os/linux md/arch#x86_64 lang/python\r\n"
        "X-Amz-Date: 20260101T030000Z\r\nX-Amz-Content-SHA256: UNSIGNED-PAYLOAD\r\n"
        "Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, "
        "SignedHeaders=host;x-amz-content-sha256;x-amz-date, Signature=00\r\n"
        f"amz-sdk-invocation-id: 00000000-0000-0000-0000-{number:012d}\r\n"
        "amz-sdk-request: attempt=1\r\nContent-Length: 5\r\n\r\nhello"
    ).encode("ascii")


def receive(sock: socket.socket, size_bytes: int) -> int:
    """Receive so many bytes; fewer where the peer ends before."""
    got = 0
    buffer = bytearray(MIB)
    while got < size_bytes:
        taken = sock.recv_into(buffer, min(MIB, size_bytes - got))
        if not taken:
            break
        got += taken
    return got


class Store:
    """Answers requests of one known size, however many come at once."""

    def __init__(self, request_bytes: int) -> None:
        self._size = request_bytes
        self._door = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            sock, _ = self._door.accept()
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        buffer, had = bytearray(MIB), 0
        with sock:
            while taken := sock.recv_into(buffer):
                whole, had = divmod(had + taken, self._size)
                if whole:
                    sock.sendall(OK * whole)


def listen(gateway: Gateway, upstream: str) -> Listener:
    """Open a plain listener."""
    return gateway.listen(
        upstream=upstream, scenario="load", step="1", phase="full", simulated_at=AT
    )


def send(sockets: list[socket.socket], first: int, count: int) -> None:
    """Send *count* requests over all connections and wait for the answers."""
    turn = BATCH * len(sockets)
    for at in range(first, first + count, turn):
        for place, sock in enumerate(sockets):
            start = at + place * BATCH
            sock.sendall(b"".join(small(number) for number in range(start, start + BATCH)))
        for sock in sockets:
            if receive(sock, BATCH * len(OK)) != BATCH * len(OK):
                raise SystemExit("the gateway closed a connection")


def measure_requests(count: int, folder: Path) -> bool:
    """CPU a request, first against last; then the reading of the log."""
    store, log = Store(len(small(0))), folder / "requests.jsonl"
    with Gateway(folder, log=log) as gateway:
        listener = listen(gateway, store.url)
        sockets = [
            socket.create_connection(("127.0.0.1", listener.port)) for _ in range(CONNECTIONS)
        ]
        began = monotonic_s()
        window = WINDOW // (BATCH * CONNECTIONS) * BATCH * CONNECTIONS
        warm = -(-WARM_UP // (BATCH * CONNECTIONS)) * BATCH * CONNECTIONS
        sent = 0

        def cpu_of(requests: int) -> float:
            nonlocal sent
            before = gateway.measure().cpu_s
            send(sockets, sent, requests)
            sent += requests
            return (gateway.measure().cpu_s - before) / requests

        cpu_of(warm)
        early = gateway.measure().rss_bytes
        first = cpu_of(window)
        middle = (count - sent - window) // (BATCH * CONNECTIONS) * BATCH * CONNECTIONS
        between = cpu_of(middle)
        last = cpu_of(window)
        elapsed_s = monotonic_s() - began
        late = gateway.measure().rss_bytes
        for sock in sockets:
            sock.close()
        gateway.close(listener)
    print(f"{sent:,} requests in {elapsed_s:.0f} s; log {log.stat().st_size / MIB:.0f} MiB")
    in_us = [f"{seconds * 1e6:.0f}" for seconds in (first, between, last)]
    print(f"CPU a request in us: first {in_us[0]}, between {in_us[1]}, last {in_us[2]}")
    ratio = last / first
    print(f"last / first: {ratio:.3f} (limit {CPU_RATIO_LIMIT})")
    print(f"gateway's memory: {early / MIB:.1f} MiB -> {late / MIB:.1f} MiB")
    began = monotonic_s()
    found = totals(log)
    read_s = monotonic_s() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    print(
        f"totals of {found.total:,} rows in {read_s:.1f} s (limit {READ_LIMIT_S:.0f} s a million),"
    )
    print(
        f"    peak memory of this process {peak / 1e6:.0f} MB (limit {READ_LIMIT_BYTES / 1e6:.0f})"
    )
    return (
        ratio <= CPU_RATIO_LIMIT
        and found.total == sent
        and read_s <= READ_LIMIT_S * sent / 1e6
        and peak <= READ_LIMIT_BYTES
    )


def peak_of(size_bytes: int, count: int, folder: Path) -> int:
    """The gateway's peak memory after *count* objects of one size."""
    head = f"PUT /bucket/k HTTP/1.1\r\nHost: s\r\nContent-Length: {size_bytes}\r\n\r\n".encode()
    store, block = Store(len(head) + size_bytes), bytes(MIB)
    folder.mkdir()
    with Gateway(folder, log=folder / "requests.jsonl") as gateway:
        listener = listen(gateway, store.url)
        with socket.create_connection(("127.0.0.1", listener.port)) as sock:
            for _ in range(count):
                sock.sendall(head)
                for _ in range(size_bytes // MIB):
                    sock.sendall(block)
                if receive(sock, len(OK)) != len(OK):
                    raise SystemExit("the gateway closed a connection")
        gateway.close(listener)
        return gateway.measure().peak_rss_bytes


def measure_memory(folder: Path) -> bool:
    """The same number of bytes, as 250 MiB objects and as 1 MiB objects."""
    small_peak = peak_of(MIB, 750, folder / "small")
    large_peak = peak_of(250 * MIB, 3, folder / "large")
    ratio = large_peak / small_peak
    print(
        f"peak memory: 1 MiB objects {small_peak / MIB:.1f} MiB, 250 MiB {large_peak / MIB:.1f} MiB"
    )
    print(f"ratio: {ratio:.3f} (limit {MEMORY_RATIO_LIMIT})")
    return ratio <= MEMORY_RATIO_LIMIT


def main() -> int:
    """Return 0 where every limit is kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["requests", "memory"])
    parser.add_argument("count", nargs="?", type=int, default=1_000_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drtest-bench-") as name:
        folder = Path(name)
        if chosen.what == "memory":
            return 0 if measure_memory(folder) else 1
        return 0 if measure_requests(chosen.count, folder) else 1


if __name__ == "__main__":
    sys.exit(main())
