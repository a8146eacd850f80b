"""The proxy between duplicity and the store: every request counted, none changed.

``Gateway`` runs the proxy in a process of its own and opens a port for each duplicity process;
``requests`` and ``totals`` read its log; ``iam`` says which rights that log needed.
"""

from __future__ import annotations

from drtest.gateway.control import Gateway, Listener, Measures
from drtest.gateway.requestlog import requests, totals

__all__ = ["Gateway", "Listener", "Measures", "requests", "totals"]
