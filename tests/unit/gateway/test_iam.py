from __future__ import annotations

import json
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drtest.gateway.classify import classify
from drtest.gateway.iam import action_of, evaluate, policies
from drtest.model.traffic import Request

_numbers = count(1)
VOLUME = "/bkt/p/duplicity-full.20260101T030000Z.vol1.difftar.gpg"
LATER = "/bkt/p/duplicity-inc.20260201T030000Z.to.20260202T030000Z.vol3.difftar.gpg"
FOREIGN = "/bkt/other/duplicity-full.20260101T030000Z.vol1.difftar.gpg"


def request(method: str, path: str, phase: str = "full", **known: Any) -> Request:
    target = classify(method, path, {})
    facts: dict[str, Any] = {
        "number": next(_numbers),
        "scenario": "s",
        "step": "1",
        "phase": phase,
        "operation": target.operation,
        "method": method,
        "path": path,
        "bucket": target.bucket,
        "key": target.key,
        "kind": "",
        "set_at": "",
        "volume": None,
        "arrived_at": 0.0,
        "simulated_at": "",
        "status": 200,
        "error_code": "",
        "body_in_bytes": 0,
        "body_out_bytes": 0,
        "wire_in_bytes": 0,
        "wire_out_bytes": 0,
        "first_byte_s": None,
        "last_byte_s": None,
        "attempt": 1,
        "is_reused": False,
        "outcome": "ok",
        "answered_by": "store",
    }
    return Request(**{**facts, **known})


LIST = "/bkt?prefix=p%2F&encoding-type=url"
BACKUP = [
    request("HEAD", "/bkt"),
    request("GET", LIST),
    request("POST", VOLUME + "?uploads"),
    request("PUT", VOLUME + "?uploadId=u&partNumber=1"),
    request("POST", VOLUME + "?uploadId=u"),
    request("HEAD", VOLUME),
]
PRUNE = [request("HEAD", "/bkt", "prune"), request("DELETE", VOLUME, "prune")]
DRILL = [request("GET", LIST, "drill"), request("GET", VOLUME, "drill")]


def test_a_backup_needs_just_this() -> None:
    assert policies(BACKUP) == {
        "backup": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Sid": "Bucket1",
                    "Effect": "Allow",
                    "Action": ["s3:ListBucket"],
                    "Resource": ["arn:aws:s3:::bkt"],
                    "Condition": {"StringEqualsIfExists": {"s3:prefix": ["", "p/"]}},
                },
                {
                    "Sid": "Objects1",
                    "Effect": "Allow",
                    "Action": ["s3:GetObject", "s3:PutObject"],
                    "Resource": ["arn:aws:s3:::bkt/p/duplicity-*"],
                },
            ],
        }
    }


def test_phases_stay_apart_and_grant_nothing_of_each_other() -> None:
    written = json.loads(json.dumps(policies([*BACKUP, *PRUNE, *DRILL])))
    assert set(written) == {"backup", "prune", "drill"}
    deletion, fetch, upload = request("DELETE", LATER), request("GET", LATER), request("PUT", LATER)
    granted = {
        phase: [evaluate(policy, what) for what in (deletion, fetch, upload)]
        for phase, policy in written.items()
    }
    assert granted == {
        "backup": [False, True, True],
        "prune": [True, False, False],
        "drill": [False, True, False],
    }


def test_full_and_incremental_are_one_phase() -> None:
    phases = [request("HEAD", "/bkt", phase) for phase in ("full", "incremental", "backup")]
    assert set(policies(phases)) == {"backup"}


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        (request("GET", LIST), True),
        (request("HEAD", "/bkt"), True),
        (request("GET", "/bkt?prefix=q%2F"), False),
        (request("GET", "/other?prefix=p%2F"), False),
        (request("PUT", LATER), True),
        (request("PUT", FOREIGN), False),
        (request("PUT", "/bkt/p/readme"), False),
        (request("PUT", "/other" + VOLUME), False),
        (request("DELETE", VOLUME + "?uploadId=u"), False),
        (request("GET", VOLUME + "?versionId=1"), False),
        (request("GET", "/bkt?location"), False),
    ],
)
def test_what_a_backup_policy_lets_through(asked: Request, granted: bool) -> None:
    assert evaluate(policies(BACKUP)["backup"], asked) is granted


def test_a_listing_alone_is_bound_to_its_prefix() -> None:
    policy = policies(DRILL)["drill"]
    assert policy["Statement"][0]["Condition"] == {"StringEquals": {"s3:prefix": ["p/"]}}
    assert not evaluate(policy, request("HEAD", "/bkt"))
    assert not evaluate(policy, request("GET", "/bkt"))


def test_what_the_gateway_refused_was_not_needed() -> None:
    refused = request("PUT", VOLUME, "drill", answered_by="gateway")
    assert policies([refused]) == {}
    assert policies([request("PATCH", "/bkt/k")]) == {}


def test_signs_that_mean_something_to_iam_are_taken_literally() -> None:
    odd = request("PUT", "/bkt/a%2Ab%3F%24%7Bx%7D/duplicity-full.20260101T030000Z.manifest")
    policy = policies([odd])["backup"]
    assert policy["Statement"][0]["Resource"] == ["arn:aws:s3:::bkt/a${*}b${?}${$}{x}/duplicity-*"]
    assert evaluate(policy, odd)
    assert not evaluate(policy, request("PUT", "/bkt/aXb%3F%24%7Bx%7D/duplicity-x"))


@given(st.lists(st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1), min_size=1))
def test_a_policy_lets_its_own_log_through(keys: list[str]) -> None:
    from urllib.parse import quote

    log = [request("PUT", f"/bkt/{quote(key)}") for key in keys if not key.startswith("/")]
    log += [request("GET", f"/bkt?prefix={quote(key, safe='')}") for key in keys]
    found = policies(log)
    assert all(evaluate(found["backup"], asked) for asked in log)


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", VOLUME, "s3:GetObject"),
        ("GET", VOLUME + "?versionId=7", "s3:GetObjectVersion"),
        ("DELETE", VOLUME + "?versionId=7", "s3:DeleteObjectVersion"),
        ("DELETE", VOLUME + "?uploadId=7", "s3:AbortMultipartUpload"),
        ("POST", "/bkt?delete", "s3:DeleteObject"),
        ("POST", VOLUME + "?restore", "s3:RestoreObject"),
        ("GET", "/bkt?versions", "s3:ListBucketVersions"),
    ],
)
def test_actions(method: str, path: str, action: str) -> None:
    assert action_of(request(method, path)) == action


def test_a_batch_deletion_needs_every_object() -> None:
    batch = request("POST", "/bkt?delete", "prune")
    policy = policies([batch])["prune"]
    assert policy["Statement"][0]["Resource"] == ["arn:aws:s3:::bkt/*"]
    assert evaluate(policy, batch)
    assert not evaluate(policies(PRUNE)["prune"], batch)


def test_a_condition_that_is_not_known_is_not_guessed() -> None:
    policy = policies(DRILL)["drill"]
    policy["Statement"][0]["Condition"] = {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}
    with pytest.raises(ValueError, match="IpAddress"):
        evaluate(policy, request("GET", LIST))
