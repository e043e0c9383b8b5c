"""Objectives: what a rule tests, how severe it is when that does not hold, what it is evidence for.

Rules that test the same property, on whatever cloud, share one objective and so one severity.
"""

from __future__ import annotations

import enum
from collections.abc import Container, Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from mlsec.core.catalogue import ControlLink
from mlsec.core.enums import Consequence, Effort, Exposure, Profile, Relation, Severity
from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean

E = TypeVar("E", bound=enum.Enum)

# Points of the severity table; docs/severity.md publishes it.
EXPOSURE_POINTS: Mapping[Exposure, int] = {
    Exposure.ANYONE: 3,
    Exposure.OUTSIDE: 2,
    Exposure.INSIDE: 1,
    Exposure.PRIVILEGED: 0,
}
CONSEQUENCE_POINTS: Mapping[Consequence, int] = {
    Consequence.TAKEOVER: 3,
    Consequence.DATA: 2,
    Consequence.SERVICE: 1,
    Consequence.RECORD: 0,
}
EFFORT_POINTS: Mapping[Effort, int] = {Effort.DIRECT: 1, Effort.CHAINED: 0}
# The least points of each severity.
THRESHOLDS: Mapping[Severity, int] = {
    Severity.CRITICAL: 6,
    Severity.HIGH: 5,
    Severity.MEDIUM: 3,
    Severity.LOW: 1,
    Severity.INFO: 0,
}
_KEYS = ("tests", "exposure", "consequence", "effort", "profile", "controls")
_LINK_KEYS = ("id", "relation", "because")


class Objective(msgspec.Struct, frozen=True, kw_only=True):
    """One property that rules test.

    ``tests`` is a sentence that says what holds when the rule passes. ``controls`` are links to
    catalogues; links to benchmarks stand in the rules.
    """

    name: str
    tests: str
    exposure: Exposure
    consequence: Consequence
    effort: Effort
    profile: Profile
    controls: tuple[ControlLink, ...] = ()
    place: str = ""

    @property
    def severity(self) -> Severity:
        """The severity of a rule that does not hold, by the table."""
        return severity_of(self.exposure, self.consequence, self.effort)


def severity_of(exposure: Exposure, consequence: Consequence, effort: Effort) -> Severity:
    """Add the points of the three answers, and give the severity that they reach."""
    points = EXPOSURE_POINTS[exposure] + CONSEQUENCE_POINTS[consequence] + EFFORT_POINTS[effort]
    return next(severity for severity, least in THRESHOLDS.items() if points >= least)


def load_objectives(folder: Path, controls: Container[str]) -> dict[str, Objective]:
    """Read ``*.yaml`` of a folder: objectives by name; ``controls`` has every ``framework/ID``.

    Raises:
        MlsecError: not strict YAML, a missing or unknown key or value, or a name used twice.
    """
    objectives: dict[str, Objective] = {}
    for path in sorted(folder.glob("*.yaml")):
        document = parse(path.read_text("utf-8"), str(path))
        if not isinstance(document.value, dict):
            raise MlsecError("expected objectives by name", location=document.where())
        for name in document.value:
            objective = _Reader(document, str(name), controls).objective()
            if name in objectives:
                message = f'the objective "{name}" stands already in {objectives[name].place}'
                raise MlsecError(message, location=objective.place)
            objectives[name] = objective
    return objectives


class _Reader:
    """Reads one objective of a document."""

    def __init__(self, document: Document, name: str, controls: Container[str]) -> None:
        self._document = document
        self._name = name
        self._controls = controls

    def objective(self) -> Objective:
        raw = self._document.value[self._name]
        self._check_keys(raw, _KEYS)
        links = raw["controls"]
        if not isinstance(links, list):
            raise self._mistake("controls is a list of id, relation and because", "controls")
        return Objective(
            name=self._name,
            tests=str(raw["tests"]),
            exposure=self._member(raw, "exposure", Exposure),
            consequence=self._member(raw, "consequence", Consequence),
            effort=self._member(raw, "effort", Effort),
            profile=self._member(raw, "profile", Profile),
            controls=tuple(self._link(raw, n) for n, raw in enumerate(links)),
            place=self._document.where(self._name),
        )

    def _link(self, raw: Any, n: int) -> ControlLink:
        self._check_keys(raw, _LINK_KEYS, "controls", n)
        control = str(raw["id"])
        if control not in self._controls:
            raise self._mistake(f'unknown control "{control}"', "controls", n, "id")
        relation = self._member(raw, "relation", Relation, "controls", n)
        return ControlLink(id=control, because=str(raw["because"]), relation=relation)

    def _check_keys(self, raw: Any, keys: tuple[str, ...], *at: str | int) -> None:
        if not isinstance(raw, dict):
            raise self._mistake(f"expected a mapping of {', '.join(keys)}", *at)
        for key in raw:
            if key not in keys:
                raise self._mistake(f'unknown key "{key}"{did_you_mean(key, keys)}', *at, key)
        for key in keys:
            if key not in raw:
                raise self._mistake(f'"{key}" is missing', *at)

    def _member(self, raw: Mapping[str, Any], key: str, members: type[E], *at: str | int) -> E:
        known = [str(member.value) for member in members]
        if raw[key] not in known:
            message = f'unknown {key} "{raw[key]}"; one of {", ".join(known)}'
            raise self._mistake(message, *at, key)
        return members(raw[key])

    def _mistake(self, message: str, *at: str | int) -> MlsecError:
        return MlsecError(message, location=self._document.where(self._name, *at))
