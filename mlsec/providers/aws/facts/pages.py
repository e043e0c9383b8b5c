"""Policy documents that count together, ready to be asked about an action."""

from __future__ import annotations

import msgspec

from mlsec.graph.ternary import NO, YES, Answer
from mlsec.providers.aws.facts.policy_statements import Cover, Question
from mlsec.providers.aws.policy.decide import Layer
from mlsec.providers.aws.policy.document import Document


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """Policy documents that count together, and the gaps that hide others.

    ``only_allows``: nothing of what is hidden denies, as in the policies that AWS manages.
    ``perhaps``: what is hidden is only where, or when, these statements hold; None where it may be
    any statement.
    """

    documents: tuple[Document, ...] = ()
    gaps: tuple[str, ...] = ()
    is_whole: bool = True
    only_allows: bool = False
    perhaps: tuple[Document, ...] | None = None

    def layer(self, action: str) -> Layer:
        """Give the statements about an action (lower case)."""
        return Layer(
            statements=tuple(s for document in self.documents for s in document.about(action)),
            hidden=self.gaps if self.hides(action) else None,
            only_allows=self.only_allows or self._only_allow(action),
        )

    def hides(self, action: str) -> bool:
        """Whether something about an action (lower case) may be hidden."""
        if self.is_whole or self.perhaps is None:
            return not self.is_whole
        return any(document.about(action) for document in self.perhaps)

    def _only_allow(self, action: str) -> bool:
        """Whether it is known that what is hidden about an action denies nothing."""
        return self.perhaps is not None and all(
            statement.is_allow for document in self.perhaps for statement in document.about(action)
        )

    def at_first_sight(self, question: Question) -> Answer | None:
        """Answer where no condition, no deny and nothing hidden has to be weighed."""
        if self.hides(question.action):
            return None
        is_kept = question.reach is not Cover.PART
        resource = question.asked_of
        sights = [
            document.sight(question.action, resource, is_kept=is_kept)
            for document in self.documents
        ]
        if not any(sight.allows or sight.may_allow for sight in sights):
            return NO
        if any(sight.may_deny for sight in sights):
            return None
        return YES if any(sight.allows for sight in sights) else None
