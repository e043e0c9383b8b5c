"""What an identity may do: its policies, less what is denied, within its boundary.

Not taken into account: policies of the organisation, which only take away, and policies on
resources, which external_principals.py reads from the other side.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, Answer, all_of, any_of, not_, unknown
from mlsec.providers.aws.facts.managed_policies import statements_of_aws
from mlsec.providers.aws.facts.policy_statements import Document, Question, read_document
from mlsec.vocabulary.iac_mapping import account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


class Pages(msgspec.Struct, frozen=True, kw_only=True):
    """Policy documents that count together, and the gaps that hide others.

    ``only_allows``: nothing of what is hidden denies, as in the policies that AWS manages.
    """

    documents: tuple[Document, ...] = ()
    gaps: tuple[str, ...] = ()
    is_whole: bool = True
    only_allows: bool = False

    def ask(self, question: Question) -> Answer:
        """Say whether these documents allow it and none denies it."""
        answers = [
            document.ask(question) for document in self.documents if document.about(question.action)
        ]
        if self.is_whole:
            if not any(allow is not NO for allow, _ in answers):
                return NO
            hidden = NO
        else:
            hidden = unknown(self.gaps)
        allowed = any_of([*(allow for allow, _ in answers), hidden])
        denied = any_of([*(deny for _, deny in answers), NO if self.only_allows else hidden])
        return all_of((allowed, not_(denied)))


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A role, user, group or single policy, ready to be asked. No ``boundary``: none is set."""

    account: str
    partition: str
    policies: Pages
    boundary: Pages | None = None

    def may(self, question: Question) -> Answer:
        """Say whether the identity may do it."""
        answer = self.policies.ask(question)
        if self.boundary is None or answer == NO:
            return answer
        return all_of((answer, self.boundary.ask(question)))

    def speaks_of(self, action: str) -> bool:
        """Whether some policy is about the action (lower case), or could be."""
        return not self.policies.is_whole or any(
            document.about(action) for document in self.policies.documents
        )


class _Ledger:
    """Identities and documents of one graph, compiled once."""

    def __init__(self) -> None:
        self.identities: dict[str, Identity] = {}
        self.documents: dict[tuple[str, str], Document] = {}


def identity_of(resource: Resource, graph: Graph) -> Identity:
    """Compile what ``resource`` is allowed; kept for the life of the graph."""
    ledger = graph.memo(("identities",), _Ledger)
    identity = ledger.identities.get(resource.id)
    if identity is None:
        identity = ledger.identities[resource.id] = _read_identity(resource, graph, ledger)
    return identity


def _read_identity(resource: Resource, graph: Graph, ledger: _Ledger) -> Identity:
    kind = graph.vocabulary.types[resource.type]
    pages = [_own_page(resource, name, ledger) for name in _OWN_PAGES if name in kind.properties]
    if "policies" in kind.relations:
        pages.append(_policies_behind(resource, "policies", graph, ledger))
    if "member_of" in kind.relations:
        groups = graph.targets(resource, "member_of")
        pages += [identity_of(group, graph).policies for group in groups.resources]
        pages.append(Pages(gaps=groups.gaps, is_whole=not groups.gaps))
    return Identity(
        account=account_of(resource),
        partition=_partition(resource),
        policies=_joined(pages),
        boundary=_boundary(resource, graph, ledger),
    )


_OWN_PAGES = ("statements", "inline_statements")


def _own_page(resource: Resource, name: str, ledger: _Ledger) -> Pages:
    known = statements_of_aws(resource.id) if resource.is_stub else None
    if known is not None:
        statements, is_whole = known
        rest = () if is_whole else getattr(property_value(resource, name), "gaps", ())
        return Pages(
            documents=(read_document(statements),), gaps=rest, is_whole=is_whole, only_allows=True
        )
    match property_value(resource, name):
        case Unknown(gaps=gaps):
            return Pages(gaps=gaps, is_whole=False)
        case Known(value=value) if value:
            key = (resource.id, name)
            if key not in ledger.documents:
                ledger.documents[key] = read_document(value)
            return Pages(documents=(ledger.documents[key],))
        case _:
            return Pages()


def _policies_behind(resource: Resource, relation: str, graph: Graph, ledger: _Ledger) -> Pages:
    targets = graph.targets(resource, relation)
    pages = [_own_page(policy, "statements", ledger) for policy in targets.resources]
    pages.append(Pages(gaps=targets.gaps, is_whole=not targets.gaps))
    return _joined(pages)


def _boundary(resource: Resource, graph: Graph, ledger: _Ledger) -> Pages | None:
    kind = graph.vocabulary.types[resource.type]
    if "boundary" not in kind.relations:
        return None
    pages = _policies_behind(resource, "boundary", graph, ledger)
    fact = property_value(resource, "boundary_arn")
    is_none = isinstance(fact, Known) and not fact.value
    return None if is_none else pages


def _joined(pages: Iterable[Pages]) -> Pages:
    parts = list(pages)
    return Pages(
        documents=tuple(document for page in parts for document in page.documents),
        gaps=tuple(sorted({gap for page in parts for gap in page.gaps})),
        is_whole=all(page.is_whole for page in parts),
        only_allows=all(page.is_whole or page.only_allows for page in parts),
    )


def _partition(resource: Resource) -> str:
    parts = resource.identity.split(":", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "arn" else "aws"
