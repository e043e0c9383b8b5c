"""assessment.json, the machine-readable contract, with its catalogue, and its schema."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.core.assessment import SCHEMA, Assessment
from mlsec.core.catalogue import CATALOGUE_FILE, catalogue_chunks
from mlsec.render.document import AssessmentDocument, document_chunks
from mlsec.render.settings import DEFAULT, RenderSettings

ASSESSMENT_FILE = "assessment.json"


def render_json(assessment: Assessment, settings: RenderSettings = DEFAULT) -> Iterator[bytes]:
    """Write assessment.json."""
    del settings
    yield from document_chunks(assessment)


def json_files(
    assessment: Assessment, settings: RenderSettings = DEFAULT
) -> Mapping[str, Iterable[bytes]]:
    """Give assessment.json, and the catalogue beside it where it is known."""
    files = {ASSESSMENT_FILE: render_json(assessment, settings)}
    if assessment.catalogue.rules:
        files[CATALOGUE_FILE] = catalogue_chunks(assessment.catalogue)
    return files


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
