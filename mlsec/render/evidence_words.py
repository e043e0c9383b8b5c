"""What decided, as a sentence that names what was there: one wording for every report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from mlsec.core.catalogue import Catalogue
from mlsec.core.finding import Evidence, Finding
from mlsec.core.regex import regex
from mlsec.render.display import (
    actual_text,
    is_description,
    kind_of,
    plural,
    shown,
    shown_id,
    value_text,
)
from mlsec.render.property_words import (
    ability,
    doing,
    is_list_of,
    is_yes_or_no,
    item_words,
    name_words,
    unit_of,
)

_WHO = {"*": "everyone", "allUsers": "everyone", "allAuthenticatedUsers": "everyone who signs in"}
_ACCOUNT = regex(r"arn:[a-z-]+:iam::(\d{12}):root|(\d{12})")
_NAMES_SHOWN = 4
_WITHOUT_SUBJECT = ("is ", "may ", "can ", "has ", "holds ", "made ", "enabled ")
_DAYS = {1: "a day", 7: "a week", 30: "a month", 365: "a year"}
_INSTEAD = {
    "eq": " instead of {}",
    "lt": "; less than {} is asked for",
    "lte": "; at most {} is asked for",
    "gt": "; more than {} is asked for",
    "gte": "; at least {} is asked for",
    "starts_with": ", which does not begin with {}",
    "not starts_with": ", which begins with {}",
    "ends_with": ", which does not end with {}",
    "not ends_with": ", which ends with {}",
    "matches": ", which is not of the form asked for",
    "in_cidr": ", which is not inside {}",
    "not in_cidr": ", which is inside {}",
    "overlaps_cidr": ", which does not overlap {}",
    "not overlaps_cidr": ", which overlaps {}",
    "version_lt": "; a version below {} is asked for",
    "not version_lt": ", older than {}",
    "contains": ", without {}",
}


class Words:
    """Puts the evidence of one finding in words."""

    def __init__(self, finding: Finding, catalogue: Catalogue) -> None:
        self._own = finding.resource.id
        self._catalogue = catalogue
        self._known = {finding.resource.id: (finding.resource.type, finding.resource.name)}
        if finding.path is not None:
            self._known.update((node.id, (node.type, node.name)) for node in finding.path.nodes)

    def sentence(self, evidence: Evidence) -> str:
        """Say what was there, in one sentence that ends with a full stop."""
        if is_description(evidence) and evidence.path.endswith("].what"):
            text = actual_text(evidence)
        elif evidence.path == "id":
            text = f"It is connected to {self._name(evidence)}"
        else:
            text = self._said(evidence)
        first = text.partition(" ")[0]
        if first.isalpha() and first.islower():
            text = text[:1].upper() + text[1:]
        return text if text.endswith((".", "…")) else f"{text}."

    def _said(self, evidence: Evidence) -> str:
        if evidence.is_unread:
            if is_yes_or_no(evidence.path):
                part, does = doing(evidence.path, is_true=True)
                lead = self._of(evidence, part) if part else self._subject(evidence)
                lead = "it" if lead == "It" else lead
                return f"whether {lead} {does} could not be read"
            return f"{self._of(evidence, name_words(evidence.path))} could not be read"
        match evidence.actual:
            case True | False:
                return self._yes_or_no(evidence)
            case None:
                return self._missing(evidence)
            case list() | tuple():
                return self._of_list(evidence, evidence.actual)
            case _:
                return self._of_value(evidence)

    def _yes_or_no(self, evidence: Evidence) -> str:
        is_true = evidence.actual is True
        if is_true and evidence.named is not msgspec.UNSET:
            return self._who(evidence, evidence.named)
        about = self._about(evidence) if is_true else ""
        part, does = doing(evidence.path, is_true=is_true)
        lead = self._of(evidence, part) if part else self._subject(evidence)
        return f"{lead} {does}" + (f": {about}" if about else "")

    def _who(self, evidence: Evidence, named: Sequence[str]) -> str:
        """Say who may do it, and by which statement of a policy."""
        who = people(named)
        target = "it" if evidence.resource in ("", self._own) else self._name(evidence)
        what = ability(evidence.path).replace("{}", target)
        if evidence.statement is not msgspec.UNSET:
            by = shown(evidence.statement, 120)
            return f"the policy statement {by} lets {who} {what.removeprefix('can ')}"
        return f"{who} {what}"

    def _missing(self, evidence: Evidence) -> str:
        tag = _tag(evidence.path)
        if tag:
            return f"{self._subject(evidence)} has no tag {tag}"
        words = name_words(evidence.path)
        be = "are" if is_list_of(words) else "is"
        return f"{self._of(evidence, words)} {be} not set{_asked(evidence)}"

    def _of_list(self, evidence: Evidence, items: Sequence[Any]) -> str:
        words = name_words(evidence.path)
        if not items:
            return f"{self._subject(evidence)} has no {words}"
        if evidence.operator in ("some", "each", "none"):
            return f"{self._subject(evidence)} has {len(items):,} of {words}, and none that counts"
        be = "are" if is_list_of(words) else "is"
        return f"{self._of(evidence, words)} {be} {value_text(items)}{_left_in(evidence, items)}"

    def _of_value(self, evidence: Evidence) -> str:
        words, unit = name_words(evidence.path), unit_of(evidence.path)
        if evidence.path.endswith("secret_kind"):
            return f"{self._subject(evidence)} holds a secret: {actual_text(evidence)}"
        if evidence.actual == {}:
            return f"{self._subject(evidence)} has no {words}"
        unit = unit[:-1] if evidence.actual == 1 and unit.endswith("s") else unit
        actual = f"{_worded(evidence)} {unit}".rstrip()
        if words.endswith(" at"):
            return f"{self._subject(evidence)} was {words} {actual}{_instead(evidence)}"
        lead = self._of(evidence, words) if words else self._subject(evidence)
        be = "are" if is_list_of(words) and isinstance(evidence.actual, str) else "is"
        is_unwanted = evidence.operator == "exists" and not evidence.expected
        if is_unwanted and not item_words(evidence.path):
            be += " set:"
        return f"{lead} {be} {actual}{_instead(evidence)}"

    def _subject(self, evidence: Evidence) -> str:
        """Name what has the property: an item of a list, another resource, or ``It``."""
        item = item_words(evidence.path)
        if evidence.resource in ("", self._own):
            return item or "It"
        name = self._name(evidence)
        return f"{item} of {name}" if item else name

    def _of(self, evidence: Evidence, words: str) -> str:
        """Name a part of the resource, and whose it is."""
        item = item_words(evidence.path)
        owner = "" if evidence.resource in ("", self._own) else self._name(evidence)
        whose = " of ".join(part for part in (item, owner) if part)
        return f"the {words} of {whose}" if whose else f"its {words}"

    def _name(self, evidence: Evidence) -> str:
        kind, name = self._known.get(evidence.resource, ("", ""))
        if not kind:
            return shown_id(evidence.resource)
        title = kind_of(kind, self._catalogue.types)
        return f"{title} {shown(name or evidence.resource, 120)}"

    def _about(self, evidence: Evidence) -> str:
        kind, _ = self._known.get(evidence.resource or self._own, ("", ""))
        text = self._catalogue.meanings.get(kind, {}).get(evidence.path, "")
        text = text.removeprefix("Whether ").partition(". ")[0].partition("; null")[0]
        text = text[:1].lower() + text[1:] if text[1:2].islower() else text
        return f"it {text}" if text.startswith(_WITHOUT_SUBJECT) else text


def _worded(evidence: Evidence) -> str:
    """Give the value; of a mapping its keys as words."""
    if not isinstance(evidence.actual, Mapping) or any(map(_is_mark, evidence.actual)):
        return actual_text(evidence)
    return ", ".join(f"{name_words(key)} {value_text(v)}" for key, v in evidence.actual.items())


def _is_mark(key: str) -> bool:
    """Whether the key says that its value is hidden."""
    return key.startswith("~")


def _instead(evidence: Evidence) -> str:
    """Say what was asked for in the place of one value, "" where the value alone says it."""
    expected = evidence.expected
    match evidence.operator:
        case "in":
            return f" instead of {_either(expected)}" if expected else "; none is allowed"
        case "contains_any":
            return f", without {_either(expected)}"
        case "newer_than" | "not older_than":
            return f", more than {_days(expected)} ago" if expected else ", which is past"
        case "older_than" | "not newer_than":
            return f", less than {_days(expected)} ago" if expected else ", which is still to come"
        case operator:
            return _INSTEAD.get(operator, "").replace("{}", value_text(expected))


def _left_in(evidence: Evidence, items: Sequence[Any]) -> str:
    expected = evidence.expected
    match evidence.operator:
        case "contains":
            return f"; {value_text(expected)} is not among them"
        case "contains_any":
            return f"; none of {value_text(expected)} is among them"
        case "eq":
            return f" instead of {value_text(expected)}"
        case "not contains_any" if isinstance(expected, list | tuple):
            bad = [item for item in items if item in expected]
            return f"; {value_text(bad)} should not be" if bad and len(bad) < len(items) else ""
        case _:
            return ""


def _asked(evidence: Evidence) -> str:
    match evidence.operator:
        case "eq" | "in":
            return f"; {_either(evidence.expected)} is asked for"
        case "gte" | "gt":
            return f"; at least {value_text(evidence.expected)} is asked for"
        case "lte" | "lt":
            return f"; at most {value_text(evidence.expected)} is asked for"
        case _:
            return ""


def _tag(path: str) -> str:
    head, dot, rest = path.partition(".")
    return shown(rest, 80) if dot and head in ("tags", "labels", "annotations") else ""


def _either(expected: Any) -> str:
    if not isinstance(expected, list | tuple):
        return value_text(expected)
    if len(expected) < 2:
        return value_text(expected[0]) if expected else "nothing"
    words = [value_text(item) for item in expected[:_NAMES_SHOWN]]
    if len(expected) > _NAMES_SHOWN:
        return f"{', '.join(words)} or {plural(len(expected) - _NAMES_SHOWN, 'other value')}"
    return f"{', '.join(words[:-1])} or {words[-1]}"


def _days(days: Any) -> str:
    known: Mapping[Any, str] = _DAYS
    return known.get(days) or f"{value_text(days)} days"


def _person(name: str) -> str:
    if name in _WHO:
        return _WHO[name]
    account = _ACCOUNT.fullmatch(name)
    return f"account {account[1] or account[2]}" if account else shown(name, 120)


def people(names: Sequence[str]) -> str:
    """Name principals as a reader knows them: an account by its number, ``*`` as everyone."""
    return _joined([_person(name) for name in names])


def _joined(names: Sequence[str]) -> str:
    several = list(dict.fromkeys(names))
    if len(several) > _NAMES_SHOWN:
        return f"{', '.join(several[:_NAMES_SHOWN])} and {len(several) - _NAMES_SHOWN:,} more"
    return " and ".join(part for part in (", ".join(several[:-1]), several[-1]) if part)
