"""What an identity may do: its policies, less what is denied, within its boundary.

Policies of the organisation take away from that, where they were read (organisation.py). Not taken
into account: policies on resources, which external_principals.py reads from the other side.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.providers.aws.facts.identity_callers import caller_of
from mlsec.providers.aws.facts.managed_policies import day_of_policies, policy_of_aws
from mlsec.providers.aws.facts.organisation import above, is_service_linked
from mlsec.providers.aws.facts.pages import Pages
from mlsec.providers.aws.facts.policy_statements import Question
from mlsec.providers.aws.policy.callers import Caller
from mlsec.providers.aws.policy.decide import Request, decide
from mlsec.providers.aws.policy.document import Document, read_document
from mlsec.providers.aws.policy.keys import fixed
from mlsec.providers.aws.policy.resource_controls import is_controlled
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, ONLY_ALLOWS, account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """A role, user, group or single policy, ready to be asked. No ``boundary``: none is set.

    ``above``: what the organisation leaves to the identities of the account, level by level;
    ``on_own``: what it leaves to be done to the account's resources, by anybody.
    """

    account: str
    partition: str
    caller: Caller
    policies: Pages
    boundary: Pages | None = None
    above: tuple[Pages, ...] = ()
    on_own: Pages | None = None

    def may(self, question: Question) -> Answer:
        """Say whether the identity may do it.

        An account that code names by its number may be the one that it is deployed to. Identities
        are changed and roles passed in one's own account alone, so there it is taken to be.
        """
        answer = self._may(question)
        if answer == YES or self.account != CODE_ACCOUNT or not self._names_account():
            return answer
        resource = question.resource.replace(f":{CODE_ACCOUNT}:", ":*:", 1)
        if resource == question.resource:
            return answer
        elsewhere = self._may(msgspec.structs.replace(question, resource=resource))
        is_own = question.action.startswith("iam:")
        return elsewhere if elsewhere == NO or is_own else unknown({"?whose account it names"})

    def _names_account(self) -> bool:
        return any(document.names_account for document in self.policies.documents)

    def _may(self, question: Question) -> Answer:
        pages = [self.policies, *self.limits(question.action, question.asked_of)]
        sights = [page.at_first_sight(question) for page in pages]
        if NO in sights:
            return NO
        if all(sight == YES for sight in sights):
            return YES
        passed = {_PASSED_TO: fixed(question.passed_to)} if question.passed_to else {}
        request = Request(
            action=question.action,
            resource=question.asked_of,
            caller=self.caller,
            keys={**question.keys, **passed},
            tags=question.tags,
        )
        return decide(request, [page.layer(question.action) for page in pages])

    def limits(self, action: str, resource: str = "") -> tuple[Pages, ...]:
        """Give what has to allow an action (lower case) besides the identity's own policies."""
        limits = (*(() if self.boundary is None else (self.boundary,)), *self.above)
        if self.on_own is None or f":{self.account}:" not in resource or not is_controlled(action):
            return limits
        return (*limits, self.on_own)

    def speaks_of(self, action: str) -> bool:
        """Whether some policy is about the action (lower case), or could be."""
        return self.policies.hides(action) or any(
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
    pages = [
        _own_page(resource, name, graph, ledger) for name in _OWN_PAGES if name in kind.properties
    ]
    if "policies" in kind.relations:
        pages.append(_policies_behind(resource, "policies", graph, ledger))
    if "member_of" in kind.relations:
        groups = graph.targets(resource, "member_of")
        pages += [identity_of(group, graph).policies for group in groups.resources]
        pages.append(Pages(gaps=groups.gaps, is_whole=not groups.gaps))
    over = above(account_of(resource), graph)
    is_limited = not is_service_linked(resource.identity)
    return Identity(
        account=account_of(resource),
        partition=_partition(resource),
        caller=over.own(caller_of(resource)),
        policies=_joined(pages),
        boundary=_boundary(resource, graph, ledger),
        above=over.identities if is_limited else (),
        on_own=over.on_resources if is_limited and over.resources else None,
    )


_DATED = (
    "policies that AWS manages and code only names are judged by their documents as of {}, and"
    " newer ones are not known"
)
_PASSED_TO = "iam:passedtoservice"
_OWN_PAGES = ("statements", "inline_statements")


def _own_page(resource: Resource, name: str, graph: Graph, ledger: _Ledger) -> Pages:
    known = policy_of_aws(resource.id) if resource.is_stub else None
    if known is not None:
        graph.add_notice(_DATED.format(day_of_policies()))
        rest = () if known.is_whole else getattr(property_value(resource, name), "gaps", ())
        return Pages(
            documents=(known.document,), gaps=rest, is_whole=known.is_whole, only_allows=False
        )
    match property_value(resource, name):
        case Unknown(gaps=gaps):
            return _known_part(resource, name, gaps)
        case Known(value=value) if value:
            key = (resource.id, name)
            if key not in ledger.documents:
                ledger.documents[key] = read_document(value)
            return Pages(documents=(ledger.documents[key],))
        case _:
            return Pages()


def _known_part(resource: Resource, name: str, gaps: tuple[str, ...]) -> Pages:
    """Give the statements that code says for certain, where it hides others."""
    is_partial = name not in resource.unread and f"{name}[]" in resource.unread
    listed = resource.properties.get(name) or () if is_partial else ()
    written = [item for item in listed if "has_condition" in item]
    open_ones = [item for item in listed if "has_condition" not in item]
    is_limited = bool(open_ones) and all("effect" in item for item in open_ones)
    return Pages(
        documents=(read_document(written),) if written else (),
        gaps=gaps,
        is_whole=False,
        only_allows=name + ONLY_ALLOWS in resource.unread,
        perhaps=(read_document(open_ones),) if is_limited else None,
    )


def _policies_behind(resource: Resource, relation: str, graph: Graph, ledger: _Ledger) -> Pages:
    targets = graph.targets(resource, relation)
    pages = [_own_page(policy, "statements", graph, ledger) for policy in targets.resources]
    listed = graph.vocabulary.types[resource.type].relations[relation].by.partition("[]")[0]
    only_allows = listed + ONLY_ALLOWS in resource.unread
    pages.append(Pages(gaps=targets.gaps, is_whole=not targets.gaps, only_allows=only_allows))
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
    hidden = [page.perhaps for page in parts if not page.is_whole]
    known = [documents for documents in hidden if documents is not None]
    return Pages(
        documents=tuple(document for page in parts for document in page.documents),
        gaps=tuple(sorted({gap for page in parts for gap in page.gaps})),
        is_whole=all(page.is_whole for page in parts),
        only_allows=all(page.is_whole or page.only_allows for page in parts),
        perhaps=tuple(itertools.chain(*known)) if hidden and len(known) == len(hidden) else None,
    )


def _partition(resource: Resource) -> str:
    parts = resource.identity.split(":", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "arn" else "aws"
