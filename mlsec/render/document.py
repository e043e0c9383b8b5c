"""The shape of assessment.json, its bytes and its digest."""

from __future__ import annotations

import hashlib
import itertools
import operator
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import (
    Assessment,
    ChangeLimit,
    ControlResult,
    FrameworkResult,
    ModelFile,
    Observed,
    RuleSummary,
    ScanFacts,
    StatusCounts,
    Tool,
    WaiverState,
)
from mlsec.core.cause import Cause
from mlsec.core.changes import Changes
from mlsec.core.coverage import EmptyCoverage, TypeCoverage, coverage_of
from mlsec.core.enums import Category, Concern, Severity
from mlsec.core.finding import Finding
from mlsec.core.folding import Folding
from mlsec.core.gate_result import GateResult
from mlsec.core.resource import Gap
from mlsec.render import tally
from mlsec.render.display import masked

_STATES = ("used", "unused", "expired")


class CoveragePart(msgspec.Struct, frozen=True, kw_only=True):
    """How much was seen: checks by status, whole percent assessed, and what was looked for.

    ``types`` has a row for each type in a place where something is, or may be. ``empty`` has the
    types that were listed whole in places where nothing of them is.
    """

    percent: int
    is_complete: bool
    totals: StatusCounts
    types: tuple[TypeCoverage, ...] = ()
    empty: tuple[EmptyCoverage, ...] = ()


class WaiversPart(msgspec.Struct, frozen=True, kw_only=True):
    """The accepted exceptions by what became of them."""

    used: tuple[WaiverState, ...] = ()
    unused: tuple[WaiverState, ...] = ()
    expired: tuple[WaiverState, ...] = ()


class SilentRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A rule that ran and has no finding: on how many resources; the catalogue says the rest."""

    severity: Severity
    category: Category
    concern: Concern
    passed: int = 0
    not_applicable: int = 0


class AssessmentDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The file as a whole, keys in this order; lists sorted, enums by their published names.

    ``rules`` are whole for those that have a finding; ``silent_rules`` has the others that judged
    something, by id, ``idle_rules`` those that met nothing to judge. What those say, why a rule is
    evidence for a control, and all that frameworks say, stands in catalogue.json, which
    ``tool.catalogue_digest`` names by its SHA-256.
    """

    schema: str
    tool: Tool
    scan: ScanFacts
    coverage: CoveragePart
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...] = ()
    rules: tuple[RuleSummary, ...] = ()
    waivers: WaiversPart = WaiversPart()
    passed: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    notices: tuple[str, ...] = ()
    model_files: tuple[ModelFile, ...] = ()
    limit: ChangeLimit | None = None
    causes: tuple[Cause, ...] = ()
    silent_rules: Mapping[str, SilentRule] = msgspec.field(default_factory=dict)
    idle_rules: tuple[str, ...] = ()
    observed: Mapping[str, tuple[Observed, ...]] = msgspec.field(default_factory=dict)
    frameworks: tuple[FrameworkResult, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    changes: Changes | None = None
    gate: GateResult | None = None
    folding: Folding | None = None


def document_chunks(assessment: Assessment) -> Iterator[bytes]:
    """Encode the document, one list element a line, so that it can be diffed and searched.

    A lone surrogate, which UTF-8 cannot hold, is written as an escape in the text.
    """
    document = _document(assessment)
    encoder = msgspec.json.Encoder(order="deterministic")
    fields = AssessmentDocument.__struct_fields__
    yield b"{\n"
    for position, name in enumerate(fields):
        part = getattr(document, name)
        yield encoder.encode(name) + b": "
        if isinstance(part, tuple) and part:
            yield b"[\n"
            for index, element in enumerate(part):
                end = b",\n" if index < len(part) - 1 else b"\n"
                yield _encoded(encoder, element) + end
            yield b"]"
        elif isinstance(part, dict):
            yield b"{"
            for index, (key, value) in enumerate(sorted(part.items())):
                yield (b"," if index else b"") + _encoded(encoder, key) + b":"
                yield _encoded(encoder, value)
            yield b"}"
        else:
            yield _encoded(encoder, part)
        yield b",\n" if position < len(fields) - 1 else b"\n"
    yield b"}\n"


def document_digest(assessment: Assessment) -> str:
    """Give the SHA-256 of assessment.json, which every report can name."""
    whole = hashlib.sha256()
    for chunk in document_chunks(assessment):
        whole.update(chunk)
    return f"sha256:{whole.hexdigest()}"


def _encoded(encoder: msgspec.json.Encoder, part: Any) -> bytes:
    try:
        return masked(encoder.encode(part))
    except UnicodeEncodeError:
        clean = _without_surrogates(msgspec.to_builtins(part))
        is_struct = isinstance(part, msgspec.Struct)
        return masked(encoder.encode(msgspec.convert(clean, type(part)) if is_struct else clean))


def _document(assessment: Assessment) -> AssessmentDocument:
    counts = tally.count(assessment)
    speaking = {finding.rule for finding in (*assessment.findings, *assessment.folded)}
    waivers = {
        state: tuple(waiver for waiver in tally.sorted_waivers(assessment) if waiver.state == state)
        for state in _STATES
    }
    coverage = coverage_of(assessment.coverage.rows, assessment.coverage.empty)
    return AssessmentDocument(
        schema=assessment.schema,
        tool=assessment.tool,
        scan=assessment.scan,
        coverage=CoveragePart(
            percent=counts.percent,
            is_complete=tally.is_complete(assessment, counts),
            totals=assessment.totals,
            types=coverage.rows,
            empty=coverage.empty,
        ),
        findings=tuple(tally.sorted_findings(assessment)),
        gaps=tuple(sorted(assessment.gaps, key=_gap_order)),
        rules=tuple(
            _without_reasons(rule)
            for rule in sorted(assessment.rules, key=lambda rule: rule.id)
            if rule.id in speaking
        ),
        causes=assessment.causes,
        silent_rules=_silent_rules(assessment.rules, speaking),
        idle_rules=tuple(
            sorted(
                rule.id
                for rule in assessment.rules
                if rule.counts == StatusCounts() and rule.id not in speaking
            )
        ),
        observed=assessment.observed,
        frameworks=assessment.frameworks,
        controls=assessment.controls,
        waivers=WaiversPart(**waivers),
        passed={rule: _in_order(ids) for rule, ids in assessment.passed.items()},
        notices=assessment.notices,
        model_files=tuple(sorted(assessment.model_files, key=lambda file: file.id)),
        limit=assessment.limit,
        changes=assessment.changes,
        gate=assessment.gate,
        folding=assessment.folding,
    )


def _without_reasons(rule: RuleSummary) -> RuleSummary:
    """Leave out why a rule is evidence for a control: the catalogue says it."""
    links = tuple(msgspec.structs.replace(link, because="") for link in rule.controls)
    return msgspec.structs.replace(rule, controls=links)


def _in_order(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Sort ids; most are sorted already, and are not held twice."""
    is_sorted = all(map(operator.le, ids, itertools.islice(ids, 1, None)))
    return ids if is_sorted else tuple(sorted(ids))


def _gap_order(gap: Gap) -> tuple[str, ...]:
    return (gap.scope, gap.wanted, gap.subject, gap.reason.value, gap.id)


def _silent_rules(rules: Iterable[RuleSummary], speaking: Collection[str]) -> dict[str, SilentRule]:
    return {
        rule.id: SilentRule(
            severity=rule.severity,
            category=rule.category,
            concern=rule.concern,
            passed=rule.counts.passed,
            not_applicable=rule.counts.not_applicable,
        )
        for rule in rules
        if rule.id not in speaking and rule.counts != StatusCounts()
    }


def _without_surrogates(node: Any) -> Any:
    match node:
        case str():
            return node.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {
                _without_surrogates(key): _without_surrogates(value) for key, value in node.items()
            }
        case list() | tuple():
            return [_without_surrogates(item) for item in node]
        case _:
            return node
