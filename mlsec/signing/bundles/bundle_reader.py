"""Reads Sigstore bundles v0.1 to v0.3 and bare DSSE envelopes."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from mlsec.signing.bundles.bundle import (
    MEDIA_TYPES,
    Bundle,
    Count,
    Envelope,
    Material,
    MaterialKind,
    Note,
)
from mlsec.signing.encodings.strict_json import DEFAULT_LIMITS, JsonLimits, base64_bytes, loads
from mlsec.signing.errors import MalformedError, UnsupportedError

MAX_BUNDLE_BYTES = 64 << 20
MAX_LINES = 10_000
T = TypeVar("T")


def parse_bundle(data: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> Bundle:
    """Parse one Sigstore bundle or bare DSSE envelope; nothing is verified yet.

    Raises:
        MalformedError: not strict JSON, an unknown or missing field, both or none of the
            alternatives, base64 that is not canonical, over a cap.
        UnsupportedError: a media type that is not on the list.
    """
    return bundle_of(loads(data, "bundle", limits))


def parse_bundles(data: bytes, limits: JsonLimits = DEFAULT_LIMITS) -> tuple[Bundle, ...]:
    """Parse a file of bundles, one a line (``.jsonl``), or a single one over several lines."""
    lines = [line for line in data.split(b"\n") if line.strip()]
    if len(lines) > MAX_LINES:
        raise MalformedError(f"more than {MAX_LINES} bundles in one file")
    if len(lines) > 1 and all(line.lstrip()[:1] == b"{" for line in lines) and len(lines[0]) > 1:
        return tuple(parse_bundle(line, limits) for line in lines)
    return (parse_bundle(data, limits),)


def bundle_of(document: Any) -> Bundle:
    """Turn a parsed JSON document (``strict_json.loads``) into a bundle; raises as parse_bundle."""
    if isinstance(document, dict) and "payloadType" in document:
        envelope = _convert(document, Envelope, "envelope")
        return _checked(Bundle(media_type="", material=Material(), envelope=envelope))
    media_type = document.get("mediaType") if isinstance(document, dict) else None
    if not isinstance(media_type, str):
        raise MalformedError('bundle has no "mediaType", so it is not a Sigstore bundle')
    if media_type not in MEDIA_TYPES:
        raise UnsupportedError(f'bundle has the unknown media type "{media_type[:100]}"')
    return _checked(_convert(document, Bundle, "bundle"))


def _checked(bundle: Bundle) -> Bundle:
    if (bundle.envelope is None) == (bundle.message is None):
        raise MalformedError("bundle needs one of dsseEnvelope and messageSignature")
    material = bundle.material
    named = (material.public_key, material.certificate, material.chain)
    if sum(alternative is not None for alternative in named) > 1:
        raise MalformedError("bundle names its signer in more than one way")
    if bundle.envelope is not None and not bundle.envelope.signatures:
        raise MalformedError("envelope has no signature")
    if material.kind is MaterialKind.CHAIN and not material.certificates:
        raise MalformedError("bundle has an empty certificate chain")
    return bundle


def _convert(document: Any, kind: type[T], what: str) -> T:
    try:
        return msgspec.convert(document, kind, dec_hook=_decode)
    except msgspec.ValidationError as error:
        raise MalformedError(f"{what}: {error}") from None


def _decode(kind: type[Any], value: Any) -> Any:
    """Decode the types that protobuf's JSON spells in its own way."""
    if kind is Count:
        return _count(value)
    if kind.key:
        if not isinstance(value, dict) or value.keys() != {kind.key}:
            raise ValueError(f"Expected an object with `{kind.key}` alone")
        value = value[kind.key]
    if not isinstance(value, str):
        raise ValueError("Expected `str`")  # noqa: TRY004 - msgspec adds the place to this one
    if kind is Note:
        return Note(value)
    try:
        return kind(base64_bytes(value, "value"))
    except MalformedError as error:
        raise ValueError(error.message) from None


def _count(value: Any) -> Count:
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        number = int(value)
        is_count = str(number) == value
    else:
        is_count = isinstance(value, int) and not isinstance(value, bool)
        number = value if is_count else -1
    if not is_count or not 0 <= number < 1 << 63:
        raise ValueError("Expected a number from 0 up that fits into 63 bits")
    return Count(number)
