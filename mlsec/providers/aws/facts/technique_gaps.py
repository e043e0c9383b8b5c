"""What may hide the target of an AWS technique: things that code or a listing leaves out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Resource
from mlsec.graph.techniques.escalation import ask
from mlsec.graph.techniques.technique import Needs, Standing, Target, questions_in
from mlsec.graph.ternary import NO, Answer, unknown
from mlsec.providers.aws.facts.permissions import identity_of
from mlsec.providers.aws.facts.same_account_trust import lets_in_service

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ROLE = "aws.iam.role"
_SIGNS = ("*", "?", "${")


def unseen_of(
    kind: str, type_name: str, service: str, relations: tuple[str, ...]
) -> Callable[[Resource, Needs, Standing, Graph], Answer]:
    """Make the function that asks for rights on something of a kind that is not known.

    Args:
        kind: of the targets.
        type_name: of the vocabulary, "" where such things are not read.
        service: that takes on their roles, "" where they are identities themselves.
        relations: that lead to those roles.
    """

    def ask_unseen(identity: Resource, needs: Needs, standing: Standing, graph: Graph) -> Answer:
        scope = identity.scope
        hidden = _hidden(type_name, relations, scope, graph) if type_name else ()
        if type_name and not hidden:
            return NO
        if service and not _may_run_privileged(service, scope, standing, graph):
            return NO
        unseen = Target(kind=kind, is_unseen=True)
        if ask(needs, identity, unseen, graph) == NO or (
            type_name and _names_known(identity, needs, type_name, relations, graph)
        ):
            return NO
        return unknown(hidden or (_not_read(identity, kind, needs, graph),))

    return ask_unseen


def _may_run_privileged(service: str, scope: str, standing: Standing, graph: Graph) -> bool:
    """Whether a service may run something of the account under a role that is privileged."""

    def look() -> bool:
        return bool(graph.incomplete(_ROLE, scope, "")) or any(
            standing(role) != NO and lets_in_service(role, service, graph) != NO
            for role in graph.of_type_in(_ROLE, scope)
        )

    return graph.memo(("may run privileged", service, scope), look)


def _hidden(
    type_name: str, relations: tuple[str, ...], scope: str, graph: Graph
) -> tuple[str, ...]:
    """Give the gaps of a listing, and of the roles of what it lists."""

    def look() -> tuple[str, ...]:
        gaps = set(graph.incomplete(type_name, scope, ""))
        for thing in graph.of_type_in(type_name, scope):
            gaps.update(_role_gaps(thing, relations, graph))
        return tuple(sorted(gaps))

    return graph.memo(("hidden targets", type_name, scope), look)


def _role_gaps(thing: Resource, relations: tuple[str, ...], graph: Graph) -> tuple[str, ...]:
    if not relations:
        return ()
    direct, *_ = relations
    return () if "." in direct else graph.targets(thing, direct).gaps


def _names_known(
    identity: Resource, needs: Needs, type_name: str, relations: tuple[str, ...], graph: Graph
) -> bool:
    """Whether one of the rights is given on nothing but things that the graph knows."""
    policies = identity_of(identity, graph).policies
    known = graph.memo(
        ("known targets", type_name),
        lambda: frozenset(
            thing.identity
            for thing in graph.of_type(type_name)
            if not _role_gaps(thing, relations, graph)
        ),
    )
    for question in questions_in(needs):
        action = question.label.lower()
        statements = [s for d in policies.documents for s in d.about(action) if s.is_allow]
        if policies.hides(action) or not statements:
            continue
        if any(s.not_resources or not s.resources for s in statements):
            continue
        names = {name for statement in statements for name in statement.resources}
        if all(name in known and not any(sign in name for sign in _SIGNS) for name in names):
            return True
    return False


def _not_read(identity: Resource, kind: str, needs: Needs, graph: Graph) -> str:
    rights = " + ".join(q.label for q in questions_in(needs) if q.label)
    return graph.note_gap(
        make_gap(
            scope=identity.scope,
            subject=identity.id,
            wanted=f"{kind} of {rights}",
            reason=GapReason.UNSUPPORTED,
            detail=f"{rights} is allowed on a {kind} by its name, and which role that runs under"
            " is not read",
        )
    )
