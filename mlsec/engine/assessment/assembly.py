"""Put a judgement together with what was looked at: the assessment every report is made from."""

from __future__ import annotations

from collections.abc import Sequence

from mlsec.core.assessment import Assessment, ScanFacts, Tool, with_counts
from mlsec.core.catalogue import catalogue_digest
from mlsec.core.coverage import Coverage
from mlsec.core.resource import Gap
from mlsec.engine.assessment.assess import Judgement
from mlsec.engine.assessment.catalogue import catalogue_of
from mlsec.engine.assessment.control_results import ControlResults, control_results
from mlsec.engine.causes.causes import causes_of
from mlsec.engine.model.controls import NOTHING
from mlsec.engine.model.rule import RuleSet


def assemble(
    ruleset: RuleSet,
    judgement: Judgement,
    *,
    version: str,
    scan: ScanFacts,
    coverage: Coverage,
    gaps: Sequence[Gap],
    is_whole: bool = True,
) -> Assessment:
    """Give the whole assessment; it keeps every gap of the collection, and no gap twice.

    A judgement that is limited to what a change touches, which ``is_whole`` False says, says
    nothing of a control.
    """
    catalogue = catalogue_of(ruleset)
    rules = tuple(
        with_counts(rule, judgement.counts.get(rule.id, NOTHING)) for rule in catalogue.rules
    )
    providers = {name.partition(".")[0] for name in coverage.types}
    controls = ControlResults()
    if is_whole:
        controls = control_results(ruleset, judgement.counts, providers, judgement.observed)
    return Assessment(
        tool=Tool(
            version=version,
            rules_digest=ruleset.digest,
            rules_count=len(rules),
            vocabulary_digest=ruleset.vocabulary.digest,
            catalogue_digest=catalogue_digest(catalogue),
        ),
        scan=scan,
        totals=judgement.totals,
        coverage=coverage,
        findings=judgement.findings,
        gaps=tuple(sorted({gap.id: gap for gap in gaps}.values(), key=_gap_order)),
        rules=rules,
        passed={rule: ids for rule, ids in judgement.passed.items() if ids},
        observed=judgement.observed,
        frameworks=controls.frameworks,
        controls=controls.controls,
        waivers=judgement.waivers,
        catalogue=catalogue,
        causes=causes_of(judgement.findings, ruleset, judgement.grounds),
    )


def _gap_order(gap: Gap) -> tuple[str, ...]:
    return (gap.scope, gap.wanted, gap.subject, gap.reason.value, gap.id)
