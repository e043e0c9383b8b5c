"""The holes of a fix command: what is known of a finding, and the choices that a person makes."""

from __future__ import annotations

import itertools

from mlsec.core.finding import Subject
from mlsec.core.regex import regex

# What every finding knows of its resource, whatever the provider.
SUBJECT_HOLES = ("name", "id", "region", "location", "type", "scope")
# What an id or a scope names on one provider.
PLACE_HOLES = {
    "account": "aws",
    "partition": "aws",
    "subscription": "azure",
    "resource_group": "azure",
    "project": "gcp",
}
ID_PART = "id:"
ITEM = "[]."

HOLE = regex(r"\{([a-z][a-z0-9_]*(?:(?:\.|\[\]\.|:)[A-Za-z0-9_-]+)*)\}")
# ``<subnet-id>``: a shell that is given it unchanged finds no such file and runs nothing.
CHOICE = regex(r"<[a-z0-9]+(?:-[a-z0-9]+)*>")
_WORDS = regex(r"[^A-Za-z0-9]+")
_ARN = regex(r"arn:([a-z0-9-]+):[^:]*:[^:]*:([0-9]{12}):")
_SEPARATORS = regex(r"[/:]")


def holes(template: str) -> tuple[str, ...]:
    """Give the names of the holes in a command, each once, in their order."""
    return tuple(dict.fromkeys(HOLE.findall(template)))


def fact_holes(template: str) -> tuple[str, ...]:
    """Give the holes that only the resource's properties and relations can fill."""
    return tuple(hole for hole in holes(template) if not is_of_subject(hole))


def is_of_subject(hole: str) -> bool:
    """Whether the resource's id, scope and region alone fill it."""
    return hole in SUBJECT_HOLES or hole in PLACE_HOLES or hole.startswith(ID_PART)


def choice(hole: str) -> str:
    """Give the mark of what is not known: ``vpc_id`` becomes ``<vpc-id>``."""
    words = _WORDS.sub("-", hole.removeprefix(ID_PART)).strip("-")
    return f"<{words.lower()}>"


def subject_value(hole: str, subject: Subject) -> str:
    """Give what the resource's id, scope and region say of a hole; "" where they do not."""
    match hole:
        case "name":
            return subject.name or subject.id
        case "id" | "region" | "type" | "scope":
            return str(getattr(subject, hole))
        case "location":
            return subject.region
        case "resource_group":
            return id_part(subject.id, "resourceGroups")
        case "partition":
            return _partition(subject)
        case "account" | "subscription" | "project":
            return _scope(hole, subject)
    return id_part(subject.id, hole.removeprefix(ID_PART))


def id_part(resource_id: str, segment: str) -> str:
    """Give the part of an id after a segment: of ``.../workspaces/fraud`` it is ``fraud``."""
    parts = _SEPARATORS.split(resource_id)
    for before, part in itertools.pairwise(parts):
        if before.lower() == segment.lower():
            return part
    return ""


def _scope(hole: str, subject: Subject) -> str:
    if hole == "account" and (arn := _ARN.match(subject.id)):
        return arn[2]
    if hole in ("subscription", "project") and (part := id_part(subject.id, f"{hole}s")):
        return part
    provider, _, name = subject.scope.partition("/")
    return name if provider == PLACE_HOLES[hole] and "/" not in name else ""


def _partition(subject: Subject) -> str:
    arn = _ARN.match(subject.id)
    if arn:
        return arn[1]
    prefixes = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}
    named = (word for prefix, word in prefixes.items() if subject.region.startswith(prefix))
    return next(named, "aws")
