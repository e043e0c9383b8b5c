"""Take evidence from targets into one snapshot file."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path

import msgspec

from mlsec.collect.run_facts import salt_of
from mlsec.collect.secrets.door import Door
from mlsec.collect.settings import CollectSettings
from mlsec.core.entry_path import entry_path
from mlsec.core.errors import NoRoomError
from mlsec.core.sanitize import plain_name
from mlsec.snapshot.database import NOTHING_YET
from mlsec.snapshot.facts import COMMIT, IDENTITY, REPOSITORY
from mlsec.snapshot.file_names import files_of, part_of
from mlsec.snapshot.store import Snapshot
from mlsec.targets.checked_out import commit_of
from mlsec.targets.collectors import COLLECTORS, SCHEMES, provider_of, scheme_of
from mlsec.targets.identity import identity_of, repository_name

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
    try:
        _fill(opened, targets, settings, say)
    except NoRoomError as error:
        if not part_of(evidence).exists():
            error.hint = NOTHING_YET
        raise


def _fill(opened: Snapshot, targets: tuple[str, ...], settings: CollectSettings, say: Say) -> None:
    with opened as snapshot:
        snapshot.clean = Door(salt_of(snapshot, settings))
        snapshot.set_clock("host", plain_name(host_name()))
        names = [plain_name(target) for target in targets]
        for name, target in zip(names, targets, strict=True):
            if scheme_of(target) not in SCHEMES:
                snapshot.set_clock(f"{IDENTITY}{name}", identity_of(Path(target)))
                if commit := commit_of(Path(target)):
                    snapshot.set_clock(f"{COMMIT}{name}", commit)
                if repository := repository_name(Path(target)):
                    snapshot.set_clock(f"{REPOSITORY}{name}", repository)
        snapshot.set_meta("targets", msgspec.json.encode(names).decode())
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


def host_name() -> str:
    """Give where the evidence is taken: the CI job's address, else the machine's name."""
    server, repository, run = (
        os.environ.get(name, "")
        for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    )
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    return os.environ.get("CI_JOB_URL") or platform.node()
