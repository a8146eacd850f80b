from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import botocore.session
import pytest
from botocore.model import OperationModel, StructureShape
from botocore.serialize import create_serializer
from hypothesis import given
from hypothesis import strategies as st

from drtest.gateway.classify import (
    UNKNOWN,
    Target,
    classify,
    operations,
    origin_form,
    query_value,
    routing_headers,
)

MODEL = botocore.session.get_session().get_service_model("s3")
# another host, or an older twin of the same shape
ELSEWHERE = {"WriteGetObjectResponse", "ListDirectoryBuckets"}
TWINS = {
    "GetBucketLifecycle": "GetBucketLifecycleConfiguration",
    "PutBucketLifecycle": "PutBucketLifecycleConfiguration",
    "GetBucketNotification": "GetBucketNotificationConfiguration",
    "PutBucketNotification": "PutBucketNotificationConfiguration",
}
KEY = "backups/duplicity-full.20260101T030000Z.vol1.difftar.gpg"


def example(shape: Any, name: str = "") -> Any:
    """The least parameter that botocore's serializer takes for *shape*."""
    match shape.type_name:
        case "structure":
            members = shape.required_members
            if shape.is_tagged_union:
                members = list(shape.members)[:1]
            return {member: example(shape.members[member], member) for member in members}
        case "list":
            return [example(shape.member)]
        case "map":
            return {}
        case "string":
            if name == "Bucket":
                return "bucket"
            if name == "Key":
                return KEY
            return shape.enum[0] if shape.enum else "x" * shape.metadata.get("min", 1)
        case "integer" | "long":
            return 1
        case "boolean":
            return True
        case "timestamp":
            return "2026-01-01T00:00:00Z"
        case _:
            return b""


def serialized(operation: OperationModel) -> tuple[str, str, dict[str, str]]:
    shape = operation.input_shape
    params = example(shape) if isinstance(shape, StructureShape) else {}
    request = create_serializer("rest-xml").serialize_to_request(params, operation)
    target = request["url_path"]
    if request["query_string"]:
        target += ("&" if "?" in target else "?") + urlencode(request["query_string"])
    return request["method"], target, {k.lower(): str(v) for k, v in request["headers"].items()}


@pytest.mark.parametrize("name", sorted(set(MODEL.operation_names) - ELSEWHERE))
def test_knows_what_botocore_itself_would_send(name: str) -> None:
    method, target, headers = serialized(MODEL.operation_model(name))
    found = classify(method, target, headers)
    assert found.operation == TWINS.get(name, name)
    assert found.bucket == ("" if name == "ListBuckets" else "bucket")
    assert found.key in {"", KEY}


def test_every_operation_of_the_model_is_known() -> None:
    assert operations() == set(MODEL.operation_names) - ELSEWHERE - TWINS.keys()


@pytest.mark.parametrize(
    ("method", "target", "headers", "wanted"),
    [
        ("HEAD", "/bucket", {}, ("HeadBucket", "bucket", "")),
        ("HEAD", "/bucket/", {}, ("HeadBucket", "bucket", "")),
        ("GET", "/bucket?prefix=a%2Fb&encoding-type=url", {}, ("ListObjects", "bucket", "")),
        ("GET", "/bucket?list-type=2", {}, ("ListObjectsV2", "bucket", "")),
        ("GET", "/bucket?list-type=1", {}, ("ListObjects", "bucket", "")),
        ("GET", "/", {}, ("ListBuckets", "", "")),
        ("PUT", "/b/k", {}, ("PutObject", "b", "k")),
        ("PUT", "/b/k", {"x-amz-copy-source": "b/j"}, ("CopyObject", "b", "k")),
        ("PUT", "/b/k?uploadId=u&partNumber=2", {}, ("UploadPart", "b", "k")),
        ("POST", "/b/k?uploads", {}, ("CreateMultipartUpload", "b", "k")),
        ("POST", "/b/k?uploads=", {}, ("CreateMultipartUpload", "b", "k")),
        ("POST", "/b/k?uploadId=u", {}, ("CompleteMultipartUpload", "b", "k")),
        ("DELETE", "/b/k?uploadId=u", {}, ("AbortMultipartUpload", "b", "k")),
        ("DELETE", "/b/k", {}, ("DeleteObject", "b", "k")),
        ("GET", "/b/a%20b/%C3%A9+c?versionId=1", {}, ("GetObject", "b", "a b/é+c")),
        ("GET", "/b/%FF", {}, ("GetObject", "b", "\ufffd")),
        ("POST", "/b/k", {}, (UNKNOWN, "b", "k")),
        ("PATCH", "/b/k", {}, (UNKNOWN, "b", "k")),
        ("OPTIONS", "*", {}, (UNKNOWN, "", "")),
        ("HEAD", "/", {"host": "bkt.s3.amazonaws.com"}, ("HeadBucket", "bkt", "")),
        ("PUT", "/k", {"host": "a.b.s3.eu-west-1.amazonaws.com"}, ("PutObject", "a.b", "k")),
        ("PUT", "/b/k", {"host": "s3.eu-west-1.amazonaws.com"}, ("PutObject", "b", "k")),
        ("GET", "/k", {"host": "b.s3-us-west-2.amazonaws.com:443"}, ("GetObject", "b", "k")),
        ("GET", "/k", {"host": "b.s3.dualstack.eu-west-1.amazonaws.com"}, ("GetObject", "b", "k")),
        ("GET", "/k/l", {"host": "s3.evil.com"}, ("GetObject", "k", "l")),
        (
            "PUT",
            "http://bkt.s3.eu-west-1.amazonaws.com/p/k?uploadId=1&partNumber=1",
            {"host": "bkt.s3.eu-west-1.amazonaws.com"},
            ("UploadPart", "bkt", "p/k"),
        ),
    ],
)
def test_requests_by_hand(
    method: str, target: str, headers: dict[str, str], wanted: tuple[str, str, str]
) -> None:
    operation, bucket, key = wanted
    assert classify(method, target, headers) == Target(operation=operation, bucket=bucket, key=key)


def test_virtual_hosts_of_another_store() -> None:
    headers = {"host": "bkt.s3.example.org:9000"}
    found = classify("GET", "/k", headers, endpoint_host="s3.example.org")
    assert (found.bucket, found.key) == ("bkt", "k")
    same = classify("GET", "/b/k", {"host": "s3.example.org:9000"}, endpoint_host="s3.example.org")
    assert (same.bucket, same.key) == ("b", "k")


def test_headers_that_decide() -> None:
    assert {"x-amz-copy-source", "x-amz-rename-source"} <= routing_headers()


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=40))
def test_never_raises(method: str, target: str, host: str) -> None:
    classify(method, target, {"host": host})


@pytest.mark.parametrize(
    ("absolute", "origin"),
    [
        ("http://h/a?b", "/a?b"),
        ("http://h:1", "/"),
        ("http://h?x=http://y/", "/?x=http://y/"),
        ("/plain", "/plain"),
    ],
)
def test_origin_form(absolute: str, origin: str) -> None:
    assert origin_form(absolute) == origin


def test_query_value_is_decoded() -> None:
    assert query_value("/b?prefix=a%2Fb+c&x", "prefix") == "a/b c"
    assert query_value("/b?prefix=", "prefix") == ""
    assert query_value("/b", "prefix") is None
