"""Rule ids: one suffix for one bad state, as the table in CONTRIBUTING.md says."""

from __future__ import annotations

import re
from pathlib import Path

from tests.loops import for_each
from tests.shipped import shipped_rules

_PAGE = Path(__file__).resolve().parents[2] / "CONTRIBUTING.md"
_RULES = shipped_rules().rules


def _table() -> list[tuple[str, ...]]:
    _, _, section = _PAGE.read_text("utf-8").partition("### Names of rules")
    rows = [line for line in section.partition("\n## ")[0].splitlines() if line.startswith("| `")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows]


def _synonyms() -> list[str]:
    return [word for _, _, cell in _table() for word in re.findall(r"`([^`]+)`", cell)]


def _suffixes() -> tuple[str, ...]:
    return tuple(word for cell, _, _ in _table() for word in re.findall(r"`([^`]+)`", cell))


def _contains(rule_id: str, synonym: str) -> bool:
    """Whether a name ends in the synonym, or contains it where its hyphens put it."""
    name = f"-{rule_id.partition('/')[2]}"
    if not synonym.startswith("-"):
        return name.startswith(f"-{synonym}")
    if synonym.endswith("-"):
        return synonym in name
    return name.endswith(synonym) and not name.endswith(_suffixes())


def test_the_table_is_read() -> None:
    assert len(_table()) >= 20
    assert "-without-own-key" in _synonyms()
    assert _contains("s3/bucket-key-not-yours", "-key-not-yours")
    assert _contains("server/no-authentication", "no-")


@for_each("synonym", _synonyms())
def test_no_rule_is_named_by_a_synonym_of_a_suffix(synonym: str) -> None:
    assert [rule.id for rule in _RULES if _contains(rule.id, synonym)] == []
