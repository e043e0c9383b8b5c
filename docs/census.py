"""The census: which controls of the catalogue have a rule, by the peers' ids that rules name."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import msgspec

from mlsec.core.strict_yaml import parse
from mlsec.engine.model.rule import Rule

_PARTIAL = "partial:"
_WITHDRAWN = re.compile(r"[(]removed [0-9-]+[)]")
HERE = Path(__file__).resolve().parent
_INTRO = """# Census of known controls

The controls that other tools and standards have for ML deployments (`docs/catalogue.csv`), and the
rules that cover them. A row is covered when a rule names the control of another tool as its
equivalent: it reads the same property with the same meaning. Rows that no other tool has, and rows
that are covered without an equivalent, are listed in `docs/census_claims*.yaml`.
"""
_TITLES = {
    "aws": "AWS",
    "azure": "Azure",
    "gcp": "Google Cloud",
    "kubernetes": "Kubernetes",
    "any": "Every provider",
}
# What stands in the catalogue by provider, and the file of claims on it.
PROVIDERS = {
    "aws": "census_claims.yaml",
    "azure": "census_claims_azure.yaml",
    "gcp": "census_claims_gcp.yaml",
    "kubernetes": "census_claims_kubernetes.yaml",
    "any": "census_claims_any.yaml",
}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One control of the catalogue; ``peers`` are ids such as ``checkov:CKV_AWS_122``.

    ``partial`` are the peers that have a part of the control: whoever equals one of them has not
    covered the row.
    """

    provider: str
    service: str
    subject: str
    setting: str
    control: str
    peers: tuple[str, ...]
    partial: frozenset[str]
    priority: int

    @property
    def key(self) -> str:
        """What a claim names the row by."""
        return f"{self.service} | {self.subject} | {self.setting}"

    @property
    def is_wanted(self) -> bool:
        """Whether the first release means to have it: priority 1, or three or more peers."""
        return self.priority == 1 or len(self.peers) >= 3


def read_rows(provider: str) -> list[Row]:
    """Read the catalogue's rows of one provider, in its order."""
    with (HERE / "catalogue.csv").open(encoding="utf-8", newline="") as lines:
        return [_row(raw) for raw in csv.DictReader(lines) if raw["provider"] == provider]


def _row(raw: dict[str, str]) -> Row:
    texts = [text.strip() for text in raw["peers"].split(";") if text.strip() not in ("", "none")]
    return Row(
        provider=raw["provider"],
        service=raw["service"],
        subject=raw["resource_type"],
        setting=raw["property_or_setting"],
        control=raw["control"],
        peers=tuple(_peer(text) for text in texts),
        partial=frozenset(_peer(text) for text in texts if text.startswith(_PARTIAL)),
        priority=int(raw["priority"]),
    )


def _peer(text: str) -> str:
    """Give the peer's id without what the catalogue notes about it."""
    return _WITHDRAWN.sub("", text.removeprefix(_PARTIAL))


class Claims(msgspec.Struct, frozen=True, kw_only=True):
    """Which rules we say cover a row, and why a row is left out, by the rows' keys."""

    covered: Mapping[str, tuple[str, ...]]
    left_out: Mapping[str, str]


def read_claims(provider: str, rules: Iterable[Rule]) -> Claims:
    """Read the claims on the rows of one provider.

    Raises:
        SystemExit: a claim names a rule that does not exist, or a row that the catalogue lacks.
    """
    path = HERE / PROVIDERS[provider]
    document = parse(path.read_text("utf-8"), str(path))
    claims = document.value or {}
    known = {rule.id for rule in rules}
    covered: dict[str, tuple[str, ...]] = {}
    for key, ids in (claims.get("covered") or {}).items():
        unknown = [rule_id for rule_id in ids if rule_id not in known]
        if unknown:
            raise SystemExit(f"{document.where('covered', key)}: no such rule: {unknown}")
        covered[key] = tuple(ids)
    left_out = dict(claims.get("left_out") or {})
    stray = sorted((covered.keys() | left_out.keys()) - {row.key for row in read_rows(provider)})
    if stray:
        raise SystemExit(f"{path.name} names rows that the catalogue lacks: {stray}")
    return Claims(covered=covered, left_out=left_out)


def census(rules: Sequence[Rule]) -> str:
    """Write the tables of all providers as Markdown."""
    parts = [_INTRO, *(_of_provider(provider, rules) for provider in PROVIDERS)]
    return "\n".join(parts)


def missing(provider: str, rules: Sequence[Rule]) -> tuple[str, ...]:
    """Name the wanted rows that no rule covers and no reason leaves out."""
    claims, by_peer = read_claims(provider, rules), _by_peer(rules)
    return tuple(
        row.key
        for row in read_rows(provider)
        if row.is_wanted and not _rules_of(row, by_peer, claims) and row.key not in claims.left_out
    )


def _of_provider(provider: str, rules: Sequence[Rule]) -> str:
    claims, by_peer = read_claims(provider, rules), _by_peer(rules)
    rows = read_rows(provider)
    rules_by_row = {row.key: _rules_of(row, by_peer, claims) for row in rows}
    wanted = [row for row in rows if row.is_wanted]
    lines = [f"## {_TITLES[provider]}", "", _summary(rows, wanted, rules_by_row), ""]
    lines += ["| Control | Property | Tools | Rules |", "| --- | --- | --: | --- |"]
    for row in rows:
        ids = rules_by_row[row.key]
        if row.is_wanted or ids:
            shown = ", ".join(f"[`{rule_id}`](rules/{rule_id}.md)" for rule_id in ids)
            shown = shown or f"None. {claims.left_out.get(row.key, 'Not yet.')}"
            text = f"{row.service}: {row.control}"
            lines.append(f"| {_cell(text)} | {_cell(row.setting)} | {len(row.peers)} | {shown} |")
    return "\n".join(lines) + "\n"


def _by_peer(rules: Iterable[Rule]) -> dict[str, list[str]]:
    rules_by_peer: dict[str, list[str]] = {}
    for rule in rules:
        for peer in rule.equivalents:
            rules_by_peer.setdefault(peer, []).append(rule.id)
    return rules_by_peer


def _rules_of(row: Row, by_peer: Mapping[str, Sequence[str]], claims: Claims) -> tuple[str, ...]:
    ids = {
        rule_id
        for peer in row.peers
        if peer not in row.partial
        for rule_id in by_peer.get(peer, ())
    }
    return tuple(sorted(ids | set(claims.covered.get(row.key, ()))))


def _summary(
    rows: Sequence[Row], wanted: Sequence[Row], rules_by_row: dict[str, tuple[str, ...]]
) -> str:
    have = sum(1 for row in wanted if rules_by_row[row.key])
    all_have = sum(1 for row in rows if rules_by_row[row.key])
    return (
        f"Covered: {have} of the {len(wanted)} controls with priority 1 or in three or more tools, "
        f"and {all_have} of all {len(rows)}."
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")
