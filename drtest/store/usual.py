"""What the user's AWS set-up says, and where S3 is at Amazon."""

from __future__ import annotations

from pathlib import Path

import boto3
import botocore.session
from botocore.exceptions import BotoCoreError

from drtest.errors import UsageError
from drtest.store.client import Credentials, connect


def usual_credentials(profile: str = "") -> Credentials:
    """Return the user's S3 credentials as the AWS SDKs find them; the only place that looks.

    Environment, shared files, SSO, instance roles (boto3's order). They are read once: those that
    expire do so during a long run. UsageError where there are none.
    """
    try:
        found = boto3.session.Session(profile_name=profile or None).get_credentials()
        frozen = found.get_frozen_credentials() if found else None
    except BotoCoreError as error:
        raise UsageError(f"no usable S3 credentials: {error}") from error
    if frozen is None or not frozen.access_key or not frozen.secret_key:
        raise UsageError(
            "no S3 credentials in the usual places: set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY, or a profile of ~/.aws/credentials"
        )
    return Credentials(
        access_key=frozen.access_key,
        secret_key=frozen.secret_key,
        session_token=frozen.token or "",
    )


def usual_ca_file() -> Path | None:
    """Return what AWS_CA_BUNDLE (or ca_bundle in ~/.aws/config) names; None where neither does."""
    try:
        named = botocore.session.Session().get_config_variable("ca_bundle")
    except BotoCoreError as error:
        raise UsageError(f"no usable AWS set-up: {error}") from error
    return Path(named) if named else None


def aws_url(region: str) -> str:
    """Return the https URL of S3 in *region* by botocore's own table of partitions."""
    nobody = Credentials(access_key="nobody", secret_key="nothing")  # noqa: S106
    client = connect("", credentials=nobody, region=region)
    try:
        return str(client.meta.endpoint_url)
    finally:
        client.close()
