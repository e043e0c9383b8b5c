"""in-toto statements: the subjects and the predicate of a signed payload."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from mlsec.signing.encodings.strict_json import DEFAULT_LIMITS, JsonLimits, loads
from mlsec.signing.errors import MalformedError

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
OMS_PREDICATE = "https://model_signing/signature/v1.0"
LEGACY_PREDICATE = "https://model_signing/Digests/v0.1"
_RESOURCE = {"name", "digest", "algorithm"}
_Text = Annotated[str, Meta(min_length=1)]


class Subject(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is signed: a name, and digests as ``algorithm -> lower-case hex``."""

    name: _Text
    digests: Annotated[Mapping[str, str], Meta(min_length=1)] = msgspec.field(name="digest")


class RawResource(msgspec.Struct, frozen=True, gc=False):
    """One line of a manifest as written, not yet judged."""

    name: str
    digest: str
    algorithm: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A parsed payload. ``predicate`` is plain JSON, but for objects of the three fields of a
    manifest line, which are ``RawResource``.
    """

    type: _Text = msgspec.field(name="_type")
    subjects: Annotated[tuple[Subject, ...], Meta(min_length=1)] = msgspec.field(name="subject")
    predicate_type: _Text = msgspec.field(name="predicateType")
    predicate: Any = None


def parse_statement(payload: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> Statement:
    """Parse an in-toto statement; its types are returned, not judged.

    Raises:
        MalformedError: not strict JSON, or a field that is missing or of another type.
    """
    document = loads(payload, "statement", limits, compact=_compact)
    try:
        return msgspec.convert(document, Statement)
    except msgspec.ValidationError as error:
        raise MalformedError(f"statement: {error}") from None


def _compact(value: dict[str, Any]) -> Any:
    if len(value) != 3 or value.keys() != _RESOURCE:
        return value
    name, digest, algorithm = value["name"], value["digest"], value["algorithm"]
    if not (isinstance(name, str) and isinstance(digest, str) and isinstance(algorithm, str)):
        return value
    return RawResource(name, digest, sys.intern(algorithm))
