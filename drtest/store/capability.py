"""What stores differ in: a closed list, each with what it means."""

from __future__ import annotations

from enum import Enum


class Capability(Enum):
    """What stores differ in. A scenario that needs one says so before it runs."""

    CHECKS_SIGNATURE = "checks-signature"
    CHECKS_CLOCK = "checks-clock"
    CHECKS_BODY_HASH = "checks-body-hash"
    CHECKS_CHECKSUM = "checks-checksum"
    CHECKS_MD5 = "checks-md5"
    VERSIONS = "versions"
    STORAGE_CLASSES = "storage-classes"
    REFUSES_COLD_READS = "refuses-cold-reads"
    ACCESS_LOG = "access-log"
    OBJECT_LOCK = "object-lock"
    ANY_KEY = "any-key"
    LIMITED_CREDENTIALS = "limited-credentials"

    @property
    def meaning(self) -> str:
        """One line for people; docs/stores.md shows the same."""
        return _MEANINGS[self]


_MEANINGS: dict[Capability, str] = {
    Capability.CHECKS_SIGNATURE: "refuses a wrong secret and an unsigned request",
    Capability.CHECKS_CLOCK: "refuses a request signed 20 minutes off",
    Capability.CHECKS_BODY_HASH: "refuses a body that is not the one that was signed",
    Capability.CHECKS_CHECKSUM: "refuses a wrong x-amz-checksum-crc32",
    Capability.CHECKS_MD5: "refuses a wrong Content-MD5",
    Capability.VERSIONS: "keeps what was overwritten or deleted in a versioned bucket",
    Capability.STORAGE_CLASSES: "keeps and lists the storage class that was asked for",
    Capability.REFUSES_COLD_READS: "refuses to read a GLACIER object before a thaw",
    Capability.ACCESS_LOG: "writes a request log that does not depend on drtest's gateway",
    Capability.OBJECT_LOCK: "refuses to delete a locked version",
    Capability.ANY_KEY: "keeps keys that are no path: a//b, a/./b, 256 bytes without a slash",
    Capability.LIMITED_CREDENTIALS: "makes credentials that may write but not delete",
}
