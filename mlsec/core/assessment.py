"""The one value every report is rendered from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.catalogue import Catalogue, CatalogueRule
from mlsec.core.cause import Cause
from mlsec.core.changes import Changes
from mlsec.core.coverage import Coverage
from mlsec.core.enums import ControlStatus
from mlsec.core.finding import Finding
from mlsec.core.folding import Folding
from mlsec.core.gate_result import GateResult
from mlsec.core.resource import Gap
from mlsec.core.sanitize import visible

SCHEMA = "mlsec/assessment/2"


class Tool(msgspec.Struct, frozen=True, kw_only=True):
    """What judged: versions and digests, so that a reader can ask the same question again.

    ``catalogue_digest`` is the SHA-256 of catalogue.json.
    """

    name: str = "mlsec"
    version: str = ""
    rules_digest: str = ""
    rules_count: int = 0
    vocabulary_digest: str = ""
    catalogue_digest: str = ""


class JudgedBy(msgspec.Struct, frozen=True, kw_only=True):
    """What evidence was judged by, beside the rules and their parameters.

    ``waivers`` and ``baseline`` are the SHA-256 of those files, in hex; "" for none. ``now`` is the
    time that was judged for, where it is not when the evidence was taken. ``framework`` is what
    the rules were chosen by, ``NAME`` or ``NAME:PROFILE``; "" for none. ``profile`` is how much
    was asked for, "" for all. ``unfolded`` are the classes of folders that were not folded, where
    any was named.
    """

    framework: str = ""
    profile: str = ""
    select: tuple[str, ...] = ()
    waivers: str = ""
    baseline: str = ""
    now: str = ""
    unfolded: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET


class ScanFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Who looked at what, when and how. Times are RFC 3339 UTC; ``command`` holds no secrets.

    ``principals`` names, by provider, in whose name was asked; ``principal`` says it in one line.
    ``identities`` has, by target, what distinguishes a folder from another of the same name.
    ``commits`` has, by target, the commit that a repository had checked out.
    ``organisation`` is the one that a fleet scanned: its scans are compared whatever their targets.
    """

    targets: tuple[str, ...] = ()
    started_at: str = ""
    finished_at: str = ""
    principal: str = ""
    principals: Mapping[str, str] = msgspec.field(default_factory=dict)
    host: str = ""
    identities: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET
    commits: Mapping[str, str] | msgspec.UnsetType = msgspec.UNSET
    organisation: str | msgspec.UnsetType = msgspec.UNSET
    command: str = ""
    snapshot_digest: str = ""
    calls: int = 0
    operations: Mapping[str, int] = msgspec.field(default_factory=dict)
    settings: Mapping[str, str] = msgspec.field(default_factory=dict)
    parameters: Mapping[str, Any] = msgspec.field(default_factory=dict)
    judged_by: JudgedBy = JudgedBy()
    fail_on: str = "high"
    min_coverage_percent: float = 100.0


class StatusCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many resources got each status; ``waived`` counts failures under a live waiver."""

    passed: int = 0
    failed: int = 0
    not_assessed: int = 0
    not_applicable: int = 0
    waived: int = 0


class RuleSummary(CatalogueRule, frozen=True, kw_only=True):
    """One rule as reports show it, with what it came to in this scan."""

    counts: StatusCounts = StatusCounts()


def with_counts(rule: CatalogueRule, counts: StatusCounts) -> RuleSummary:
    """Add what a rule came to."""
    fields = CatalogueRule.__struct_fields__
    return RuleSummary(**{name: getattr(rule, name) for name in fields}, counts=counts)


class Observed(msgspec.Struct, frozen=True, kw_only=True, array_like=True, gc=False):
    """Values that a rule passed on, by their paths, and for which resources.

    ``resources`` are positions in the rule's list of ``passed``. Written as a list of the two.
    """

    values: Mapping[str, Any]
    resources: tuple[int, ...]


class ControlResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the scan says of one control; never that it is met.

    ``framework`` is the framework's id. ``rules`` are those that decided: that failed, could not be
    assessed, or passed. ``counts`` is what all linked rules of scanned providers came to together.
    ``missing`` are the
    objectives and rules that are needed too and had nothing to judge, or were left out.
    """

    framework: str
    id: str
    title: str
    result: ControlStatus
    rules: tuple[str, ...] = ()
    counts: StatusCounts = StatusCounts()
    missing: tuple[str, ...] = ()


class FrameworkResult(msgspec.Struct, frozen=True, kw_only=True):
    """How many controls a framework has, and how many of them came to which result (by name)."""

    id: str
    title: str
    controls: int
    results: Mapping[str, int] = msgspec.field(default_factory=dict)

    @property
    def with_evidence(self) -> int:
        """How many controls there is evidence for or against."""
        statuses = (ControlStatus.AGAINST, ControlStatus.TESTED_PART)
        return sum(self.results.get(status.value, 0) for status in statuses)


class WaiverState(msgspec.Struct, frozen=True, kw_only=True):
    """One waiver and what became of it: ``used``, ``unused`` or ``expired``; ``is_broad`` warns."""

    id: str
    rule: str
    resource: str
    reason: str
    owner: str
    expires: str
    state: str
    findings: int = 0
    is_broad: bool = False
    is_near_end: bool = False
    ticket: str = ""
    approver: str = ""
    granted: str = ""
    compensating_control: str = ""


