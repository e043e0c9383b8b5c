"""Reads assessment.json back, of this schema and of the one before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import TypeVar

import msgspec

from mlsec.core.assessment import SCHEMA, Assessment, RuleSummary, StatusCounts, Tool, with_counts
from mlsec.core.catalogue import (
    CATALOGUE_FILE,
    Catalogue,
    CatalogueRule,
    Fix,
    catalogue_digest,
    catalogue_rule,
)
from mlsec.core.cause import own_cause
from mlsec.core.coverage import coverage_of
from mlsec.core.enums import RuleStatus, Status
from mlsec.core.errors import MlsecError
from mlsec.render.document import AssessmentDocument, DocumentFacts, SilentRule

D = TypeVar("D", bound=DocumentFacts)
# By the digest that an assessment names and the ids of its rules; None where it is not to be had.
FindCatalogue = Callable[[str, Collection[str]], Catalogue | None]
_SCHEMA_1 = "mlsec/assessment/1"
_CONTROLS_OF_1 = (
    "The results of controls are not shown: those of this older assessment (schema 1) say more than"
    " its rules show. Judge the evidence again: mlsec scan --evidence."
)


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
    if head.schema == SCHEMA:
        return _of_schema_2(_decoded(payload, AssessmentDocument), find_catalogue)
    if head.schema == _SCHEMA_1:
        return _of_schema_1(_decoded(payload, DocumentFacts))
    raise MlsecError(
        f'the assessment has the schema "{head.schema[:80]}"; this mlsec reads "{SCHEMA}"'
        f' and "{_SCHEMA_1}"',
        hint="use the mlsec that wrote it, or scan again",
    )


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = ""


def _decoded(payload: bytes, kind: type[D]) -> D:
    try:
        return msgspec.json.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise MlsecError(f"the assessment does not fit its schema: {error}") from error


def _of_schema_2(document: AssessmentDocument, find_catalogue: FindCatalogue) -> Assessment:
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
    assessment = _assessment(document, document.tool, rules)
    return msgspec.structs.replace(
        assessment,
        observed=document.observed,
        frameworks=document.frameworks,
        causes=document.causes,
        changes=document.changes,
        gate=document.gate,
        folding=document.folding,
        controls=document.controls,
        catalogue=catalogue or Catalogue(),
        unshown=_unshown(digest, len(silent) + len(document.idle_rules))
        if digest and catalogue is None
        else "",
    )


def _of_schema_1(document: DocumentFacts) -> Assessment:
    catalogue = Catalogue(rules=tuple(map(catalogue_rule, document.rules)))
    tool = msgspec.structs.replace(document.tool, catalogue_digest=catalogue_digest(catalogue))
    assessment = _assessment(document, tool, document.rules)
    failed = (finding for finding in document.findings if finding.status is Status.FAIL)
    return msgspec.structs.replace(
        assessment,
        causes=tuple(map(own_cause, failed)),
        catalogue=catalogue,
        unshown=_CONTROLS_OF_1,
    )


def _assessment(document: DocumentFacts, tool: Tool, rules: Iterable[RuleSummary]) -> Assessment:
    waivers = document.waivers
    return Assessment(
        tool=tool,
        scan=document.scan,
        totals=document.coverage.totals,
        coverage=coverage_of(document.coverage.types, document.coverage.empty),
        findings=document.findings,
        gaps=document.gaps,
        rules=tuple(sorted(rules, key=lambda rule: rule.id)),
        passed=document.passed,
        waivers=(*waivers.used, *waivers.unused, *waivers.expired),
        notices=document.notices,
        model_files=document.model_files,
        limit=document.limit,
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
