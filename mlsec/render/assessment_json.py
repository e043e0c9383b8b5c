"""assessment.json: the machine-readable contract; written, read back, and described by a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import (
    SCHEMA,
    Assessment,
    ControlResult,
    RuleSummary,
    ScanFacts,
    StatusCounts,
    Tool,
    WaiverState,
)
from mlsec.core.errors import MlsecError
from mlsec.core.finding import Finding
from mlsec.core.resource import Gap, TypeCoverage
from mlsec.render import tally
from mlsec.render.settings import DEFAULT, RenderSettings
from mlsec.render.shown import masked

_STATES = ("used", "unused", "expired")


class CoveragePart(msgspec.Struct, frozen=True, kw_only=True):
    """How much was seen: checks by status, whole percent assessed, and one row per type."""

    percent: int
    is_complete: bool
    totals: StatusCounts
    types: tuple[TypeCoverage, ...] = ()


class WaiversPart(msgspec.Struct, frozen=True, kw_only=True):
    """The accepted exceptions by what became of them."""

    used: tuple[WaiverState, ...] = ()
    unused: tuple[WaiverState, ...] = ()
    expired: tuple[WaiverState, ...] = ()


class AssessmentDocument(msgspec.Struct, frozen=True, kw_only=True):
    """The file as a whole; keys in this order, lists sorted, enums by their published names."""

    schema: str
    tool: Tool
    scan: ScanFacts
    coverage: CoveragePart
    findings: tuple[Finding, ...]
    gaps: tuple[Gap, ...] = ()
    rules: tuple[RuleSummary, ...] = ()
    controls: tuple[ControlResult, ...] = ()
    waivers: WaiversPart = WaiversPart()
    passed: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    notices: tuple[str, ...] = ()


def render_json(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write the document with one list element a line, so that it can be diffed and searched.

    A lone surrogate, which UTF-8 cannot hold, is written as an escape in the text.
    """
    del settings
    try:
        chunks = list(_chunks(_document(assessment)))
    except UnicodeEncodeError:
        builtins = _without_surrogates(msgspec.to_builtins(assessment))
        chunks = list(_chunks(_document(msgspec.convert(builtins, Assessment))))
    yield from chunks


def _chunks(document: AssessmentDocument) -> Iterator[bytes]:
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
                yield masked(encoder.encode(element)) + end
            yield b"]"
        else:
            yield masked(encoder.encode(part))
        yield b",\n" if position < len(fields) - 1 else b"\n"
    yield b"}\n"


def read_assessment(payload: bytes) -> Assessment:
    """Read what render_json wrote.

    Raises:
        MlsecError: cut off, not JSON, of another schema, or with a field that does not fit.
    """
    try:
        head = msgspec.json.decode(payload, type=_Head)
    except msgspec.DecodeError as error:
        raise MlsecError(
            f"this is not a whole assessment.json: {error}",
            hint="the file may be cut off; write it again with mlsec scan -o",
        ) from error
    if head.schema != SCHEMA:
        raise MlsecError(
            f'the assessment has the schema "{head.schema[:80]}"; this mlsec reads "{SCHEMA}"',
            hint="use the mlsec that wrote it, or scan again",
        )
    try:
        document = msgspec.json.decode(payload, type=AssessmentDocument)
    except msgspec.ValidationError as error:
        raise MlsecError(f"the assessment does not fit its schema: {error}") from error
    return _assessment(document)


def json_schema() -> bytes:
    """Describe the document: the published docs/assessment.schema.json."""
    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlsec assessment",
        **msgspec.json.schema(AssessmentDocument),
    }
    root = schema["$defs"]["AssessmentDocument"]["properties"]
    root["schema"] = {"const": SCHEMA}
    return json.dumps(schema, indent=2, sort_keys=True).encode() + b"\n"


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = ""


def _document(assessment: Assessment) -> AssessmentDocument:
    counts = tally.count(assessment)
    waivers = {
        state: tuple(one for one in tally.sorted_waivers(assessment) if one.state == state)
        for state in _STATES
    }
    return AssessmentDocument(
        schema=assessment.schema,
        tool=assessment.tool,
        scan=assessment.scan,
        coverage=CoveragePart(
            percent=counts.percent,
            is_complete=tally.is_complete(assessment, counts),
            totals=assessment.totals,
            types=tuple(
                sorted(assessment.coverage, key=lambda row: (row.scope, row.region, row.type))
            ),
        ),
        findings=tuple(tally.sorted_findings(assessment)),
        gaps=tuple(sorted(assessment.gaps, key=lambda gap: (gap.scope, gap.wanted, gap.id))),
        rules=tuple(sorted(assessment.rules, key=lambda rule: rule.id)),
        controls=assessment.controls,
        waivers=WaiversPart(**waivers),
        passed={rule: tuple(sorted(ids)) for rule, ids in assessment.passed.items()},
        notices=assessment.notices,
    )


def _assessment(document: AssessmentDocument) -> Assessment:
    waivers = document.waivers
    return Assessment(
        schema=document.schema,
        tool=document.tool,
        scan=document.scan,
        totals=document.coverage.totals,
        coverage=document.coverage.types,
        findings=document.findings,
        gaps=document.gaps,
        rules=document.rules,
        passed=document.passed,
        controls=document.controls,
        waivers=(*waivers.used, *waivers.unused, *waivers.expired),
        notices=document.notices,
    )


def _without_surrogates(node: Any) -> Any:
    match node:
        case str():
            return node.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {_without_surrogates(key): _without_surrogates(one) for key, one in node.items()}
        case list() | tuple():
            return [_without_surrogates(one) for one in node]
        case _:
            return node
