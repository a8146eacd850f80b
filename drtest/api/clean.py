"""Removes what runs left on purpose: wrecks, old reports; and by accident: workspaces."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from drtest.api import wrecks
from drtest.clock import real_now
from drtest.model.interval import from_epoch
from drtest.report.archive import latest, runs
from drtest.runner.workspace import remove_tree, sweep


def clean(
    reports: Path, work: Path, *, older_than: timedelta, dry_run: bool = False
) -> tuple[Path, ...]:
    """Remove all wrecks and every report older than *older_than*, but never the newest one.

    Only folders that have the form of a run's name are looked at below *reports*. Returns what was
    (or with *dry_run* would be) removed. Living runs are left alone.
    """
    limit = real_now() - older_than
    newest = latest(reports)
    old = [
        folder
        for folder in runs(reports)
        if folder != newest and from_epoch(folder.stat().st_mtime) < limit
    ]
    kept = sorted(
        path for path in wrecks.root().iterdir() if path.is_dir() and not wrecks.is_held(path)
    )
    if dry_run:
        return (*kept, *old)
    for folder in (*kept, *old):
        remove_tree(folder)
    return (*kept, *old, *sweep(work))
