"""Credentials that may do less: a policy, and the identities that servers make for it."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from drtest.store.client import Credentials, bare_session

if TYPE_CHECKING:
    from drtest.store.interface import Place, Store

_VALID_FOR_S = 12 * 3600


def policy(actions: Iterable[str], place: Place | None = None) -> str:
    """Return an IAM policy document that allows *actions* (``s3:PutObject``) in *place* alone."""
    resources = ["*"]
    if place is not None:
        bucket = f"arn:aws:s3:::{place.bucket}"
        resources = [bucket, f"{bucket}/{place.prefix}*"]
    statement = {"Effect": "Allow", "Action": sorted(actions), "Resource": resources}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def by_iam(store: Store, document: str) -> Credentials:
    """Make a user with the policy *document* through the server's IAM API."""
    iam = _service(store, "iam")
    name = f"drtest-{secrets.token_hex(5)}"
    try:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="limits", PolicyDocument=document)
        key = iam.create_access_key(UserName=name)["AccessKey"]
    finally:
        iam.close()
    return Credentials(access_key=key["AccessKeyId"], secret_key=key["SecretAccessKey"])


def by_sts(store: Store, document: str) -> Credentials:
    """Take on a role under the session policy *document*; good for 12 hours, with a token."""
    sts = _service(store, "sts")
    try:
        made = sts.assume_role(
            RoleArn="arn:aws:iam::000000000000:role/drtest",  # MinIO reads neither of the two
            RoleSessionName="drtest",
            Policy=document,
            DurationSeconds=_VALID_FOR_S,
        )["Credentials"]
    finally:
        sts.close()
    return Credentials(
        access_key=made["AccessKeyId"],
        secret_key=made["SecretAccessKey"],
        session_token=made["SessionToken"],
    )


def _service(store: Store, name: str) -> Any:  # no stubs for iam and sts
    session: Any = boto3.session.Session(botocore_session=bare_session())
    return session.client(
        name,
        endpoint_url=store.endpoint_url,
        region_name=store.region,
        aws_access_key_id=store.credentials.access_key,
        aws_secret_access_key=store.credentials.secret_key,
        config=Config(proxies={}, connect_timeout=5, read_timeout=20),
    )
