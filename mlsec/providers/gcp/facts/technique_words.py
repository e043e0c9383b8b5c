"""The words in which Google techniques ask: permissions on a thing, a project or above it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.techniques.technique import Question, QuestionWord, Target, TargetKind, Words
from mlsec.graph.ternary import NO, Answer, any_of
from mlsec.providers.gcp.facts import build_accounts
from mlsec.providers.gcp.facts.identities import may_everywhere
from mlsec.providers.gcp.facts.rights_on_targets import (
    RUNNERS,
    is_named_on_something,
    may_above,
    may_on,
    runners_of,
)
from mlsec.providers.gcp.facts.technique_examples import EXAMPLE_KEYS, spell_out

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_ACCOUNT = "gcp.iam.service_account"
_PROJECT, _FOLDER = "resourcemanager.projects.setIamPolicy", "resourcemanager.folders.setIamPolicy"
_ORGANIZATION = "resourcemanager.organizations.setIamPolicy"
# Which nodes a right over a folder, or over the organisation, has to be given on.
_ABOVE = {"folder": ("folder", "organization"), "organization": ("organization",)}
_Ask = Callable[[Resource, Target | None, "Graph"], Answer]


def _may(raw: Mapping[str, Any]) -> Question:
    permission, place = str(raw["may"]), str(raw["on"])
    nodes = _ABOVE.get(place)

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        if nodes is not None:
            return may_above(identity, permission, nodes, graph)
        thing = _thing(place, target)
        if thing is None:
            return may_everywhere(identity, permission, graph)
        return may_on(identity, permission, thing, graph)

    def may_hold(identity: Resource, graph: Graph) -> bool:
        if nodes is not None:
            return may_above(identity, permission, nodes, graph) != NO
        if may_everywhere(identity, permission, graph) != NO:
            return True
        return place != "project" and is_named_on_something(identity, graph)

    return Question(label=permission, ask=ask, may_hold=may_hold)


def _thing(place: str, target: Target | None) -> Resource | None:
    if target is None or place == "project":
        return None
    return target.identity if place == "identity" else target.resource


def _account(identity: Resource, graph: Graph) -> tuple[Target, ...]:
    del graph
    if identity.is_stub:
        return ()  # an account of Google's own: nobody else can be given a right over it
    return (Target(kind="account", name=identity.name, resource=identity, identity=identity),)


def _running(kind: str) -> Callable[[Resource, Graph], tuple[Target, ...]]:
    def leading_to(identity: Resource, graph: Graph) -> tuple[Target, ...]:
        return tuple(
            Target(kind=kind, name=thing.name, resource=thing, identity=identity)
            for thing in runners_of(identity, kind, graph)
        )

    return leading_to


def _is_privileged(identity: Resource, graph: Graph) -> Answer:
    return any_of((is_admin(identity, graph), build_accounts.writes_everything(identity, graph)))


def is_admin(identity: Resource, graph: Graph) -> Answer:
    """Say whether an account may change the policy of the project, or of what stands above it."""
    return any_of(
        (
            may_everywhere(identity, _PROJECT, graph),
            may_above(identity, _FOLDER, _ABOVE["folder"], graph),
            may_above(identity, _ORGANIZATION, _ABOVE["organization"], graph),
        )
    )


WORDS = Words(
    cloud="gcp",
    types=(_ACCOUNT,),
    is_admin=_is_privileged,
    not_there=build_accounts.build_accounts,
    questions={
        "may": QuestionWord(
            about="a permission that roles give the account, and on what: everything of its kind "
            "in the project, the target, the account that the target runs as, or what stands above",
            read=_may,
            fields={"on": ("target", "identity", "project", *_ABOVE)},
            required=("on",),
        ),
    },
    targets={
        "account": TargetKind(
            about="a service account that is privileged, of this project or of another",
            leading_to=_account,
            is_across_scopes=True,
        ),
        build_accounts.KIND: TargetKind(
            about="the account of Cloud Build's own, where it is privileged",
            leading_to=build_accounts.leading_to,
            has_whichever=False,
            unseen=build_accounts.unseen,
        ),
        **{
            kind: TargetKind(
                about=f"a {kind} that runs as an account that is privileged",
                leading_to=_running(kind),
            )
            for kind in RUNNERS
        },
    },
    example_keys=EXAMPLE_KEYS,
    spell_out=spell_out,
)
