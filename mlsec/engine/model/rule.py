"""What a rule is: its facts for people, and a checked tree of conditions for the machine."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.core.catalogue import ControlLink, Fix
from mlsec.core.enums import Category, Concern, RuleStatus, Severity
from mlsec.engine.model.controls import Frameworks
from mlsec.vocabulary.types import Vocabulary


class Operator(enum.Enum):
    """How a value is compared; negative ones are their own, so that unknown stays unknown."""

    EQ = "eq"
    IN = "in"
    NE = "ne"
    NOT_IN = "not_in"
    LT = "lt"
    LTE = "lte"
    GT = "gt"
    GTE = "gte"
    MATCHES = "matches"
    STARTS_WITH = "starts_with"
    ENDS_WITH = "ends_with"
    CONTAINS = "contains"
    CONTAINS_ANY = "contains_any"
    EXISTS = "exists"
    OLDER_THAN = "older_than"
    NEWER_THAN = "newer_than"
    IN_CIDR = "in_cidr"
    OVERLAPS_CIDR = "overlaps_cidr"
    VERSION_LT = "version_lt"


class Quantity(enum.Enum):
    """How many elements must satisfy the condition."""

    EACH = "each"
    SOME = "some"
    NONE = "none"


class Compare(msgspec.Struct, frozen=True, kw_only=True, tag="compare"):
    """One clause: the value at ``path`` against a constant.

    ``path`` is as the rule writes it: a property, ``map.key``, an item's field, or ``value``.
    ``param`` names the parameter that ``expected`` came from, or "".
    """

    path: str
    operator: Operator
    expected: Any
    param: str = ""

    def __post_init__(self) -> None:
        """A list becomes a tuple, wherever it came from."""
        if isinstance(self.expected, list):
            msgspec.structs.force_setattr(self, "expected", tuple(self.expected))


class AllOf(msgspec.Struct, frozen=True, kw_only=True, tag="all"):
    """Every part holds."""

    parts: tuple[Condition, ...]


class AnyOf(msgspec.Struct, frozen=True, kw_only=True, tag="any"):
    """At least one part holds."""

    parts: tuple[Condition, ...]


class Not(msgspec.Struct, frozen=True, kw_only=True, tag="not"):
    """The part does not hold."""

    part: Condition


class Quantifier(msgspec.Struct, frozen=True, kw_only=True, tag="quantifier"):
    """A condition over the elements of a list (``over`` is "in") or relation ("via").

    each: every element that satisfies ``where`` satisfies ``that``; some: one satisfies both;
    none: no element satisfies both.
    """

    quantity: Quantity
    over: str
    path: str
    where: Condition | None = None
    that: Condition | None = None

    @property
    def is_relation(self) -> bool:
        """Whether the elements are other resources."""
        return self.over == "via"


Condition = AllOf | AnyOf | Not | Compare | Quantifier


class Parameter(msgspec.Struct, frozen=True, kw_only=True):
    """A value that an organisation may set: its type, default and bounds (inclusive)."""

    name: str
    type: str
    default: Any
    min: float | None = None
    max: float | None = None
    about: str = ""
    value: Any = None


class Examples(msgspec.Struct, frozen=True, kw_only=True):
    """A rule's own proof: documents by the verdict they must get."""

    passed: tuple[dict[str, Any], ...] = ()
    failed: tuple[dict[str, Any], ...] = ()
    not_assessed: tuple[dict[str, Any], ...] = ()
    not_applicable: tuple[dict[str, Any], ...] = ()


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; ``place`` is file:line of its id, ``when`` None means always.

    ``graded_by`` is the field of the list's items that holds the severity of a failure;
    ``severity`` is then the highest, which also stands for what could not be assessed. "" means
    always so.
    """

    id: str
    title: str
    severity: Severity
    category: Category
    concern: Concern
    status: RuleStatus
    since: str
    resource: str
    must: Condition
    why: str
    fix: Fix
    when: Condition | None = None
    graded_by: str = ""
    message: str = ""
    params: Mapping[str, Parameter] = msgspec.field(default_factory=dict)
    controls: tuple[ControlLink, ...] = ()
    objective: str = ""
    equivalents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    known_exceptions: tuple[str, ...] = ()
    tests: Examples = Examples()
    place: str = ""

    @property
    def stable_key(self) -> str:
        """What fingerprints are made from: the oldest id the rule ever had."""
        return self.aliases[0] if self.aliases else self.id


class RuleSet(msgspec.Struct, frozen=True, kw_only=True):
    """All rules of a scan, sorted by id, with the vocabulary and the frameworks that they were
    checked against. ``left_out`` are the rules that were not chosen, ``notices`` what a reader has
    to know of that.
    """

    rules: tuple[Rule, ...]
    vocabulary: Vocabulary
    digest: str = ""
    frameworks: Frameworks = Frameworks()
    left_out: tuple[Rule, ...] = ()
    notices: tuple[str, ...] = ()

    def by_id(self, rule_id: str) -> Rule | None:
        """Find a rule by its id or by an alias."""
        for rule in self.rules:
            if rule.id == rule_id or rule_id in rule.aliases:
                return rule
        return None
