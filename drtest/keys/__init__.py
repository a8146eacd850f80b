"""Throw-away GNUPGHOMEs and keys: gpg runs for real, with cheap passphrase hashing."""
