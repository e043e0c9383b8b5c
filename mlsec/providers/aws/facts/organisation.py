"""What the organisation above an account denies its identities, and whom its resources.

An account's identities may do what a service control policy allows on every level, from the root
of the organisation down to the account, and none denies; resource control policies only deny.
Neither limits the account that manages the organisation, nor roles that a service is linked to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, property_value
from mlsec.providers.aws.facts.pages import Pages
from mlsec.providers.aws.policy.callers import Caller
from mlsec.providers.aws.policy.document import Document, read_document
from mlsec.providers.aws.policy.keys import ABSENT, Domain, fixed, within
from mlsec.providers.aws.policy.statement import Statement
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT, account_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT, _POLICY = "aws.organizations.account", "aws.organizations.policy"
_SERVICE_LINKED = ":role/aws-service-role/"
_EVERYTHING = Document([Statement(is_allow=True, actions=("*",))])
_UNREAD = (
    "policies of an AWS organisation (service and resource control policies) are not read: one may"
    " deny what identities and resources are said to be open to"
)
_READ_IN_PART = (
    "policies of an AWS organisation (service and resource control policies) are read in part: one"
    " that is not may deny what identities and resources are said to be open to"
)
_NOT_COLLECTED = (
    "policies of an AWS organisation (service and resource control policies) were not collected:"
    " one may deny what identities and resources are said to be open to; collect again to read them"
)
_DECLARED = (
    "policies of an AWS organisation that code declares are not applied to the rest of it: which"
    " account that is deployed to is not known"
)
_NOTICES = {"part": _READ_IN_PART, "not_collected": _NOT_COLLECTED, "refused": _UNREAD}


class Above(msgspec.Struct, frozen=True, kw_only=True):
    """What limits an account. ``identities``: one for each level, all of which have to allow.

    ``resources``: the statements that deny, whoever asks, what is done to its resources.
    ``organisation``: its id, "" for none, None where it is not known; ``path``: that id and those
    of what lies above the account; ``members``: the accounts of the organisation, None where they
    are not known.
    """

    identities: tuple[Pages, ...] = ()
    resources: tuple[Statement, ...] = ()
    organisation: str | None = None
    path: str = ""
    members: frozenset[str] | None = None

    @property
    def on_resources(self) -> Pages:
        """What the account's resources leave, as a layer of its own."""
        return Pages(documents=(_EVERYTHING, Document(self.resources)))

    def own(self, caller: Caller) -> Caller:
        """Give an identity of the account with the organisation that it is in."""
        if self.organisation is None:
            return caller
        if not self.organisation:
            return caller.but(aws__principalorgid=ABSENT, aws__principalorgpaths=ABSENT)
        paths = fixed(self.path) if self.path else within(f"{self.organisation}/*")
        return caller.but(
            aws__principalorgid=fixed(self.organisation), aws__principalorgpaths=paths
        )

    def of_account(self, caller: Caller, account: str) -> Caller:
        """Give a caller of another account with what is known of its organisation.

        Who is a member matters, where that is not known, only to policies of the organisation.
        """
        if not self.organisation or (self.members is None and not self.resources):
            return caller
        if self.members is not None and account not in self.members:
            return caller
        is_member = self.members is not None
        others = caller.keys["aws:principalorgid"].values or ()
        return caller.but(
            aws__principalorgid=Domain(
                values=(self.organisation,) if is_member else (self.organisation, *others),
                may_be_absent=not is_member,
                is_known=is_member,
            ),
            aws__principalorgpaths=Domain(
                within=f"{self.organisation}/*", may_be_absent=not is_member, is_known=False
            ),
        )

    def of_source(self, caller: Caller, accounts: Iterable[str]) -> Caller:
        """Give a service that acts for one of these accounts with the organisation of a member."""
        if not self.organisation or not any(
            account in (self.members or ()) for account in accounts
        ):
            return caller
        return caller.but(
            aws__sourceorgid=fixed(self.organisation),
            aws__sourceorgpaths=within(f"{self.organisation}/*"),
        )


_NOTHING = Above()


def is_service_linked(arn: str) -> bool:
    """Whether a role is one that a service of AWS is linked to: no organisation limits it."""
    return _SERVICE_LINKED in arn


