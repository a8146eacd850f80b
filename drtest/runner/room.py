"""Room in the store for one scenario: its bucket, and who may do what in it."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator

from botocore.exceptions import ClientError

from drtest.errors import EnvironmentFault, StoreFailed
from drtest.model.events import FaultSeen
from drtest.runner.bench import Stand
from drtest.store import Capability, Credentials, Place, Store

# All that duplicity asks for but deleting; SeaweedFS knows no finer ones.
NO_DELETE = ("s3:PutObject", "s3:GetObject", "s3:ListBucket")


def lacking(stand: Stand) -> tuple[FaultSeen, ...]:
    """Return one fault for each capability that the scenario needs and its store lacks."""
    store, declared = stand.bench.store, stand.bench.store.capabilities
    needed = [Capability(word) for word in stand.scenario.needed]
    return tuple(
        FaultSeen(
            code="capability-missing",
            subject=one.value,
            message=f"{store.name} {store.version} is no store that {one.meaning}.",
            evidence={"store": store.name, "capability": one.value},
        )
        for one in needed
        if one not in declared
    )


@contextlib.contextmanager
def placed(stand: Stand) -> Iterator[Stand]:
    """Make room for the scenario's objects, and take them away at the end."""
    store, kind = stand.bench.store, stand.scenario.bucket
    with _answering(store):
        place = store.make_bucket(
            stand.bucket_name, versioned=kind == "versioned", locked=kind == "locked"
        )
    try:
        with _answering(store):
            if kind == "locked":
                store.lock_by_default(place)
            credentials = _limited(stand, place)
        yield dataclasses.replace(stand, place=place, credentials=credentials)
    finally:
        # A store that is gone has taken its buckets along.
        with contextlib.suppress(StoreFailed), _answering(store):
            store.delete_bucket(place)


def _limited(stand: Stand, place: Place) -> Credentials | None:
    if stand.scenario.credentials == "full":
        return None
    made = stand.bench.store.limited(place, NO_DELETE)
    stand.bench.redact.learn([made.secret_key, made.session_token])
    return made


@contextlib.contextmanager
def _answering(store: Store) -> Iterator[None]:
    """Turn what a store refuses to drtest itself into what it is: not the backup's fault."""
    try:
        yield
    except ClientError as error:
        raise EnvironmentFault(f"the store {store.name} refuses drtest: {error}") from error
