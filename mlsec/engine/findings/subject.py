"""One document as its findings show it, made once for all of them."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mlsec.core.digest import resource_part
from mlsec.core.finding import Subject
from mlsec.core.resource import Origin, Resource
from mlsec.core.sanitize import visible

MAX_FACT_CHARS = 200


class FindingSubject(msgspec.Struct, frozen=True, gc=False):
    """A document and what is derived from it.

    ``part`` is its share of a fingerprint, ``name`` what messages call it, ``place`` the
    file:line:column it was written at ("" for anything that was not read from code).
    """

    document: Resource
    subject: Subject
    part: bytes
    name: str
    place: str


def finding_subject(document: Resource) -> FindingSubject:
    """Derive what every finding of the document needs."""
    subject = subject_of(document)
    origin = document.origin
    return FindingSubject(
        document,
        subject,
        resource_part(subject.id),
        shown_fact(subject.name or subject.id),
        code_place(origin) if origin.file and origin.line else "",
    )


def subject_of(resource: Resource) -> Subject:
    """The judged resource as reports show it."""
    origin, tags = resource.origin, resource.tags
    return Subject(
        id=resource.id,
        type=resource.type,
        provider=resource.provider,
        scope=resource.scope,
        region=resource.region,
        name=resource.name,
        file=origin.file,
        line=origin.line,
        owner=_owner(tags) if tags else "",
    )


def shown_fact(fact: str) -> str:
    """A name or id as a message shows it."""
    if len(fact) <= MAX_FACT_CHARS and fact.isascii() and fact.isprintable():
        return fact
    return visible(fact, MAX_FACT_CHARS)


def place_in_code(document: Resource, asked: str) -> str:
    """Where a property, or ``list[0].field``, was written; where nothing says so, what holds it."""
    places = document.places
    while places and asked:
        if asked in places:
            return places[asked]
        # variants[0].name, then variants[0], then variants
        cut = max(asked.rfind("]."), asked.rfind("["))
        asked = asked[: cut + 1] if asked[cut : cut + 2] == "]." else asked[: max(cut, 0)]
    return code_place(document.origin)


def code_place(origin: Origin) -> str:
    """``file:line`` and the column where there is one."""
    column = f":{origin.column}" if origin.column else ""
    return f"{origin.file}:{origin.line}{column}"


def _owner(tags: Mapping[str, str]) -> str:
    result = ""
    for key in tags:
        if len(key) == 5 and key.lower() == "owner" and (not result or key < result):
            result = key
    return tags[result] if result else ""
