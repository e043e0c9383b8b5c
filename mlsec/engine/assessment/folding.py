"""Folds what is not deployed out of a judgement: counted and kept, but in no total and no gate."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Set

import msgspec

from mlsec.core.assessment import StatusCounts
from mlsec.core.coverage import Coverage, TypeCoverage
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.folding import FoldedClass, Folding
from mlsec.core.resource import Gap, Resource
from mlsec.core.sanitize import visible
from mlsec.engine.assessment.assess import Judgement, total_of
from mlsec.engine.assessment.families import join_families
from mlsec.engine.assessment.fold_places import Files, FoldPlaces, Kind, Place, target_of
from mlsec.engine.assessment.observations import moved
from mlsec.engine.assessment.roots import join_roots
from mlsec.engine.model.rule import RuleSet

# Where less than this share of all checks would be left, what is shown alone is not folded.
LEAST_LEFT = 0.1
_FOLDERS_NAMED = 5
_TARGETS_SAID = 3
_FIELDS = ("failed", "waived", "not_assessed", "passed", "gaps")
_WORDS = {Status.FAIL: "failed", Status.NOT_ASSESSED: "not_assessed"}
# What is folded of the passes: rule, resource and what folds it.
Passes = tuple[tuple[str, str, Place], ...]


class Folded(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of a judgement with its gaps and coverage, and what was folded."""

    judgement: Judgement
    gaps: tuple[Gap, ...]
    coverage: Coverage
    folding: Folding | None


class Folder:
    """Folds what lies in folders of the given classes; where ``unfolded`` names one, it counts.

    ``joins_families``: what a folder's manifests have alike is one finding; not where each is asked
    about by itself, as of a change.
    """

    def __init__(
        self,
        kinds: Iterable[Kind],
        files: Files,
        resources: Iterable[Resource],
        ruleset: RuleSet,
        unfolded: Collection[str],
        *,
        joins_families: bool = True,
    ) -> None:
        self._resources = {item.id: item for item in resources}
        self._kinds = tuple(kind for kind in kinds if kind.name not in unfolded)
        self._files, self._ruleset = files, ruleset
        self._joins_families = joins_families

    def fold(self, judgement: Judgement, gaps: Iterable[Gap], coverage: Coverage) -> Folded:
        """Part what is folded from what counts."""
        gaps = tuple(gaps)
        places = self._places()
        alone, kept = self._keep_alone(judgement, places)
        if alone:
            places = self._places(alone)
        gap_places = {gap.id: places.of_gap(gap) for gap in gaps}
        of_findings = [places.of_finding(item, gap_places) for item in judgement.findings]
        findings, of_findings = join_roots(judgement.findings, of_findings, self._resources)
        if self._joins_families:
            findings, of_findings = join_families(findings, of_findings)
        left, folded = _parted(findings, of_findings)
        wanted = {gap for finding in left for gap in finding.gaps}
        lost = {key for key, place in gap_places.items() if place[0] and key not in wanted}
        passed, passes = _passed(judgement.passed, places)
        lost_places = [gap_places[gap] for gap in sorted(lost)]
        classes = self._classes(folded, of_findings, passes, lost_places)
        is_folded = bool(classes or kept)
        if not is_folded and len(findings) == len(judgement.findings):
            return Folded(judgement=judgement, gaps=gaps, coverage=coverage, folding=None)
        counts = _counts(judgement, left, passed)
        return Folded(
            judgement=msgspec.structs.replace(
                judgement,
                findings=left,
                passed=passed,
                observed=moved(judgement.observed, judgement.passed, passed),
                counts=counts,
                totals=total_of(counts.values()),
            ),
            gaps=tuple(gap for gap in gaps if gap.id not in lost),
            coverage=msgspec.structs.replace(
                coverage, rows=tuple(self._row(row, lost, places) for row in coverage.rows)
            ),
            folding=Folding(classes=classes, findings=folded, kept=kept) if is_folded else None,
        )

    def _places(self, alone: Set[str] = frozenset()) -> FoldPlaces:
        return FoldPlaces(self._kinds, self._files, self._resources, self._ruleset, alone)

    def _keep_alone(self, judgement: Judgement, places: FoldPlaces) -> tuple[Set[str], str]:
        """Give the targets of which examples and the like count, and the sentence that says why.

        Each target decides for itself: what is scanned beside a repository folds nothing in it.
        """
        counts: dict[str, Counter[str]] = defaultdict(Counter)
        for finding in judgement.findings:
            counts[target_of(finding.resource.scope)][places.home(finding)[0]] += 1
        for ids in judgement.passed.values():
            for item in ids:
                resource = self._resources.get(item)
                target = target_of(resource.scope) if resource else ""
                counts[target][places.home(item)[0]] += 1
        alone = {target: kinds for target in counts if (kinds := self._alone_in(counts[target]))}
        titles = " and ".join(
            kind.title
            for kind in self._kinds
            if any(kind.name in names for names in alone.values())
        )
        if not alone:
            return frozenset(), ""
        where = "here" if counts.keys() <= {*alone, ""} else f"in {_named(alone)}"
        why = "less than a tenth of the checks are about anything else"
        return frozenset(alone), f"{titles} count {where}: {why}"

    def _alone_in(self, counts: Mapping[str, int]) -> Set[str]:
        """Name the classes beside which a target has little else."""
        alone = {kind.name for kind in self._kinds if kind.is_shown_alone and counts.get(kind.name)}
        shown = sum(counts[name] for name in alone)
        rest = counts.get("", 0) + sum(
            counts.get(kind.name, 0) for kind in self._kinds if kind.is_of_repository
        )
        return frozenset() if rest >= LEAST_LEFT * (rest + shown) else alone

    def _classes(
        self,
        folded: Iterable[Finding],
        places: Iterable[Place],
        passes: Passes,
        gap_places: Iterable[Place],
    ) -> tuple[FoldedClass, ...]:
        counts: Counter[tuple[str, str]] = Counter()
        folders: dict[str, set[str]] = defaultdict(set)
        gap_places = tuple(gap_places)
        for name, folder in (*places, *(place for _, _, place in passes), *gap_places):
            folders[name].add(folder)
        for finding in folded:
            is_waived = finding.status is Status.FAIL and finding.waiver is not None
            word = "waived" if is_waived else _WORDS[finding.status]
            counts[str(finding.folded), word] += 1
        counts.update((place[0], "passed") for _, _, place in passes)
        counts.update((place[0], "gaps") for place in gap_places)
        return tuple(
            FoldedClass(
                name=kind.name,
                title=kind.title,
                folders=tuple(sorted(folders[kind.name])[:_FOLDERS_NAMED]),
                **{word: counts[kind.name, word] for word in _FIELDS},
            )
            for kind in self._kinds
            if any(counts[kind.name, word] for word in _FIELDS)
        )

    def _row(self, row: TypeCoverage, lost: Set[str], places: FoldPlaces) -> TypeCoverage:
        """Count what is folded and could not be read as left out of what had to be read."""
        gone = [gap for gap in row.gaps if gap in lost]
        if not gone:
            return row
        number = sum(
            bool(places.home(item.id)[0])
            and (item.type, item.scope, item.region) == (row.type, row.scope, row.region)
            and any(not lost.isdisjoint(ids) for ids in item.unread.values())
            for item in self._resources.values()
        )
        left = tuple(gap for gap in row.gaps if gap not in lost)
        number = row.errored if not left else min(number, row.errored)
        words = f"not wholly read, and folded ({number:,})" if number else ""
        return msgspec.structs.replace(
            row,
            errored=row.errored - number,
            excluded=row.excluded + number,
            is_complete=row.is_complete or not left,
            excluded_because="; ".join(part for part in (row.excluded_because, words) if part),
            gaps=left,
        )


