"""The common kind of statement read fast; whatever is not plainly of that kind is left alone.

May only ever give what the strict parser would give: where there is the least doubt it gives None,
and the strict parser decides and words the error.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from mlsec.signing.manifests.statement_parts import RawResource, Statement, Subject

_RESOURCE = {"name", "digest", "algorithm"}
_CONTROL = re.compile("[\x00-\x1f]")


class _Subject(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    digest: dict[str, str]


class _Predicate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    serialization: dict[str, Any]
    resources: list[RawResource]


class _Statement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    type: str = msgspec.field(name="_type")
    subject: tuple[_Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType")
    predicate: _Predicate


_DECODER = msgspec.json.Decoder(_Statement)


def decode_plain_statement(payload: bytes) -> Statement | None:
    """Read a statement about a model's files, or give None.

    With no escape in the document, every second quote ends a string; so a key that stands twice
    shows in the number of quotes, although this parser keeps only the last.
    """
    if b"\\" in payload:
        return None
    try:
        found = _DECODER.decode(payload)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    outside = (found.predicate.serialization, *(one.digest for one in found.subject))
    if any(map(_holds_a_line, outside)):
        return None
    subjects = [{"name": one.name, "digest": one.digest} for one in found.subject]
    frame: dict[str, Any] = {
        "_type": found.type,
        "subject": subjects,
        "predicateType": found.predicate_type,
        "predicate": {"serialization": found.predicate.serialization, "resources": []},
    }
    texts = _texts(frame)
    resources = found.predicate.resources
    if payload.count(b'"') != 2 * (len(texts) + 6 * len(resources)):
        return None
    joined = "".join([f"{one.name}{one.digest}{one.algorithm}" for one in resources])
    is_whole = found.type and found.predicate_type and found.subject
    if not is_whole or _CONTROL.search(joined) or any(map(_CONTROL.search, texts)):
        return None
    if not all(one.name and one.digest for one in found.subject):
        return None
    frame["predicate"]["resources"] = resources
    return Statement(
        type=found.type,
        subjects=tuple(Subject(name=one.name, digests=one.digest) for one in found.subject),
        predicate_type=found.predicate_type,
        predicate=frame["predicate"],
    )


def _holds_a_line(value: Any) -> bool:
    """Whether an object has the fields of a manifest's line: the strict parser takes it for one."""
    if isinstance(value, dict):
        return value.keys() == _RESOURCE or any(map(_holds_a_line, value.values()))
    return isinstance(value, list) and any(map(_holds_a_line, value))


def _texts(value: Any) -> list[str]:
    """Every string of a small document, keys included."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for key, one in value.items() for text in (key, *_texts(one))]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return []
