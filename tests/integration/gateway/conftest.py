"""The gateway that all tests of a file share."""

from support.gateways import gateway

__all__ = ["gateway"]
