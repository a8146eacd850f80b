"""Frozen values, no I/O: what every other unit speaks."""