class ModelFile(msgspec.Struct, frozen=True, kw_only=True):
    """One model file that was read, for the bill of materials.

    ``digests`` maps an algorithm (``sha256``) to lower-case hex, where the whole content was
    hashed. ``served_by`` are the ids of the deployed models that name it. ``danger`` is the worst
    that was found in it, "" for nothing; ``is_read_whole`` False means that more may be there.
    """

    id: str
    scope: str
    path: str
    folder: str
    format: str
    size_bytes: int
    digests: Mapping[str, str] = msgspec.field(default_factory=dict)
    licence: str = ""
    producer: str = ""
    signature: str = ""
    served_by: tuple[str, ...] = ()
    danger: str = ""
    is_read_whole: bool = True


class ChangeLimit(msgspec.Struct, frozen=True, kw_only=True):
    """That an assessment shows only what a change touches, and how much it leaves out.

    ``revision`` is as it was asked for, ``resolved`` the full name that it stands for and
    ``resolved_commit`` the commit of that; ``commit`` is the one that HEAD and it have in common.
    ``is_read`` says that all that the change touches could be read. The other fields count what is
    not shown: open failures, waived ones, checks not assessed, passes, and gaps. ``known`` are open
    failures that are shown and were there before the change: they do not fail the gate.
    """

    revision: str
    commit: str
    is_read: bool
    failed: int = 0
    waived: int = 0
    not_assessed: int = 0
    passed: int = 0
    gaps: int = 0
    resolved: str = ""
    resolved_commit: str = ""
    known: int = 0

    @property
    def findings(self) -> int:
        """How many findings are not shown."""
        return self.failed + self.waived + self.not_assessed

    @property
    def summary(self) -> str:
        """What a reader has to know before anything else, in one line."""
        parts = {"fail": self.failed, "waived": self.waived, "not assessed": self.not_assessed}
        split = ", ".join(f"{number:,} {word}" for word, number in parts.items() if number)
        noun = "other finding" if self.findings == 1 else "other findings"
        return (
            f"limited to what changed since {visible(self.revision, 120)} ({self._compared});"
            f" {self.findings:,} {noun} not shown{f' ({split})' if split else ''}{self._stood}"
        )

    @property
    def _stood(self) -> str:
        """Say how many of those that are shown the change did not bring."""
        if not self.known:
            return ""
        stood = "1 that is shown was" if self.known == 1 else f"{self.known:,} that are shown were"
        return f"; {stood} there before and cannot fail the scan"

    @property
    def _compared(self) -> str:
        """Say with which commit the work tree was compared, and how it was found."""
        if not self.resolved_commit:
            return self.commit
        is_itself = self.resolved in (self.revision, self.resolved_commit)
        name = "" if is_itself else f"{visible(self.resolved, 120)}, "
        if self.commit == self.resolved_commit:
            return f"{name}commit {self.commit}"
        return f"{name}commit {self.resolved_commit}, merge base {self.commit}"


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """Everything a report may read. ``findings`` are sorted by severity, rule, resource id.

    ``passed`` maps a rule to the ids of the resources that passed it, sorted; ``observed`` to the
    values that it passed on, where they were kept. ``limit`` says that findings, passes and gaps
    are only those that a change touches; None when they are all. ``causes`` has each failure under
    exactly one, those with open ones first, the worst first. ``catalogue`` has what rules and
    frameworks say, whatever they came to. ``unshown`` is what a reader of a file could not restore,
    "" for nothing; it is not written. ``frameworks`` count every control; ``controls`` are those
    that a rule judged something for. ``changes`` says what changed since a baseline or the last
    scan of a history, ``gate`` what the gate said; None where there is no earlier scan.
    ``folding`` has what lies in tests, examples, documentation, vendored code and older versions:
    it is in no other field; None where nothing is folded.
    """

    schema: str = SCHEMA
    tool: Tool = Tool()
    scan: ScanFacts = ScanFacts()
    totals: StatusCounts = StatusCounts()
    coverage: Coverage = Coverage()
    findings: tuple[Finding, ...] = ()
    gaps: tuple[Gap, ...] = ()
    rules: tuple[RuleSummary, ...] = ()
    passed: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    observed: Mapping[str, tuple[Observed, ...]] = msgspec.field(default_factory=dict)
    frameworks: tuple[FrameworkResult, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    waivers: tuple[WaiverState, ...] = ()
    notices: tuple[str, ...] = ()
    model_files: tuple[ModelFile, ...] = ()
    limit: ChangeLimit | None = None
    causes: tuple[Cause, ...] = ()
    changes: Changes | None = None
    gate: GateResult | None = None
    folding: Folding | None = None
    catalogue: Catalogue = Catalogue()
    unshown: str = ""

    @property
    def folded(self) -> tuple[Finding, ...]:
        """The findings that lie where nothing is deployed from."""
        return () if self.folding is None else self.folding.findings

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a reader has to know before any finding: the notices, and what is not shown."""
        folded = () if self.folding is None else self.folding.lines
        unshown = (self.unshown,) if self.unshown else ()
        return (*unshown, *folded, *self.notices)