def above(account: str, graph: Graph) -> Above:
    """Give what limits an account, and say once what is not known of it."""
    notice = _notice(account, graph)
    if notice:
        graph.add_notice(notice)
    return graph.memo(("above account", account), lambda: _above(account, graph))


def _place(account: str, graph: Graph) -> Resource | None:
    def by_account() -> dict[object, Resource]:
        return {r.properties.get("account_id"): r for r in graph.of_type(_ACCOUNT)}

    if _ACCOUNT not in graph.vocabulary.types:
        return None
    return graph.memo(("organisation accounts",), by_account).get(account)


def _notice(account: str, graph: Graph) -> str:
    place = _place(account, graph)
    if place is not None:
        return _NOTICES.get(str(place.properties.get("policies_above")), "")
    if _in_code(account) in graph.memo(("organisation targets",), lambda: _targets(graph)):
        return _READ_IN_PART
    is_declared = any(policy.stands_in_code for policy in graph.of_type(_POLICY))
    return _DECLARED if is_declared and account == CODE_ACCOUNT else _UNREAD


def _above(account: str, graph: Graph) -> Above:
    place = _place(account, graph)
    if place is None:
        # What code attaches to an account is added to what may be attached elsewhere.
        return _limited(_NOTHING, [_in_code(account)], is_whole=False, graph=graph)
    state = place.properties.get("policies_above")
    if state == "none":
        return Above(organisation="")
    organisation = place.properties.get("organisation_id")
    known = Above(
        organisation=organisation if isinstance(organisation, str) else None,
        members=_members(organisation, graph),
    )
    if state not in ("read", "part"):
        return known
    path = [str(target) for target in place.properties.get("path") or ()]
    named = "/".join((known.organisation or "", *path[:-1], ""))
    known = msgspec.structs.replace(known, path=named)
    return _limited(known, path, is_whole=state == "read", graph=graph)


def _limited(known: Above, path: Sequence[str], *, is_whole: bool, graph: Graph) -> Above:
    levels = (_level(target, is_whole=is_whole, graph=graph) for target in path)
    return msgspec.structs.replace(
        known,
        identities=tuple(level for level in levels if level is not None),
        resources=tuple(
            statement
            for target in path
            for document in _attached(target, "RESOURCE_CONTROL_POLICY", graph)
            for statement in document.statements
            if not statement.is_allow
        ),
    )


def _level(target: str, *, is_whole: bool, graph: Graph) -> Pages | None:
    """Give what is attached to one target. Where a policy may be unread, it may allow the rest."""
    documents = tuple(_attached(target, "SERVICE_CONTROL_POLICY", graph))
    if not documents:
        return None
    return Pages(documents=documents if is_whole else (*documents, _EVERYTHING))


def _attached(target: str, kind: str, graph: Graph) -> Iterable[Document]:
    return graph.memo(("organisation policies",), lambda: _by_target(graph)).get((target, kind), ())


def _by_target(graph: Graph) -> dict[tuple[str, str], list[Document]]:
    by_target: dict[tuple[str, str], list[Document]] = {}
    for policy in graph.of_type(_POLICY):
        statements = property_value(policy, "statements")
        if not isinstance(statements, Known):
            continue
        document = read_document(statements.value or ())
        for target in _targets_of(policy):
            by_target.setdefault((target, str(policy.properties.get("kind"))), []).append(document)
    return by_target


def _targets(graph: Graph) -> frozenset[str]:
    return frozenset(target for target, _ in _by_target(graph))


def _targets_of(policy: Resource) -> Iterable[str]:
    """Give what a policy is attached to.

    Of code it has to be known which account it is deployed to. That one manages the organisation,
    so that no policy limits it; code that does not say may be an example.
    """
    targets = map(str, policy.properties.get("targets") or ())
    if not policy.stands_in_code:
        return targets
    own = account_of(policy)
    return (_in_code(t) for t in targets if own not in (CODE_ACCOUNT, t))


def _in_code(target: str) -> str:
    return f"code {target}"


def _members(organisation: object, graph: Graph) -> frozenset[str] | None:
    for resource in graph.of_type("aws.organizations.organization"):
        members = resource.properties.get("members")
        if resource.properties.get("organisation_id") == organisation and members is not None:
            return frozenset(str(member) for member in members)
    return None
