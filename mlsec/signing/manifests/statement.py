"""in-toto statements: what a signed payload says it is about."""

from __future__ import annotations

import sys
from typing import Any

from mlsec.signing.encodings.strict_json import DEFAULT_LIMITS, JsonLimits, loads
from mlsec.signing.errors import MalformedError
from mlsec.signing.manifests.statement_decoder import decode_plain_statement
from mlsec.signing.manifests.statement_parts import RawResource, Statement, Subject

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
OMS_PREDICATE = "https://model_signing/signature/v1.0"
LEGACY_PREDICATE = "https://model_signing/Digests/v0.1"

__all__ = ["RawResource", "Statement", "Subject", "parse_statement", "strict_statement"]

_RESOURCE = {"name", "digest", "algorithm"}


def parse_statement(payload: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> Statement:
    """Parse an in-toto statement; its types are given, not judged.

    Raises:
        MalformedError: not strict JSON, or a field that is missing or of another type.
    """
    quick = decode_plain_statement(payload) if len(payload) <= limits.size_bytes else None
    if quick is not None:
        return quick
    return strict_statement(payload, limits)


def strict_statement(payload: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> Statement:
    """As ``parse_statement``, always by the strict parser."""
    found = loads(payload, "statement", limits, compact=_compact)
    if not isinstance(found, dict):
        raise MalformedError("statement is no JSON object")
    unknown = sorted(found.keys() - {"_type", "subject", "predicateType", "predicate"})
    if unknown:
        raise MalformedError(f'statement has the unknown field "{unknown[0][:100]}"')
    subjects = found.get("subject")
    if not isinstance(subjects, list) or not subjects:
        raise MalformedError("statement has no subject")
    return Statement(
        type=_text(found, "_type"),
        subjects=tuple(_subject(one) for one in subjects),
        predicate_type=_text(found, "predicateType"),
        predicate=found.get("predicate"),
    )


def _compact(found: dict[str, Any]) -> Any:
    if len(found) != 3 or found.keys() != _RESOURCE:
        return found
    name, digest, algorithm = found["name"], found["digest"], found["algorithm"]
    if not (isinstance(name, str) and isinstance(digest, str) and isinstance(algorithm, str)):
        return found
    return RawResource(name, digest, sys.intern(algorithm))


def _subject(found: Any) -> Subject:
    if not isinstance(found, dict):
        raise MalformedError("a subject of the statement is no JSON object")
    digests = found.get("digest")
    if not isinstance(digests, dict) or not digests:
        raise MalformedError("a subject of the statement has no digest")
    if not all(isinstance(one, str) for one in digests.values()):
        raise MalformedError("a digest of the statement's subject is no text")
    return Subject(name=_text(found, "name"), digests=digests)


def _text(found: dict[str, Any], key: str) -> str:
    value = found.get(key)
    if not isinstance(value, str) or not value:
        raise MalformedError(f'statement: "{key}" is missing or no text')
    return value
