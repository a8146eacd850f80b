"""The proxy between duplicity and the store: every request counted, none changed.

``Gateway`` runs the proxy in a process of its own and opens a port for each duplicity process;
``requests``, ``tally`` and ``totals`` read its log; ``iam`` says which rights were needed.
"""

from __future__ import annotations

from drtest.gateway.control import Counted, Gateway, Listener, Measures
from drtest.gateway.conversation import Trip
from drtest.gateway.requestlog import requests
from drtest.gateway.tally import tally, totals

__all__ = [
    "Counted",
    "Gateway",
    "Listener",
    "Measures",
    "Trip",
    "requests",
    "tally",
    "totals",
]
