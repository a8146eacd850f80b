"""Lists a bucket as it stood at a moment, whatever was written to it since.

A drill that runs beside later backups must not see half of one: what it would ask, and warn about,
would hang on chance. So its listings are the gateway's own, of what was there when its point was
settled. Objects themselves come from the store.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit
from xml.sax.saxutils import escape

from drtest.gateway.exchange import Exchange
from drtest.gateway.rules import Answer, Rule
from drtest.model.events import StoredObject

MOST_KEYS = 1000  # of one page: S3's own limit
_MODIFIED_AT = "2026-01-01T00:00:00.000Z"  # a listing must have one; duplicity reads none


def write_listing(file: Path, folder: str, objects: Iterable[StoredObject]) -> None:
    """Write what a Horizon shows: *objects*, which lie in *folder* of the bucket."""
    rows = [
        {
            "key": folder + one.key,
            "size": one.size_bytes,
            "etag": one.etag,
            "class": one.storage_class,
        }
        for one in objects
    ]
    file.write_text(json.dumps(rows), encoding="ascii")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Answer):
    """One page of a listing."""

    body: str

    def render(self, exchange: Exchange | None) -> bytes:
        """Return the bytes of the answer, which ends the connection."""
        del exchange
        body = self.body.encode()
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode("ascii") + body


class Horizon(Rule):
    """Answers ListObjects from a file that ``write_listing`` wrote."""

    name = "horizon"

    def __init__(self, file: Path) -> None:
        rows = json.loads(file.read_text(encoding="ascii"))
        self._rows = sorted(rows, key=lambda row: str(row["key"]).encode())

    async def at_head(self, exchange: Exchange) -> Answer | None:
        """Answer a listing; one of a kind that is not known here is refused, never let through."""
        if not exchange.target.operation.startswith("ListObject"):
            return None
        exchange.touched_by.append(self.name)
        asked = {
            name: values[-1]
            for name, values in parse_qs(
                urlsplit(exchange.head.target).query, keep_blank_values=True
            ).items()
        }
        if exchange.target.operation != "ListObjects" or asked.get("delimiter"):
            return Answer(
                status=501,
                reason="Not Implemented",
                error_code="NotImplemented",
                message="a listing as of a moment is a plain ListObjects",
            )
        return self._page(exchange.target.bucket, asked)

    def _page(self, bucket: str, asked: dict[str, str]) -> Page:
        prefix, marker = asked.get("prefix", ""), asked.get("marker", "")
        most = min(int(asked.get("max-keys") or MOST_KEYS), MOST_KEYS)
        found = [
            row
            for row in self._rows
            if row["key"].startswith(prefix) and row["key"].encode() > marker.encode()
        ]
        is_url = asked.get("encoding-type") == "url"
        contents = "".join(
            f"<Contents><Key>{escape(quote(row['key']) if is_url else row['key'])}</Key>"
            f"<LastModified>{_MODIFIED_AT}</LastModified>"
            f"<ETag>{escape(row['etag'])}</ETag><Size>{row['size']}</Size>"
            f"<StorageClass>{row['class']}</StorageClass></Contents>"
            for row in found[:most]
        )
        return Page(
            status=200,
            reason="OK",
            error_code="",
            message="",
            body=(
                '<?xml version="1.0" encoding="UTF-8"?>\n'
                '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
                f"<Name>{escape(bucket)}</Name><Prefix>{escape(prefix)}</Prefix>"
                f"<Marker>{escape(marker)}</Marker><MaxKeys>{most}</MaxKeys>"
                f"{'<EncodingType>url</EncodingType>' if is_url else ''}"
                f"<IsTruncated>{'true' if len(found) > most else 'false'}</IsTruncated>"
                f"{contents}</ListBucketResult>"
            ),
        )
