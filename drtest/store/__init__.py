"""S3 servers behind one interface: moto, and those that docs/stores.md tells of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from drtest.store.capability import Capability
from drtest.store.client import Credentials
from drtest.store.interface import LoggedRequest, OpenUpload, Place, Store
from drtest.store.minio import Minio
from drtest.store.moto import Moto
from drtest.store.seaweedfs import SeaweedFs

__all__ = [
    "Capability",
    "Credentials",
    "LoggedRequest",
    "OpenUpload",
    "Place",
    "Store",
    "stores",
]

_STORES: Mapping[str, Callable[..., Store]] = MappingProxyType(
    {Moto.name: Moto, Minio.name: Minio, SeaweedFs.name: SeaweedFs}
)


def stores() -> Mapping[str, Callable[..., Store]]:
    """Return how to make each store, by the name that ``--store`` takes.

    ``stores()["moto"]()``, ``stores()["minio"](binary=Path(...))``, the same for seaweedfs; each
    takes ``region`` too.
    """
    return _STORES
