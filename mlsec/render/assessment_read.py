"""Reads assessment.json back, of this schema."""

from __future__ import annotations

from collections.abc import Callable, Collection

import msgspec

from mlsec.core.assessment import SCHEMA, Assessment, RuleSummary, StatusCounts, with_counts
from mlsec.core.catalogue import (
    CATALOGUE_FILE,
    Catalogue,
    CatalogueRule,
    Fix,
)
from mlsec.core.coverage import coverage_of
from mlsec.core.enums import RuleStatus
from mlsec.core.errors import MlsecError
from mlsec.render.document import AssessmentDocument, SilentRule

# By the digest that an assessment names and the ids of its rules; None where it is not to be had.
FindCatalogue = Callable[[str, Collection[str]], Catalogue | None]


def no_catalogue(digest: str, rules: Collection[str]) -> None:
    """Find no catalogue."""
    del digest, rules


def read_assessment(payload: bytes, find_catalogue: FindCatalogue = no_catalogue) -> Assessment:
    """Read an assessment.json; what its catalogue would have said and is not to be had is named.

    Raises:
        MlsecError: cut off, not JSON, of another schema, or with a field that does not fit.
    """
    try:
        head = msgspec.json.decode(payload, type=_Head)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MlsecError(
            f"this is not a complete assessment.json: {error}",
            hint="the file may be cut off; write it again with mlsec scan -o",
        ) from error
    if head.schema != SCHEMA:
        raise MlsecError(
            f'the assessment has the schema "{head.schema[:80]}"; this mlsec reads "{SCHEMA}"',
            hint="use the mlsec that wrote it, or scan again",
        )
    try:
        document = msgspec.json.decode(payload, type=AssessmentDocument)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MlsecError(f"the assessment does not fit its schema: {error}") from error
    return _assessment(document, find_catalogue)


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = ""


def _assessment(document: AssessmentDocument, find_catalogue: FindCatalogue) -> Assessment:
    digest, silent = document.tool.catalogue_digest, document.silent_rules
    ids = {*silent, *document.idle_rules, *(rule.id for rule in document.rules)}
    catalogue = find_catalogue(digest, ids) if digest else None
    described = {rule.id: rule for rule in catalogue.rules} if catalogue is not None else {}
    rules = [
        *(_with_reasons(rule, described) for rule in document.rules),
        *(_silent(name, silent[name], described) for name in silent),
    ]
    # Without the catalogue nothing is known of a rule that met nothing but its id.
    idle = (described[name] for name in document.idle_rules if name in described)
    rules += [with_counts(rule, StatusCounts()) for rule in idle]
    waivers = document.waivers
    return Assessment(
        tool=document.tool,
        scan=document.scan,
        totals=document.coverage.totals,
        coverage=coverage_of(document.coverage.types, document.coverage.empty),
        findings=document.findings,
        gaps=document.gaps,
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        passed=document.passed,
        observed=document.observed,
        frameworks=document.frameworks,
        controls=document.controls,
        waivers=(*waivers.used, *waivers.unused, *waivers.expired),
        notices=document.notices,
        model_files=document.model_files,
        limit=document.limit,
        causes=document.causes,
        changes=document.changes,
        gate=document.gate,
        folding=document.folding,
        catalogue=catalogue or Catalogue(),
        unshown=_unshown(digest, len(silent) + len(document.idle_rules))
        if digest and catalogue is None
        else "",
    )


def _with_reasons(rule: RuleSummary, described: dict[str, CatalogueRule]) -> RuleSummary:
    known = described.get(rule.id)
    return rule if known is None else msgspec.structs.replace(rule, controls=known.controls)


def _silent(rule_id: str, facts: SilentRule, described: dict[str, CatalogueRule]) -> RuleSummary:
    counts = StatusCounts(passed=facts.passed, not_applicable=facts.not_applicable)
    if rule_id in described:
        return with_counts(described[rule_id], counts)
    return RuleSummary(
        id=rule_id,
        title=rule_id,
        severity=facts.severity,
        category=facts.category,
        concern=facts.concern,
        status=RuleStatus.STABLE,
        resource="",
        why="",
        fix=Fix(text=""),
        counts=counts,
    )


def _unshown(digest: str, silent: int) -> str:
    rules = "1 rule" if silent == 1 else f"{silent:,} rules"
    return (
        f"The titles and reasons of the {rules} without a finding, why a rule is evidence for a"
        f" control, and the controls without evidence are not shown: {CATALOGUE_FILE} with the"
        f" digest {digest[:12]} is not beside the assessment, and the rules installed here are"
        " others."
    )
