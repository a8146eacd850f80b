"""One function that takes secrets out of text, for every log, event and reporter."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "[redacted]"

# Shapes that are secret wherever they stand, whoever made them.
_SHAPES = re.compile(
    r"-----BEGIN PGP PRIVATE KEY BLOCK-----.*?(?:-----END PGP PRIVATE KEY BLOCK-----|\Z)"
    r"|(?<=Signature=)[0-9a-f]{64}"
    r"|(?<=X-Amz-Security-Token=)[^&\s]+",
    re.DOTALL,
)


class Redactor:
    """Knows the secrets of a run and hides them; safe to share between threads."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._secrets: frozenset[str] = frozenset()
        self.learn(secrets)

    def learn(self, secrets: Iterable[str]) -> None:
        """Add *secrets*. Those under 6 characters are refused: hiding them would garble text."""
        more = frozenset(secret for secret in secrets if secret)
        if any(len(secret) < 6 for secret in more):
            raise ValueError("a secret under 6 characters cannot be told from ordinary text")
        self._secrets |= more

    def __call__(self, text: str) -> str:
        """Return *text* with every known secret and every secret shape replaced."""
        for secret in sorted(self._secrets, key=len, reverse=True):
            text = text.replace(secret, HIDDEN)
        return _SHAPES.sub(HIDDEN, text)
