"""Looks at the bucket after each step without duplicity's help, for the chain checks.

Everything comes from the bucket itself, through the store's own client and not the gateway; never
from the archive dir, never with the server's keyring. What a check needs later is recorded now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from drtest.keys.keyring import Keyring
from drtest.model import manifest
from drtest.model.events import ChainRecorded, ListingRecorded, ManifestRead, OpenUpload, Stored
from drtest.model.names import parse_name
from drtest.runner.bench import PREFIX, Stand
from drtest.runner.vault import Vault
from drtest.runner.workspace import remove_tree

MANIFESTS = "manifests"  # side files, below the scenario's folder
# Not to be read before a thaw: what such volumes hold stays unknown.
COLD = frozenset({"GLACIER", "DEEP_ARCHIVE"})
_PIECE_BYTES = 1 << 20


@dataclass(slots=True, kw_only=True)
class Chain:
    """Reads what is new in the bucket. ``opened`` makes one."""

    stand: Stand
    vault: Vault
    _ring: Keyring | None = None  # made with the first manifest that needs it

    def record(self, listing: ListingRecorded) -> Iterator[ChainRecorded]:
        """Yield what manifests and volumes that *listing* adds hold, and which uploads are open."""
        manifests: list[ManifestRead] = []
        volumes: list[Stored] = []
        for one in listing.added:
            name = parse_name(one.key)
            if name.kind == "manifest":
                manifests.append(self._manifest(one.key, listing.index, name.is_encrypted))
            elif name.kind == "volume" and one.storage_class not in COLD:
                volumes.append(self._volume(one.key))
        place = self.stand.where
        store = self.stand.bench.store
        yield ChainRecorded(
            index=listing.index,
            at=listing.at,
            manifests=tuple(manifests),
            volumes=tuple(volumes),
            uploads=tuple(
                OpenUpload(
                    key=one.key.rpartition("/")[2],
                    upload_id=one.upload_id,
                    size_bytes=one.size_bytes,
                )
                for one in store.open_uploads(place.bucket, place.prefix)
            ),
        )

    def _get(self, key: str) -> Iterator[bytes]:
        place, store = self.stand.where, self.stand.bench.store
        with store.watched():
            body = store.client().get_object(
                Bucket=place.bucket, Key=f"{place.prefix}{PREFIX}/{key}"
            )["Body"]
            yield from body.iter_chunks(_PIECE_BYTES)

    def _volume(self, key: str) -> Stored:
        sha1 = hashlib.sha1(usedforsecurity=False)
        begin = b""
        for piece in self._get(key):
            begin = begin or piece[:1]
            sha1.update(piece)
        return Stored(key=key, sha1=sha1.hexdigest(), is_openpgp=bool(begin and begin[0] & 0x80))

    def _manifest(self, key: str, index: int, is_encrypted: bool) -> ManifestRead:
        text: bytes | None = b"".join(self._get(key))
        passphrase, signed_by = 0, ""
        if is_encrypted and text is not None:
            opened = self._keyring().decrypt(text, self.vault.passphrases)
            text = None if opened is None else opened.data
            if opened is not None:
                signed_by = opened.signed_by
                if self.vault.locks.steps[index].encryption == "passphrase":
                    passphrase = opened.passphrase
        if text is None:
            return ManifestRead(key=key, problem="gpg cannot decrypt it")
        (self.stand.folder / MANIFESTS).mkdir(exist_ok=True)
        file = f"{MANIFESTS}/{index:04d}-{key}.txt"
        (self.stand.folder / file).write_bytes(text)
        try:
            found = manifest.parse(text)
        except ValueError as problem:
            return ManifestRead(key=key, problem=str(problem), file=file)
        return ManifestRead(
            key=key,
            volumes=found.volumes,
            files=found.files,
            file=file,
            passphrase=passphrase,
            signed_by=signed_by,
        )

    def close(self) -> None:
        """End the keyring's agent and remove it."""
        if self._ring is not None:
            self._ring.close()
            remove_tree(self._ring.home)
            self._ring = None

    def _keyring(self) -> Keyring:
        if self._ring is None:
            self._ring = Keyring(self.stand.bench.workspace.new_home())
            self._ring.put(secret=[key.secret for key in self.vault.keys])
        return self._ring


@contextmanager
def opened(stand: Stand, vault: Vault) -> Iterator[Chain]:
    """Yield what reads *stand*'s bucket with copies of the keys in a keyring of its own."""
    chain = Chain(stand=stand, vault=vault)
    try:
        yield chain
    finally:
        chain.close()
