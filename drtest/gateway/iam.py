"""The least IAM policy that a log of requests needed, and a judge of such policies. Pure.

Which action an S3 operation needs: docs.aws.amazon.com/AmazonS3/latest/userguide/
using-with-s3-policy-actions.html. Resources are the object-name prefixes that were used, not single
keys, since the next backup has other names. A policy holds what *was* asked for: a cache that was
never lost was never fetched again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from drtest.gateway.classify import UNKNOWN, query_value
from drtest.model.names import parse_name
from drtest.model.traffic import Request

Policy = dict[str, Any]

_BACKUPS = frozenset({"full", "incremental", "backup"})

# Operations whose action is not "s3:" and their own name.
_ACTIONS: Mapping[str, str] = {
    "HeadBucket": "s3:ListBucket",
    "ListObjects": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "ListObjectVersions": "s3:ListBucketVersions",
    "ListBuckets": "s3:ListAllMyBuckets",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListParts": "s3:ListMultipartUploadParts",
    "HeadObject": "s3:GetObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
    "DeleteObjects": "s3:DeleteObject",
    "GetBucketLifecycleConfiguration": "s3:GetLifecycleConfiguration",
    "PutBucketLifecycleConfiguration": "s3:PutLifecycleConfiguration",
    "DeleteBucketLifecycle": "s3:PutLifecycleConfiguration",
    "GetBucketEncryption": "s3:GetEncryptionConfiguration",
    "PutBucketEncryption": "s3:PutEncryptionConfiguration",
    "GetObjectLockConfiguration": "s3:GetBucketObjectLockConfiguration",
    "PutObjectLockConfiguration": "s3:PutBucketObjectLockConfiguration",
}
_OF_A_VERSION = frozenset({"s3:GetObject", "s3:DeleteObject"})
_LISTS = frozenset({"ListObjects", "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads"})
_BATCH = "DeleteObjects"  # its keys are in its body, which no log holds
_PREFIX = "s3:prefix"


def policies(requests: Iterable[Request]) -> dict[str, Policy]:
    """Return one policy document for each phase; backup, full and incremental are one.

    Requests that the gateway answered itself and those that are no S3 operation need no right.
    """
    needs: dict[str, _Needs] = {}
    for request in requests:
        if request.meant_for == "store" and request.operation != UNKNOWN:
            phase = "backup" if request.phase in _BACKUPS else request.phase
            needs.setdefault(phase, _Needs()).add(request)
    return {phase: need.policy() for phase, need in sorted(needs.items())}


def evaluate(policy: Policy, request: Request) -> bool:
    """Whether *policy* lets *request* through, by the document's own text.

    Knows what ``policies`` writes: Allow, actions, resources with wildcards, and the conditions
    ``StringEquals`` and ``StringEqualsIfExists`` on ``s3:prefix``. Anything else is a ValueError.
    """
    action, resource = action_of(request), _resource_of(request)
    return any(
        statement["Effect"] == "Allow"
        and action in statement["Action"]
        and any(_matches(pattern, resource) for pattern in statement["Resource"])
        and all(
            _holds(operator, condition, request)
            for operator, condition in statement.get("Condition", {}).items()
        )
        for statement in policy["Statement"]
    )


def action_of(request: Request) -> str:
    """Return the IAM action that *request* needs."""
    action = _ACTIONS.get(request.operation, f"s3:{request.operation}")
    if action in _OF_A_VERSION and query_value(request.path, "versionId") is not None:
        return f"{action}Version"
    return action


class _Needs:
    """What one phase asked for."""

    def __init__(self) -> None:
        self._objects: dict[str, set[str]] = {}  # resource -> actions
        self._buckets: dict[tuple[str, str], set[str | None]] = {}  # (resource, action) -> prefixes

    def add(self, request: Request) -> None:
        action = action_of(request)
        if request.key or request.operation == _BATCH:
            pattern = _key_pattern(request.key) if request.key else "*"
            resource = f"arn:aws:s3:::{request.bucket}/{pattern}"
            self._objects.setdefault(resource, set()).add(action)
        else:
            prefixes = self._buckets.setdefault((_resource_of(request), action), set())
            prefixes.add(_prefix_of(request))

    def policy(self) -> Policy:
        statements = [
            {"Sid": f"{kind}{number}", "Effect": "Allow", **statement}
            for kind, found in (("Bucket", self._of_buckets()), ("Objects", self._of_objects()))
            for number, statement in enumerate(found, 1)
        ]
        return {"Version": "2012-10-17", "Statement": statements}

    def _of_buckets(self) -> Iterator[dict[str, Any]]:
        for (resource, action), found in sorted(self._buckets.items()):
            prefixes = sorted(prefix.replace("$", "${$}") for prefix in found if prefix is not None)
            statement: dict[str, Any] = {"Action": [action], "Resource": [resource]}
            if None not in found:
                statement["Condition"] = {"StringEquals": {_PREFIX: prefixes}}
            elif prefixes:
                # HeadBucket needs s3:ListBucket too and has no prefix, which IAM cannot tell from a
                # listing without one; the empty one stands for services that see "" there.
                allowed = sorted({"", *prefixes})
                statement["Condition"] = {"StringEqualsIfExists": {_PREFIX: allowed}}
            yield statement

    def _of_objects(self) -> Iterator[dict[str, Any]]:
        by_actions: dict[tuple[str, ...], list[str]] = {}
        for resource, actions in sorted(self._objects.items()):
            by_actions.setdefault(tuple(sorted(actions)), []).append(resource)
        for group, resources in sorted(by_actions.items()):
            yield {"Action": list(group), "Resource": resources}


def _resource_of(request: Request) -> str:
    if not request.bucket:
        return "*"
    key = "*" if request.operation == _BATCH else request.key
    return f"arn:aws:s3:::{request.bucket}" + (f"/{key}" if key else "")


def _prefix_of(request: Request) -> str | None:
    return query_value(request.path, "prefix") if request.operation in _LISTS else None


@lru_cache(maxsize=4096)  # a key is asked for several times in a row
def _key_pattern(key: str) -> str:
    name = parse_name(key)
    if name.kind == "other":
        return _literal(key)
    return _literal(name.prefix) + "duplicity-*"


def _literal(text: str) -> str:
    # IAM policy variables stand for the three characters that mean something in a resource
    return re.sub(r"[*?$]", lambda found: f"${{{found[0]}}}", text)


def _matches(pattern: str, resource: str) -> bool:
    parts = re.split(r"(\$\{[*?$]\}|\*|\?)", pattern)
    wild = {"*": ".*", "?": "."}
    regex = "".join(
        wild.get(part) or re.escape(part[2] if part.startswith("${") else part) for part in parts
    )
    return re.fullmatch(regex, resource, re.DOTALL) is not None


def _holds(operator: str, condition: Mapping[str, list[str]], request: Request) -> bool:
    if condition.keys() != {_PREFIX} or operator not in {"StringEquals", "StringEqualsIfExists"}:
        raise ValueError(f"unknown condition {operator} {sorted(condition)}")
    prefix = _prefix_of(request)
    if prefix is None:
        return operator == "StringEqualsIfExists"
    return prefix.replace("$", "${$}") in condition[_PREFIX]
