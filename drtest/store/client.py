"""The boto3 client of a store: everything explicit, nothing from the user's AWS set-up."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.configprovider import BOTOCORE_DEFAUT_SESSION_VARIABLES

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 3
CONNECTIONS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """An S3 identity. Its text never shows the secret; redact learns it from the fields."""

    access_key: str
    secret_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)

    @classmethod
    def throw_away(cls) -> Credentials:
        """Return credentials that no one else has, for a server that drtest starts itself.

        Not from the scenario's seed: what is predictable would let others on the machine in.
        """
        return cls(access_key=f"drtest{secrets.token_hex(5)}", secret_key=secrets.token_hex(20))


def connect(
    endpoint_url: str,
    *,
    credentials: Credentials,
    region: str,
    through_proxy: bool = False,
    ca_file: Path | None = None,
) -> S3Client:
    """Return a path-style client that tries each request three times.

    An empty *endpoint_url* is Amazon's of that region. ``through_proxy`` lets the environment's
    http(s)_proxy through, for a store that is not on this machine; *ca_file* holds the
    certificates to trust instead of the public ones.
    """
    session = boto3.session.Session(botocore_session=bare_session())
    return session.client(
        "s3",
        endpoint_url=endpoint_url or None,
        region_name=region,
        aws_access_key_id=credentials.access_key,
        aws_secret_access_key=credentials.secret_key,
        aws_session_token=credentials.session_token or None,
        verify=str(ca_file) if ca_file else None,
        config=Config(
            s3={"addressing_style": "path"},
            retries={"total_max_attempts": ATTEMPTS, "mode": "standard"},
            connect_timeout=5,
            read_timeout=60,
            max_pool_connections=CONNECTIONS,
            proxies=None if through_proxy else {},
        ),
    )


def bare_session() -> botocore.session.Session:
    """Return a session that reads no environment variable and no file of the user's.

    An AWS_PROFILE that names nothing, an AWS_ENDPOINT_URL or a region from ~/.aws/config would
    otherwise change or break a store that has nothing to do with them.
    """
    nowhere = {"config_file": os.devnull, "credentials_file": os.devnull}
    return botocore.session.Session(
        session_vars={
            name: (config_name, None, nowhere.get(name, default), conversion)
            for name, (config_name, _, default, conversion) in (
                BOTOCORE_DEFAUT_SESSION_VARIABLES.items()
            )
        }
    )
