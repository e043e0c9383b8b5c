"""The sentences of all evidence of one report; what is alike is worded once."""

from __future__ import annotations

from typing import Any

import msgspec

from mlsec.core.catalogue import Catalogue
from mlsec.core.finding import Evidence, Finding
from mlsec.render.display import telling
from mlsec.render.evidence_words import Words


class Wording:
    """Puts the evidence of the findings of one report in words; what is alike is worded once."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._known: dict[tuple[Any, ...], str] = {}

    def sentences(self, finding: Finding) -> list[tuple[Evidence, str]]:
        """Give each telling piece of evidence with its sentence, the same sentence once."""
        result: dict[str, Evidence] = {}
        for item in telling(finding.evidence):
            result.setdefault(self.sentence(item, finding), item)
        return [(item, text) for text, item in result.items()]

    def sentence(self, evidence: Evidence, finding: Finding) -> str:
        """Say what was there, in one sentence that ends with a full stop."""
        actual = evidence.actual
        is_own = evidence.resource in ("", finding.resource.id) and not evidence.is_unread
        if not is_own or isinstance(actual, list | dict) or evidence.named is not msgspec.UNSET:
            return Words(finding, self._catalogue).sentence(evidence)
        expected = evidence.expected
        key = (
            finding.resource.type,
            evidence.path,
            evidence.operator,
            tuple(expected) if isinstance(expected, list) else expected,
            type(actual),
            actual,
        )
        try:
            text = self._known.get(key)
        except TypeError:  # a list of lists
            return Words(finding, self._catalogue).sentence(evidence)
        if text is None:
            text = self._known[key] = Words(finding, self._catalogue).sentence(evidence)
        return text
