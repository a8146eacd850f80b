"""A listing as of a moment: whole, in pages, with what duplicity reads, and nothing let through."""

from __future__ import annotations

import asyncio
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import unquote

import pytest

from drtest.gateway.classify import classify
from drtest.gateway.exchange import Exchange, begun
from drtest.gateway.framing import RequestHead
from drtest.gateway.horizon import Horizon, write_listing
from drtest.gateway.rules import Answer
from drtest.model.events import StoredObject

NAMES = {"s3": "http://s3.amazonaws.com/doc/2006-03-01/"}


@pytest.fixture
def horizon(tmp_path: Path) -> Horizon:
    file = tmp_path / "listing.json"
    objects = [
        StoredObject(key=f"duplicity-{number:04d} <&>", size_bytes=number, etag=f'"{number}"')
        for number in range(2500)
    ]
    write_listing(file, "host/", [*reversed(objects), StoredObject(key="z", size_bytes=1)])
    return Horizon(file)


def asked(target: str) -> Exchange:
    head = RequestHead(raw=b"", method="GET", target=target, fields={})
    return begun(1, head, classify("GET", target, {}))


def answer(horizon: Horizon, target: str) -> Answer | None:
    return asyncio.run(horizon.at_head(asked(target)))


def page(horizon: Horizon, marker: str = "") -> ET.Element:
    target = f"/b?prefix=host/duplicity&encoding-type=url&marker={marker}"
    found = answer(horizon, target)
    assert found is not None
    head, _, body = found.render(None).partition(b"\r\n\r\n")
    assert b"200 OK" in head and f"Content-Length: {len(body)}".encode() in head
    return ET.fromstring(body)


def test_pages_join_to_the_whole_in_order(horizon: Horizon) -> None:
    keys: list[str] = []
    marker, pages = "", 0
    while True:
        found = page(horizon, marker)
        pages += 1
        rows = found.findall("s3:Contents", NAMES)
        keys += [unquote(row.findtext("s3:Key", "", NAMES)) for row in rows]
        assert [row.findtext("s3:Size", "", NAMES) for row in rows][:1] == [str((pages - 1) * 1000)]
        if found.findtext("s3:IsTruncated", "", NAMES) == "false":
            break
        marker = rows[-1].findtext("s3:Key", "", NAMES)
    assert pages == 3
    assert keys == [f"host/duplicity-{number:04d} <&>" for number in range(2500)]


def test_what_is_no_plain_listing_is_refused(horizon: Horizon) -> None:
    for target in ("/b?list-type=2&prefix=host/", "/b?prefix=host/&delimiter=/"):
        found = answer(horizon, target)
        assert found is not None and found.status == 501


def test_objects_come_from_the_store(horizon: Horizon) -> None:
    assert answer(horizon, "/b/host/duplicity-0001") is None
