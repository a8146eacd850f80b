"""The client that duplicity uses, against the gateway itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from support.gateways import passage

from drtest.gateway import Gateway, Listener
from drtest.store import Credentials
from drtest.store.moto import Moto


@contextmanager
def s3(listener: Listener, credentials: Credentials | None = None) -> Iterator[Any]:
    given = credentials or Credentials(access_key="test", secret_key="test")
    client = boto3.client(
        "s3",
        endpoint_url=listener.endpoint_url,
        region_name="us-east-1",
        aws_access_key_id=given.access_key,
        aws_secret_access_key=given.secret_key,
        verify=listener.environment.get("AWS_CA_BUNDLE"),
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2}),
    )
    try:
        yield client
    finally:
        client.close()


def test_boto_takes_a_refused_write_for_what_it_is(gateway: Gateway) -> None:
    with passage(gateway, 9, read_only=True) as passed, s3(passed.listener) as client:
        for write in (
            lambda: client.put_object(Bucket="bkt", Key="k", Body=bytes(3_000_000)),
            lambda: client.delete_object(Bucket="bkt", Key="k"),
            lambda: client.create_multipart_upload(Bucket="bkt", Key="k"),
        ):
            with pytest.raises(ClientError) as caught:
                write()
            assert caught.value.response["Error"]["Code"] == "AccessDenied"
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    assert [(row.operation, row.answered_by) for row in passed.rows] == [
        ("PutObject", "gateway"),
        ("DeleteObject", "gateway"),
        ("CreateMultipartUpload", "gateway"),
    ]


def test_a_store_that_is_away_is_tried_again_and_each_try_counted(gateway: Gateway) -> None:
    with (
        passage(gateway, 9) as passed,
        s3(passed.listener) as client,
        pytest.raises(ConnectionClosedError),
    ):
        client.head_bucket(Bucket="bkt")
    assert [row.attempt for row in passed.rows] == [1, 2]


@pytest.mark.parametrize("mode", ["plain", "tls"])
def test_signatures_hold_through_the_gateway(gateway: Gateway, tmp_path: Path, mode: str) -> None:
    store = Moto(authenticates=True)
    store.start(tmp_path)
    try:
        store.make_bucket("signed")
        body = bytes(range(256)) * 4000
        key = "a b/naïve+%2F~"
        with passage(gateway, store.endpoint_url, mode=mode) as passed:
            with s3(passed.listener, store.credentials) as client:
                client.put_object(Bucket="signed", Key=key, Body=body)
                assert client.get_object(Bucket="signed", Key=key)["Body"].read() == body
                part = client.get_object(Bucket="signed", Key=key, Range="bytes=5-9")
                assert part["Body"].read() == body[5:10]
            with s3(passed.listener) as client, pytest.raises(ClientError) as caught:
                client.head_bucket(Bucket="signed")
            assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403
    finally:
        store.stop()
    assert [(row.operation, row.status) for row in passed.rows] == [
        ("PutObject", 200),
        ("GetObject", 200),
        ("GetObject", 206),
        ("HeadBucket", 403),
    ]
    assert {row.key for row in passed.rows} == {key, ""}
    # over https boto3 sends Content-Encoding: aws-chunked: one frame and its trailer are body too
    framing_bytes = passed.rows[0].body_in_bytes - len(body)
    assert framing_bytes == 0 if mode == "plain" else 0 < framing_bytes < 100
