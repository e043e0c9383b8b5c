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
    """

    documents: tuple[Document, ...] = ()
    gaps: tuple[str, ...] = ()
    is_whole: bool = True
    only_allows: bool = False

    def layer(self, action: str) -> Layer:
        """Give the statements about an action (lower case)."""
        return Layer(
            statements=tuple(s for document in self.documents for s in document.about(action)),
            hidden=None if self.is_whole else self.gaps,
            only_allows=self.only_allows,
        )

    def at_first_sight(self, question: Question) -> Answer | None:
        """Answer where no condition, no deny and nothing hidden has to be weighed."""
        if not self.is_whole:
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
