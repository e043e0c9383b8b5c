"""assessment.json: the machine-readable contract; written, read back, and described by a schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from mlsec.core.assessment import SCHEMA, Assessment
from mlsec.core.errors import MlsecError
from mlsec.render.document import AssessmentDocument, document_chunks
from mlsec.render.settings import DEFAULT, RenderSettings


def render_json(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write assessment.json."""
    del settings
    yield from document_chunks(assessment)


def read_assessment(payload: bytes) -> Assessment:
    """Read what render_json wrote.

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
    return _assessment(document)


def json_schema() -> bytes:
    """Describe the document: the published docs/assessment.schema.json."""
    import inspect  # noqa: PLC0415 - it takes long to load, and reports do without

    schema: dict[str, Any] = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mlsec assessment",
        **msgspec.json.schema(AssessmentDocument),
    }
    root = schema["$defs"]["AssessmentDocument"]["properties"]
    root["schema"] = {"const": SCHEMA}
    for definition in schema["$defs"].values():
        # From Python 3.13 on docstrings come without indentation; the file must not depend on it.
        if "description" in definition:
            definition["description"] = inspect.cleandoc(definition["description"])
    return json.dumps(schema, indent=2, sort_keys=True).encode() + b"\n"


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    schema: str = ""


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
        model_files=document.model_files,
        limit=document.limit,
    )
