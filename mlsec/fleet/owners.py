"""The reports of teams: of one assessment, what is theirs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import msgspec

from mlsec.core.assessment import Assessment, RuleSummary, ScanFacts, StatusCounts
from mlsec.core.cause import Cause
from mlsec.core.changes import Change, Changes
from mlsec.core.enums import Status
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding, Subject
from mlsec.core.named_file import read_named_file
from mlsec.core.resource import Resource
from mlsec.core.wildcard import matches
from mlsec.fleet.config import FleetConfig, Owner
from mlsec.fleet.settings import shipped_vocabulary
from mlsec.model_files.stores import scope_of as files_scope
from mlsec.render.assessment_read import read_assessment
from mlsec.render.write import write_reports
from mlsec.repository.collector import scope_of as code_scope
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import provider_of
from mlsec.targets.reading import read_inventory

_ASSESSMENT = "assessment.json"


class Estate(msgspec.Struct, frozen=True, kw_only=True):
    """What an owner has: ids of resources, and the scopes in which they lie.

    ``whole`` are the scopes that are its own altogether.
    """

    resources: frozenset[str]
    scopes: frozenset[str]
    whole: frozenset[str]

    def has(self, subject: Subject) -> bool:
        """Whether a judged resource is the owner's."""
        return subject.id in self.resources or subject.scope in self.whole


def write_owners(config: FleetConfig, folder: Path, evidence: Path) -> None:
    """Write each owner's reports into ``owners/NAME`` beside those of the organisation.

    Raises:
        MlsecError: the assessment cannot be read, or a report cannot be written.
    """
    if not config.owners:
        return
    file = folder / _ASSESSMENT
    try:
        whole = read_assessment(read_named_file(file))
    except OSError as error:
        message = f"cannot be read: {error.strerror}; owners' reports need the format json"
        raise MlsecError(message, location=str(file)) from None
    for owner, estate in estates(config.owners, evidence).items():
        own = folder.parent / "owners" / owner
        write_reports(part_of(whole, estate, owner), own, config.owner_formats)


def estates(owners: Collection[Owner], evidence: Path) -> dict[str, Estate]:
    """Find what each owner has, by scopes and tags, in evidence that was judged."""
    with Snapshot.open(evidence) as snapshot:
        inventory = read_inventory(snapshot, shipped_vocabulary())
    scopes = inventory.coverage.scopes | {gap.scope for gap in inventory.gaps}
    scopes |= {resource.scope for resource in inventory.resources}
    given = {}
    for owner in owners:
        whole = {scope for scope in scopes if any(matches(glob, scope) for glob in owner.scopes)}
        own = [r for r in inventory.resources if r.scope in whole or _is_tagged(r, owner.tags)]
        given[owner.name] = Estate(
            resources=frozenset(resource.id for resource in own),
            scopes=frozenset(whole | {resource.scope for resource in own}),
            whole=frozenset(whole),
        )
    return given


def _is_tagged(resource: Resource, tags: Mapping[str, str]) -> bool:
    return any(resource.tags.get(name) == value for name, value in tags.items())


def part_of(whole: Assessment, estate: Estate, owner: str) -> Assessment:
    """Give what an owner is to see: its findings, passes, places and gaps.

    What is said of the whole organisation (frameworks, controls, waivers, the gate) is left out.
    """
    findings = tuple(f for f in whole.findings if estate.has(f.resource))
    passed = {
        rule: own
        for rule, ids in whole.passed.items()
        if (own := tuple(id_ for id_ in ids if id_ in estate.resources))
    }
    counts = _counts(findings, passed)
    wanted = {gap for finding in findings for gap in finding.gaps}
    rules = tuple(
        msgspec.structs.replace(rule, counts=counts.get(rule.id, StatusCounts()))
        for rule in whole.rules
    )
    return msgspec.structs.replace(
        whole,
        scan=_scan_of(whole.scan, estate.scopes),
        findings=findings,
        passed=passed,
        observed={},
        rules=rules,
        totals=_total(rules),
        coverage=whole.coverage.within(estate.scopes),
        gaps=tuple(g for g in whole.gaps if g.scope in estate.scopes or g.id in wanted),
        causes=tuple(_causes(whole.causes, findings)),
        model_files=tuple(f for f in whole.model_files if f.id in estate.resources),
        notices=(f"only what belongs to {owner} is shown", *whole.notices),
        frameworks=(),
        controls=(),
        waivers=(),
        changes=_changes(whole.changes, findings, estate),
        gate=None,
        folding=None,
    )


def _changes(whole: Changes | None, findings: Iterable[Finding], estate: Estate) -> Changes | None:
    """Give what changed for an owner; its trend and what it newly waived were not counted."""
    if whole is None:
        return None
    absent = tuple(failure for failure in whole.absent if estate.has(failure.resource))
    counted = Counter(failure.change.value for failure in absent)
    counted.update(f.change for f in findings if f.status is Status.FAIL and f.waiver is None)
    return msgspec.structs.replace(
        whole,
        **{change.value: counted[change.value] for change in Change},
        newly_waived=0,
        absent=absent,
        trend=(),
    )


def _scan_of(scan: ScanFacts, scopes: frozenset[str]) -> ScanFacts:
    """Give what is said of the scan, without the repositories and clusters of others."""
    targets = tuple(target for target in scan.targets if _is_among(target, scopes))
    return msgspec.structs.replace(
        scan,
        targets=targets,
        identities=_of_targets(scan.identities, targets),
        commits=_of_targets(scan.commits, targets),
    )


def _of_targets(
    said: Mapping[str, str] | msgspec.UnsetType, targets: Iterable[str]
) -> Mapping[str, str] | msgspec.UnsetType:
    if isinstance(said, msgspec.UnsetType):
        return said
    return {target: said[target] for target in targets if target in said}


def _is_among(target: str, scopes: frozenset[str]) -> bool:
    provider, name = provider_of(target), target.partition("://")[2]
    if provider == "files":
        return not scopes.isdisjoint((files_scope(target), code_scope(target)))
    if provider == "kubernetes" and name:
        return f"{provider}/{name}" in scopes
    return any(scope.startswith(f"{provider}/") for scope in scopes)


def _counts(
    findings: Iterable[Finding], passed: Mapping[str, Collection[str]]
) -> dict[str, StatusCounts]:
    tally: dict[str, Counter[str]] = {rule: Counter(passed=len(passed[rule])) for rule in passed}
    for finding in findings:
        own = tally.setdefault(finding.rule, Counter())
        own["failed" if finding.status is Status.FAIL else finding.status.value] += 1
        own["waived"] += finding.status is Status.FAIL and finding.waiver is not None
    return {rule: StatusCounts(**own) for rule, own in tally.items()}


def _total(rules: Iterable[RuleSummary]) -> StatusCounts:
    names = StatusCounts.__struct_fields__
    counted = [rule.counts for rule in rules]
    return StatusCounts(**{name: sum(getattr(item, name) for item in counted) for name in names})


def _causes(causes: Iterable[Cause], findings: Iterable[Finding]) -> Iterable[Cause]:
    own = {finding.fingerprint: finding for finding in findings}
    for cause in causes:
        kept = tuple(key for key in cause.findings if key in own)
        if not kept:
            continue
        severities = [own[key].severity for key in kept]
        yield msgspec.structs.replace(
            cause,
            findings=kept,
            lead=cause.lead if cause.lead in own else kept[0],
            severity=min(severities, key=lambda severity: severity.rank),
            shared={key: facts for key, facts in cause.shared.items() if key in own},
        )
