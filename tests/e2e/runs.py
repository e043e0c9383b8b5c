"""Run collections and scans against a loopback cloud, in this process or as a user would."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest import mock

import msgspec

from mlsec import pipeline
from mlsec.cli import files
from mlsec.cli.main import main
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.file_names import part_of
from mlsec.snapshot.store import Snapshot
from tests.e2e.clouds import Running

ROOT = Path(__file__).resolve().parents[2]
_CREDENTIALS = ("AWS_", "AZURE_", "GOOGLE_")
# No fault keeps a client waiting, so the timeouts are only ever met by a machine that is too busy.
QUICK: Mapping[str, Any] = {
    "in_flight": 8, "tries": 1, "connect_timeout_s": 5.0, "read_timeout_s": 30.0,
    "call_deadline_s": 2.0, "deadline_s": 120.0, "start_per_s": 5000.0, "hash_salt": "5a17",
}  # fmt: skip
# Settings of a collection that should see everything, on a busy machine too; equal settings give
# equal evidence.
THOROUGH: Mapping[str, Any] = {
    "tries": 4, "call_deadline_s": 120.0, "deadline_s": 240.0,
}  # fmt: skip


def mlsec(
    *words: str | Path, aws: Running | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line in this process, with no credentials but the estate's (of any cloud)."""
    said, errors = io.StringIO(), io.StringIO()
    with (
        mock.patch.dict(os.environ, _environment(aws, more), clear=True),
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(errors),
    ):
        try:
            code = main([*map(str, words)])
        except SystemExit as left:  # argparse leaves so
            code = int(left.code or 0)
    return subprocess.CompletedProcess(words, code, said.getvalue(), errors.getvalue())


def in_child(
    *words: str | Path, aws: Running | None = None, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run the command line so in a process of its own, where that is what is tested."""
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "mlsec", *map(str, words)],
        cwd=ROOT,
        env=_environment(aws, more),
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )


def _environment(aws: Running | None, more: Mapping[str, str]) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(_CREDENTIALS)}
    given = aws.environment() if aws else {}
    return {**kept, **given, "AWS_EC2_METADATA_DISABLED": "true", **more}


def load_assessment(folder: Path) -> Assessment:
    """Read the assessment that a scan wrote."""
    made = files.load_assessment(folder / "assessment.json")
    assert without_reason(made) == []
    return made


def without_reason(made: Assessment) -> list[str]:
    """Name what was not assessed without a gap that says why: there may be none."""
    known = {gap.id for gap in made.gaps}
    return [
        f"{finding.rule} on {finding.resource.id}"
        for finding in made.findings
        if finding.status is Status.NOT_ASSESSED and not known & {*finding.gaps}
    ]


def collect(
    path: Path, ruleset: RuleSet, *, target: str = "aws", resume: bool = False, **settings: Any
) -> None:
    """Collect into ``path`` in this process; the environment names the server."""
    chosen = CollectSettings(vocabulary=ruleset.vocabulary, **{**QUICK, **settings})
    pipeline.collect((target,), path, chosen, resume=resume, say=_quiet)


def judge(path: Path, ruleset: RuleSet) -> Assessment:
    """Judge a snapshot in this process."""
    with Snapshot.open(path) as snapshot:
        made = pipeline.judge(snapshot, ruleset, pipeline.Judging(fail_on="none"), _quiet)
    assert without_reason(made) == []
    return made


def forget(source: Path, target: Path, labels: tuple[str, ...]) -> None:
    """Begin ``target`` as an interrupted copy of ``source`` where ``labels`` were never asked."""
    part = part_of(target)
    shutil.copyfile(source, part)
    with contextlib.closing(sqlite3.connect(part)) as database:
        database.executemany(
            "DELETE FROM call WHERE service || ':' || operation = ?", [(each,) for each in labels]
        )
        database.execute("DELETE FROM meta WHERE key IN ('seal', 'calls')")
        database.commit()


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """What an assessment says: (rule, resource id) by status."""

    passed: frozenset[tuple[str, str]]
    failed: frozenset[tuple[str, str]]
    unknown: frozenset[tuple[str, str]]


def verdicts(assessment: Assessment) -> Verdicts:
    """Lay an assessment out for comparison."""
    by_status: dict[Status, set[tuple[str, str]]] = {s: set() for s in Status}
    for finding in assessment.findings:
        by_status[finding.status].add((finding.rule, finding.resource.id))
    return Verdicts(
        passed=frozenset((rule, each) for rule, ids in assessment.passed.items() for each in ids),
        failed=frozenset(by_status[Status.FAIL]),
        unknown=frozenset(by_status[Status.NOT_ASSESSED]),
    )


def _quiet(what: str, done: int, known: int) -> None:
    del what, done, known