def _named(targets: Iterable[str]) -> str:
    """Name the first of some targets, and how many more there are."""
    names = sorted(targets)
    said = ", ".join(visible(name, 80) for name in names[:_TARGETS_SAID])
    left = len(names) - _TARGETS_SAID
    return f"{said} and {left:,} more" if left > 0 else said


def _passed(
    passed: Mapping[str, Iterable[str]], places: FoldPlaces
) -> tuple[dict[str, tuple[str, ...]], Passes]:
    """Part the passes of each rule: those that count, and those that are folded."""
    counting: dict[str, tuple[str, ...]] = {}
    folded: list[tuple[str, str, Place]] = []
    for rule, ids in passed.items():
        placed = [(item, places.of_pass(rule, item)) for item in ids]
        counting[rule] = tuple(item for item, place in placed if not place[0])
        folded.extend((rule, item, place) for item, place in placed if place[0])
    return counting, tuple(folded)


def _parted(
    findings: Iterable[Finding], places: Iterable[Place]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    left, folded = [], []
    for finding, (name, _) in zip(findings, places, strict=True):
        if name:
            folded.append(msgspec.structs.replace(finding, folded=name))
        else:
            left.append(finding)
    return tuple(left), tuple(folded)


def _counts(
    judgement: Judgement, left: Iterable[Finding], passed: Mapping[str, tuple[str, ...]]
) -> dict[str, StatusCounts]:
    left = tuple(left)
    counted = Counter((finding.rule, finding.status) for finding in left)
    waived = Counter(finding.rule for finding in left if finding.waiver is not None)
    return {
        rule: StatusCounts(
            passed=len(passed.get(rule, ())),
            failed=counted[rule, Status.FAIL],
            not_assessed=counted[rule, Status.NOT_ASSESSED],
            not_applicable=value.not_applicable,
            waived=waived[rule],
        )
        for rule, value in judgement.counts.items()
    }
