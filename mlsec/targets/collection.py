"""Take evidence from targets into one snapshot file."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import msgspec

from mlsec.collect.settings import CollectSettings
from mlsec.core.entry_path import entry_path
from mlsec.snapshot.store import Snapshot, files_of
from mlsec.targets.collectors import COLLECTORS, provider_of

Say = Callable[[str, int, int], None]


def collect(
    targets: tuple[str, ...], evidence: Path, settings: CollectSettings, *, resume: bool, say: Say
) -> None:
    """Take evidence from live targets into the snapshot file ``evidence``."""
    _check_sign_ins(targets, settings)
    # A target that holds the evidence is not judged by it.
    settings = msgspec.structs.replace(
        settings,
        written=settings.written | {entry_path(evidence)},
        in_use=settings.in_use | files_of(evidence),
    )
    opened = Snapshot.resume(evidence) if resume else Snapshot.create(evidence)
    with opened as snapshot:
        snapshot.set_clock("host", _host())
        snapshot.set_meta("targets", msgspec.json.encode(targets).decode())
        for target in targets:
            COLLECTORS[provider_of(target)].collect(
                target, snapshot, settings, lambda done, known, what: say(what, done, known)
            )
        snapshot.finish()


def _check_sign_ins(targets: tuple[str, ...], settings: CollectSettings) -> None:
    """An expired sign-in to one cloud should not show after an hour in another."""
    checks = {target: COLLECTORS[provider_of(target)].check for target in targets}
    named = [(target, check) for target, check in checks.items() if check is not None]
    for target, check in named if len(named) > 1 else ():
        check(target, settings)


def _host() -> str:
    """Where the evidence is taken: the CI job's address, else the machine's name."""
    server, repository, run = (
        os.environ.get(name, "")
        for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or platform.node()
