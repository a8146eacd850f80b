"""The least IAM policy for each phase of a stored run, in the user's own names where wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

from drtest.api.requests import Wanted, log_of, matching
from drtest.errors import UsageError
from drtest.gateway.classify import query_value
from drtest.gateway.iam import Policy, policies
from drtest.model.traffic import Request
from drtest.runner.bench import PREFIX


def least_policies(
    folder: Path, *, scenario: str = "", bucket: str = "", prefix: str | None = None
) -> dict[str, Policy]:
    """Return one policy document for each phase of the run in *folder*: backup, prune, drill.

    *scenario*: only of scenarios whose names have these words. *bucket* and *prefix*, where given,
    stand in the place of the run's own; a *prefix* of "" is the bucket's root.
    """
    if prefix is not None and not bucket:
        raise UsageError("--prefix needs --bucket: a prefix alone names nothing")
    requests = matching(log_of(folder), Wanted(scenario=scenario))
    if bucket:
        place = "" if prefix is None else f"{prefix.strip('/')}/".lstrip("/")
        requests = (renamed(one, bucket, place) for one in requests)
    return policies(requests)


def renamed(request: Request, bucket: str, prefix: str) -> Request:
    """Return *request* as it would be for *bucket* and *prefix* ("" or with a slash behind)."""
    own = f"{PREFIX}/"
    key = request.key
    if key.startswith(own):
        key = prefix + key.removeprefix(own)
    listed = query_value(request.path, "prefix")
    path = request.path
    if listed is not None:
        mine = prefix + listed.removeprefix(own) if listed.startswith(own) else listed
        path = _with_prefix(path, mine)
    return replace(request, bucket=bucket if request.bucket else "", key=key, path=path)


def _with_prefix(path: str, prefix: str) -> str:
    before, _, query = path.partition("?")
    return f"{before}?{'&'.join(_fields(query, prefix))}"


def _fields(query: str, prefix: str) -> Iterator[str]:
    for part in query.split("&"):
        name = part.partition("=")[0]
        yield f"prefix={quote(prefix, safe='')}" if name == "prefix" else part
