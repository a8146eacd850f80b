"""``python -m drtest``."""

from __future__ import annotations

from drtest.cli import main

if __name__ == "__main__":
    main()
