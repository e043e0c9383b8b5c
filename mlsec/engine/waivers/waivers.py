"""Waivers: accepted exceptions with an owner, a reason and an end; shown beside a failure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.assessment import WaiverState
from mlsec.core.errors import MlsecError
from mlsec.core.finding import AppliedWaiver, Finding
from mlsec.core.named_file import read_named_text
from mlsec.core.strict_yaml import Document, parse
from mlsec.core.suggestions import did_you_mean
from mlsec.core.wildcard import matches
from mlsec.engine.model.diagnostics import Diagnostics, RuleFilesError
from mlsec.engine.model.rule import RuleSet

NEAR_END_DAYS = 14
BROAD_SHARE = 0.25
BROAD_LEAST = 8
_REQUIRED = ("id", "rule", "resource", "reason", "owner", "expires")
_KEYS = (*_REQUIRED, "ticket", "scope", "approver", "granted", "compensating_control")


Spot = tuple[str, str, int]


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """One exception. ``rule``, ``resource`` (on the id) and ``scope`` are globs of * and ?.

    ``expires`` is the last day (UTC) on which it waives. ``spots`` (scope, file, line) are the
    blocks of code that one in a comment is meant for, in place of the globs; None for one of a
    file of waivers.
    """

    id: str
    rule: str
    resource: str
    reason: str
    owner: str
    expires: date
    ticket: str = ""
    approver: str = ""
    granted: str = ""
    compensating_control: str = ""
    scope: str = "*"
    place: str = ""
    spots: tuple[Spot, ...] | None = None

    def is_live(self, today: date) -> bool:
        """Whether it still waives; its last day counts."""
        return today <= self.expires

    def covers(self, finding: Finding, aliases: Sequence[str] = ()) -> bool:
        """Whether the finding is what it speaks of."""
        if not any(matches(self.rule, name) for name in (finding.rule, *aliases)):
            return False
        if self.spots is not None:
            return _spot_of(finding) in self.spots
        subject = finding.resource
        return matches(self.resource, subject.id) and matches(self.scope, subject.scope)


def load_waivers(path: Path) -> tuple[Waiver, ...]:
    """Read ``waivers: [{id, rule, resource, reason, owner, expires, ...}]``.

    Optional are ticket, scope, approver, granted (the day on which it was accepted) and
    compensating_control (what limits the risk meanwhile).

    Raises:
        MlsecError: the file cannot be read, or anything in it is missing, unknown or malformed.
    """
    try:
        text = read_named_text(path)
    except (OSError, UnicodeDecodeError) as error:
        reason = (error.strerror if isinstance(error, OSError) else "") or "it is not UTF-8"
        raise MlsecError(f"the waivers cannot be read: {reason}", location=str(path)) from None
    document = parse(text, str(path))
    mistakes = Diagnostics(document)
    result = _read_all(document, mistakes)
    if mistakes.errors:
        raise RuleFilesError(mistakes.errors, "the waivers file")
    return tuple(result)


def _read_all(document: Document, mistakes: Diagnostics) -> list[Waiver]:
    raw = document.value
    if not isinstance(raw, dict) or not isinstance(raw.get("waivers"), list):
        mistakes.add('expected "waivers:" with a list')
        return []
    for key in raw:
        if key != "waivers":
            mistakes.add(f'unknown key "{key}"{did_you_mean(key, ["waivers"])}', key)
    result = [_read(document, entry, n, mistakes) for n, entry in enumerate(raw["waivers"])]
    seen: set[str] = set()
    for n, waiver in enumerate(result):
        if waiver is not None and waiver.id in seen:
            mistakes.add(f'waiver id "{waiver.id}" is used twice', "waivers", n, "id", "=")
        seen.add(waiver.id if waiver is not None else "")
    return [waiver for waiver in result if waiver is not None]


def _read(document: Document, raw: Any, n: int, mistakes: Diagnostics) -> Waiver | None:
    before = len(mistakes.errors)
    if not isinstance(raw, dict):
        mistakes.add("a waiver is a mapping", "waivers", n)
        return None
    for key, value in raw.items():
        if key not in _KEYS:
            mistakes.add(f'unknown key "{key}"{did_you_mean(key, _KEYS)}', "waivers", n, key)
        elif not isinstance(value, str) or not value.strip():
            mistakes.add(f'"{key}" must be text that is not empty', "waivers", n, key, "=")
    for key in _REQUIRED:
        if key not in raw:
            mistakes.add(f'a waiver needs "{key}"', "waivers", n)
    if len(mistakes.errors) != before:
        return None
    try:
        expires = date.fromisoformat(raw["expires"])
    except ValueError:
        message = f'"{raw["expires"]}" is not a day such as 2027-01-31'
        mistakes.add(message, "waivers", n, "expires", "=")
        return None
    if not _is_granted_before(raw.get("granted"), expires):
        message = f'"{raw["granted"]}" is not a day such as 2026-10-01, before it expires'
        mistakes.add(message, "waivers", n, "granted", "=")
        return None
    texts = {key: value.strip() for key, value in raw.items() if key != "expires"}
    return Waiver(expires=expires, place=document.where("waivers", n), **texts)


def _is_granted_before(granted: str | None, expires: date) -> bool:
    try:
        return granted is None or date.fromisoformat(granted.strip()) <= expires
    except ValueError:
        return False


def apply_waivers(
    findings: Sequence[Finding], waivers: Sequence[Waiver], clock: datetime, ruleset: RuleSet
) -> tuple[tuple[Finding, ...], tuple[WaiverState, ...]]:
    """Put the first live waiver beside each failure it covers, and say what became of each waiver.

    Returns:
        The findings in the same order, and the waivers in the order they were given.
    """
    today = clock.date()
    aliases = {rule.id: rule.aliases for rule in ruleset.rules}
    covered = dict.fromkeys(range(len(waivers)), 0)
    anywhere, at_spot = _by_spot(waivers)
    marked = []
    failures = 0
    for finding in findings:
        if finding.status.value != "fail":
            marked.append(finding)
            continue
        failures += 1
        names = aliases.get(finding.rule, ())
        near = at_spot.get(_spot_of(finding), ())
        matching = [n for n in (*anywhere, *near) if waivers[n].covers(finding, names)]
        for n in matching:
            covered[n] += 1
        live = [waivers[n] for n in matching if waivers[n].is_live(today)]
        marked.append(
            msgspec.structs.replace(finding, waiver=_applied(live[0])) if live else finding
        )
    states = tuple(_state(waiver, covered[n], failures, today) for n, waiver in enumerate(waivers))
    return tuple(marked), states


def _by_spot(waivers: Sequence[Waiver]) -> tuple[list[int], dict[Spot, list[int]]]:
    """Part the waivers that may cover anything from those of one place in the code."""
    anywhere, at_spot = [], dict[Spot, list[int]]()
    for n, waiver in enumerate(waivers):
        if waiver.spots is None:
            anywhere.append(n)
        for spot in waiver.spots or ():
            at_spot.setdefault(spot, []).append(n)
    return anywhere, at_spot


def _spot_of(finding: Finding) -> Spot:
    return (finding.resource.scope, finding.resource.file, finding.resource.line)


def _applied(waiver: Waiver) -> AppliedWaiver:
    return AppliedWaiver(
        id=waiver.id,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires.isoformat(),
        ticket=waiver.ticket,
        approver=waiver.approver,
        granted=waiver.granted,
        compensating_control=waiver.compensating_control,
    )


def _state(waiver: Waiver, covered: int, failures: int, today: date) -> WaiverState:
    is_live = waiver.is_live(today)
    days_left = (waiver.expires - today).days
    return WaiverState(
        id=waiver.id,
        rule=waiver.rule,
        resource=waiver.resource,
        reason=waiver.reason,
        owner=waiver.owner,
        expires=waiver.expires.isoformat(),
        state=("used" if covered else "unused") if is_live else "expired",
        findings=covered,
        is_broad=_is_broad(waiver, covered, failures),
        is_near_end=is_live and days_left <= NEAR_END_DAYS,
        ticket=waiver.ticket,
        approver=waiver.approver,
        granted=waiver.granted,
        compensating_control=waiver.compensating_control,
    )


def _is_broad(waiver: Waiver, covered: int, failures: int) -> bool:
    """Any rule, any resource, or more than a quarter of all failures (and at least eight)."""
    is_open = not waiver.rule.strip("*?/") or not waiver.resource.strip("*?")
    return is_open or (covered >= BROAD_LEAST and covered > BROAD_SHARE * failures)
