"""What the requests of a run add up to, as a provider meters them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from drtest.cost.habits import class_of
from drtest.cost.tariff import Tariff
from drtest.cost.terms import Months
from drtest.model.traffic import Alike


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestKind:
    """Requests that cost the same."""

    month: int
    phase: str
    step: str  # of a restore, "" for the calendar's steps
    operation: str
    storage_class: str
    status: int | None  # None: no answer, or one that went well


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadKind:
    """Bytes that were sent out, by what they were read from."""

    month: int
    phase: str
    step: str
    storage_class: str


@dataclass(slots=True, kw_only=True)
class Usage:
    """Everything that is metered, but storage."""

    requests: dict[RequestKind, int] = field(default_factory=dict)
    sent_bytes: dict[ReadKind, int] = field(default_factory=dict)  # all bodies: egress
    read_bytes: dict[ReadKind, int] = field(default_factory=dict)  # of objects: retrieval
    thawed: dict[ReadKind, set[str]] = field(default_factory=dict)  # keys
    unbilled: int = 0


def is_billed(request: Alike, unbilled: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether the provider bills requests such as *request*.

    5xx never; what the gateway answered of its own accord would never have reached the store;
    *unbilled* are the provider's other exceptions. A HEAD has no error code, so its 4xx are billed
    unless all of that status are free. One without an answer is billed: the store may well have
    done it.
    """
    if request.meant_for == "gateway":
        return False
    if request.status is None:
        return True
    codes = unbilled.get(str(request.status), ())
    exempt = "*" in codes or (request.error_code != "" and request.error_code in codes)
    return request.status < 500 and not exempt


def measure(
    requests: Iterable[Alike], tariff: Tariff, months: Months, *, classes: Mapping[str, str]
) -> Usage:
    """Return what *requests* add up to.

    *classes* gives the storage class that objects of a kind (volume, manifest ...) were stored in;
    a kind that it lacks gets what duplicity would ask for. Requests to the bucket itself have the
    bucket class.
    """
    usage, tag = Usage(), tariff.tag
    for one in requests:
        if one.kind:
            cls = classes.get(one.kind) or class_of(one.kind, tag.storage_class)
        else:
            cls = tariff.book.bucket_class
        month = months.number(datetime.fromisoformat(one.simulated_at))
        step = one.step if one.step.startswith("drill ") else ""
        if not is_billed(one, tariff.book.unbilled):
            usage.unbilled += one.count
        else:
            status = one.status
            kind = RequestKind(
                month=month,
                phase=one.phase,
                step=step,
                operation=one.operation,
                storage_class=cls,
                status=None if status is None or status < 300 else status,
            )
            usage.requests[kind] = usage.requests.get(kind, 0) + one.count
        if one.meant_for == "gateway":
            continue
        read = ReadKind(month=month, phase=one.phase, step=step, storage_class=cls)
        usage.sent_bytes[read] = usage.sent_bytes.get(read, 0) + one.body_out_bytes
        if one.has_read:
            usage.read_bytes[read] = usage.read_bytes.get(read, 0) + one.body_out_bytes
            if tariff.of(cls).thaw is not None:
                usage.thawed.setdefault(read, set()).update(one.read_keys)
    return usage
