"""What a scan of a few files says of every check and every resource."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import Severity, Status
from mlsec.core.finding import Finding
from mlsec.core.gate_result import Gate
from mlsec.engine.assessment.gate import with_gate
from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from mlsec.targets.reading import read_inventory

Files = Mapping[str, str]
# Rule and resource id.
Check = tuple[str, str]


class Thing(msgspec.Struct, frozen=True):
    """A resource as a scan knows it: its type, and where it stands."""

    type: str
    file: str
    line: int


class Scan(msgspec.Struct, frozen=True, kw_only=True):
    """One scan. A check that is neither in ``failed`` nor in the others did not apply.

    ``failed`` and ``unknown`` have the severity of each check. ``ends`` is what its gate says.
    """

    failed: Mapping[Check, Severity]
    unknown: Mapping[Check, Severity]
    passed: frozenset[Check]
    things: Mapping[str, Thing]
    ends: Gate

    def status(self, check: Check) -> Status:
        """Give what became of a check."""
        if check in self.failed:
            return Status.FAIL
        if check in self.unknown:
            return Status.NOT_ASSESSED
        return Status.PASS if check in self.passed else Status.NOT_APPLICABLE


class Scanner:
    """Scan files in one place, so that resources have the same ids whatever was changed in them."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch / "code"
        self._evidence = scratch / "evidence.mlsnap"
        self._judging = pipeline.Judging()
        self.ruleset: RuleSet = pipeline.load(self._judging)

    def scan(self, files: Files) -> Scan:
        """Scan a folder that holds these files, and nothing else."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._evidence.unlink(missing_ok=True)
        for name, text in files.items():
            path = self._folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", newline="")
        pipeline.collect(
            (str(self._folder),),
            self._evidence,
            CollectSettings(vocabulary=self.ruleset.vocabulary),
            resume=False,
            say=_silent,
        )
        with Snapshot.open(self._evidence) as snapshot:
            inventory = read_inventory(snapshot, self.ruleset.vocabulary)
            assessment = pipeline.judge(snapshot, self.ruleset, self._judging, _silent)
        assert assessment.gate is None
        gate = with_gate(assessment).gate
        assert gate is not None
        found: dict[Status, dict[Check, Severity]] = {Status.FAIL: {}, Status.NOT_ASSESSED: {}}
        for finding in (*assessment.findings, *assessment.folded):
            for check in _checks(finding):
                found[finding.status][check] = finding.severity
        return Scan(
            failed=found[Status.FAIL],
            unknown=found[Status.NOT_ASSESSED],
            passed=frozenset((rule, id_) for rule, ids in assessment.passed.items() for id_ in ids),
            things={
                item.id: Thing(item.type, item.origin.file, item.origin.line)
                for item in inventory.resources
            },
            ends=gate.result,
        )


def _checks(finding: Finding) -> list[Check]:
    return [(finding.rule, id_) for id_ in {finding.resource.id, *finding.stands_for}]


def _silent(_what: str, _done: int, _known: int) -> None:
    return None
