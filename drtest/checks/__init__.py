"""Judges a history: pure, so a stored one can be judged again.

* ``judge``        runs the families below and settles the verdict
* ``case``         what several families read of one history
* ``restored``     trees against the truth; below it ``examine``, ``ledger``, ``differences``
* ``schedule``     the order of the calendar's steps, its machine's clock
* ``backup``       calls of the calendar; ``rules``, ``stanzas``: selection rules, warnings
* ``chain``        the stored chains, by what drtest read in the bucket
* ``retention``    what is promised against what the bucket still holds
* ``objectives``   RPO, RTO, requests
* ``foreseen``     requests that were predicted against those that were metered
* ``leftovers``    what a prune should have taken; ``aftermath``: thaws, versions
* ``stores``       several results of one scenario, each on another store
* ``unverified``   what drtest could not find out
* ``expectation``  what the scenario's head says against what was seen
"""

from drtest.checks.judge import judge

__all__ = ["judge"]
