"""S3 servers behind one interface: moto, and those that docs/stores.md tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from drtest.store.capability import Capability
from drtest.store.client import Credentials
from drtest.store.endpoint import Aws, Endpoint
from drtest.store.interface import LoggedRequest, OpenUpload, Place, Store
from drtest.store.minio import Minio
from drtest.store.moto import Moto
from drtest.store.seaweedfs import SeaweedFs
from drtest.store.usual import usual_credentials

__all__ = [
    "Capability",
    "Credentials",
    "LoggedRequest",
    "OpenUpload",
    "Place",
    "Store",
    "stores",
    "usual_credentials",
]

_STORES: Mapping[str, Callable[..., Store]] = MappingProxyType(
    {store.name: store for store in (Moto, Minio, SeaweedFs, Endpoint, Aws)}
)


def stores() -> Mapping[str, Callable[..., Store]]:
    """Return how to make each store, by the name that ``--store`` takes.

    ``stores()["moto"](authenticates=False)``, ``stores()["minio"](binary=None)``, the same for
    seaweedfs; each takes ``region`` too.
    ``stores()["endpoint"](url=..., region=..., credentials=..., into=...)`` and
    ``stores()["aws"](region=..., credentials=..., into=...)`` use the user's own: credentials
    that aren't given are ``usual_credentials()``.
    """
    return _STORES
