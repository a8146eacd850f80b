"""The bucket at the calendar's end, sorted into sets, as the checks of what is stored read it."""

from __future__ import annotations

from dataclasses import dataclass, field

from drtest.model.events import (
    ChainRecorded,
    ListingRecorded,
    ManifestRead,
    OpenUpload,
    Stored,
    StoredObject,
)
from drtest.model.history import History
from drtest.model.names import ObjectName, SetId, parse_name


@dataclass(slots=True, kw_only=True)
class StoredSet:
    """The keys of one backup set."""

    volumes: dict[int, str] = field(default_factory=dict)  # number -> key
    manifest: str = ""
    signatures: str = ""
    others: list[str] = field(default_factory=list)

    @property
    def keys(self) -> list[str]:
        """All of them, sorted."""
        named = [self.manifest, self.signatures]
        return sorted([*self.volumes.values(), *(key for key in named if key), *self.others])


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """What lies in the bucket, and what drtest itself read of it."""

    objects: dict[str, StoredObject]
    names: dict[str, ObjectName]
    sets: dict[SetId, StoredSet]
    manifests: dict[str, ManifestRead]
    volumes: dict[str, Stored]
    uploads: tuple[OpenUpload, ...]

    @classmethod
    def at_the_end(cls, history: History) -> Contents | None:
        """Return what the last listing and all that was read show; None where nothing was read:
        a history of an older drtest.
        """
        objects: dict[str, StoredObject] = {}
        manifests: dict[str, ManifestRead] = {}
        volumes: dict[str, Stored] = {}
        uploads: tuple[OpenUpload, ...] | None = None
        for event in history.of(ListingRecorded, ChainRecorded):
            match event:
                case ListingRecorded(added=added, removed=removed):
                    objects.update({one.key: one for one in added})
                    for key in removed:
                        objects.pop(key, None)
                case ChainRecorded():
                    manifests.update({one.key: one for one in event.manifests})
                    volumes.update({one.key: one for one in event.volumes})
                    uploads = event.uploads
        if uploads is None:
            return None
        names = {key: parse_name(key) for key in sorted(objects)}
        return cls(
            objects=objects,
            names=names,
            sets=_sets(names),
            manifests=manifests,
            volumes=volumes,
            uploads=uploads,
        )

    def read(self, one: SetId) -> ManifestRead | None:
        """Return the manifest of a set, where it is there and could be read."""
        found = self.manifests.get(self.sets[one].manifest)
        return found if found is not None and not found.problem else None

    @property
    def unreadable(self) -> list[SetId]:
        """The sets whose manifest is there and can't be read, oldest first."""
        return [
            one
            for one, stored in self.sets.items()
            if (found := self.manifests.get(stored.manifest)) is not None and found.problem
        ]

    def maimed(self) -> dict[SetId, str]:
        """Return the sets that are there in part, each with the code that tells what it lacks.

        Oldest first. A manifest that can't be read is none.
        """
        found: dict[SetId, str] = {}
        for one, stored in self.sets.items():
            if (stored.volumes and not stored.manifest) or one in self.unreadable:
                found[one] = "manifest-missing"
            elif (read := self.read(one)) is not None and any(
                line.number not in stored.volumes for line in read.volumes
            ):
                found[one] = "volume-missing"
        return found


def _sets(names: dict[str, ObjectName]) -> dict[SetId, StoredSet]:
    found: dict[SetId, StoredSet] = {}
    for key, name in names.items():
        if name.set is None or name.is_partial:
            continue
        one = found.setdefault(name.set, StoredSet())
        match name.kind:
            case "volume" if name.volume is not None:
                one.volumes[name.volume] = key
            case "manifest":
                one.manifest = key
            case "signatures":
                one.signatures = key
            case _:
                one.others.append(key)
    return dict(sorted(found.items(), key=lambda item: (item[0].at, item[0].is_full)))
