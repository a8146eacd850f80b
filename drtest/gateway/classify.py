"""Which S3 operation a request is, and of which bucket and key. Pure.

The routing table is made from botocore's own S3 service model (``service-2.json``): HTTP method,
request URI with its fixed query, and the query members and headers that an operation requires. Of
all operations that fit, the one that asks for most wins: ``PUT /b/k?partNumber&uploadId`` fits
PutObject too, but UploadPart asks for more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

from botocore.loaders import Loader

UNKNOWN = "Unknown"  # no operation of the model has this shape

Scope = Literal["service", "bucket", "object"]

# AWS's own endpoints, path-style and virtual-host style, with and without a region, dual-stack:
# docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
_AWS_HOST = re.compile(
    r"(?:(?P<bucket>[a-z0-9][a-z0-9._-]*)\.)?s3(?:[.-][a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What a request asks for. ``bucket`` and ``key`` are decoded, "" where there is none."""

    operation: str
    bucket: str
    key: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Route:
    operation: str
    fixed: tuple[tuple[str, str | None], ...]  # query names, with a value where the URI gives one
    query: tuple[str, ...]
    headers: tuple[str, ...]

    @property
    def demands(self) -> int:
        return len(self.fixed) + len(self.query) + len(self.headers)

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return (
            all(
                name in query and (value is None or query[name] == value)
                for name, value in self.fixed
            )
            and all(name in query for name in self.query)
            and all(name in headers for name in self.headers)
        )


def classify(
    method: str, target: str, headers: Mapping[str, str], *, endpoint_host: str = ""
) -> Target:
    """Return what ``method target`` asks for.

    *target* is a raw request target, origin form or absolute form. *headers* need hold no more
    than ``routing_headers()`` and ``host``, names in lower case. *endpoint_host* is the store's
    host without its port: ``bucket.endpoint_host`` is then virtual-host style.
    What fits no operation is ``Unknown``; a request that is no S3 at all does not raise.
    """
    if not target.startswith("/"):
        target = origin_form(target)
    path, _, query = target.partition("?")
    bucket = _host_bucket(headers.get("host", ""), endpoint_host)
    if bucket:
        key = path[1:]
    else:
        bucket, _, key = path[1:].partition("/")
        bucket = _decoded(bucket)
    scope: Scope = "object" if key else "bucket" if bucket else "service"
    routes = (_routes() if query else _bare_routes()).get((method, scope), ())
    fields = _query_fields(query) if query else {}
    operation = next((r.operation for r in routes if r.fits(fields, headers)), UNKNOWN)
    return Target(operation=operation, bucket=bucket, key=_decoded(key))


def query_value(target: str, name: str) -> str | None:
    """Return the decoded value of one query field of a raw request target, None where absent."""
    return _query_fields(target.partition("?")[2]).get(name)


def origin_form(target: str) -> str:
    """Return the path and query of an absolute-form request target (RFC 9112, 3.2.2)."""
    _, separator, rest = target.partition("://")
    if not separator:
        return target
    at = min((i for i in (rest.find("/"), rest.find("?")) if i >= 0), default=len(rest))
    path = rest[at:]
    return path if path.startswith("/") else "/" + path


@lru_cache(maxsize=1)
def routing_headers() -> frozenset[str]:
    """Return the names of all headers that decide an operation, in lower case."""
    return frozenset(
        name for routes in _routes().values() for route in routes for name in route.headers
    )


def operations() -> frozenset[str]:
    """Return the names of all operations that ``classify`` can give, without ``Unknown``."""
    return frozenset(route.operation for routes in _routes().values() for route in routes)


@lru_cache(maxsize=1)
def _routes() -> dict[tuple[str, Scope], tuple[_Route, ...]]:
    model: dict[str, Any] = Loader().load_service_model("s3", "service-2")
    table: dict[tuple[str, Scope], list[_Route]] = {}
    for name, operation in model["operations"].items():
        path, _, fixed = operation["http"]["requestUri"].partition("?")
        context = operation.get("staticContextParams", {})
        if (
            operation.get("deprecated")  # GetBucketLifecycle: same shape as its successor
            or "hostPrefix" in operation.get("endpoint", {})  # S3 Object Lambda, another host
            or (path == "/" and "UseS3ExpressControlEndpoint" in context)  # another host as well
        ):
            continue
        scope: Scope = (
            "object" if "{Key+}" in path else "bucket" if "{Bucket}" in path else "service"
        )
        shape = model["shapes"][operation["input"]["shape"]] if "input" in operation else {}
        required = [shape["members"][member] for member in shape.get("required", ())]
        table.setdefault((operation["http"]["method"], scope), []).append(
            _Route(
                operation=name,
                fixed=tuple(_fixed_field(part) for part in fixed.split("&") if part),
                query=_located(required, "querystring"),
                headers=tuple(name.lower() for name in _located(required, "header")),
            )
        )
    return {
        place: tuple(sorted(routes, key=lambda route: -route.demands))
        for place, routes in table.items()
    }


@lru_cache(maxsize=1)
def _bare_routes() -> dict[tuple[str, Scope], tuple[_Route, ...]]:
    """Return those that a request without a query can be: a few, where most others ask for one."""
    return {
        place: tuple(route for route in routes if not route.fixed and not route.query)
        for place, routes in _routes().items()
    }


def _fixed_field(part: str) -> tuple[str, str | None]:
    name, equals, value = part.partition("=")
    return name, value if equals else None


def _located(members: list[dict[str, str]], location: str) -> tuple[str, ...]:
    return tuple(m["locationName"] for m in members if m.get("location") == location)


def _query_fields(query: str) -> dict[str, str]:
    fields: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name:
            fields.setdefault(_decoded(name), _decoded(value.replace("+", " ")))
    return fields


def _decoded(text: str) -> str:
    # S3 keys are UTF-8; what is not gets the replacement character, the row's raw path keeps it
    if "%" not in text and text.isascii():
        return text
    return unquote_to_bytes(text.encode("latin-1", "replace")).decode("utf-8", "replace")


@lru_cache(maxsize=256)
def _host_bucket(host: str, endpoint_host: str) -> str:
    name = host.lower().rpartition(":")[0] if re.search(r":\d*$", host) else host.lower()
    if endpoint_host:
        if name == endpoint_host:
            return ""
        if name.endswith("." + endpoint_host):
            return name.removesuffix("." + endpoint_host)
    found = _AWS_HOST.fullmatch(name)
    return (found["bucket"] or "") if found else ""
