"""The words in which AWS techniques ask: rights on a thing, roles passed and assumed."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.techniques.technique import Question as Need
from mlsec.graph.techniques.technique import QuestionWord, Target, Words
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.providers.aws.facts.attachable_policies import may_gain
from mlsec.providers.aws.facts.instance_profiles import profile_keys
from mlsec.providers.aws.facts.permissions import Identity, identity_of
from mlsec.providers.aws.facts.policy_statements import ANY, Cover, Question
from mlsec.providers.aws.facts.same_account_trust import lets_in, lets_in_service, trusts_somebody
from mlsec.providers.aws.facts.technique_examples import EXAMPLE_KEYS, spell_out
from mlsec.providers.aws.facts.technique_targets import (
    GROUP,
    IDENTITIES,
    POLICY,
    ROLE,
    TARGETS,
    USER,
    WORKLOADS,
    roles_not_there,
    whichever,
)
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PASS, _ASSUME = "iam:passrole", "sts:assumerole"
# What a right of the first word works on: only such an identity can use it on itself.
_WORKS_ON = {"role": ROLE, "user": USER, "group": GROUP, "loginprofile": USER, "accesskey": USER}
_EVERY = tuple(f"every {kind}" for kind in (*IDENTITIES, *WORKLOADS))
_PLACES = ("target", "target's policy", "itself", "its policy", "its group", "something", "*")
_Ask = Callable[[Resource, Target | None, "Graph"], Answer]


def _may(raw: Mapping[str, Any]) -> Need:
    action, place = str(raw["may"]), str(raw["on"])
    if action.count(":") != 1 or "*" in action:
        message = f'"{action}" is not one action, such as sagemaker:CreateTrainingJob'
        raise ValueError(message)
    return _may_on(action, place)


@functools.cache
def _may_on(action: str, place: str) -> Need:
    lower = action.lower()
    where = _WHERE[place] if place in _WHERE else _every(place.removeprefix("every "))
    reach = Cover.ANYWHERE if place == "something" else Cover.WHOLE

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        who = identity_of(identity, graph)
        names = where(identity, who, lower, target, graph)
        if isinstance(names, Unknown):
            return unknown(names.gaps) if who.speaks_of(lower) else NO
        keys = profile_keys(lower, _role_of(target), who)
        asked = (Question(action=lower, resource=name, reach=reach, keys=keys) for name in names)
        on = identity if place == "itself" else target.resource if target is not None else None
        return any_of(may_gain(who, question, on, graph) for question in asked)

    return Need(label=action, ask=ask, may_hold=_speaks_of(lower))


def _passes(raw: Mapping[str, Any]) -> Need:
    return _passes_to(str(raw["passes"]))


@functools.cache
def _passes_to(service: str) -> Need:
    if not service.endswith(".amazonaws.com"):
        raise ValueError(f'"{service}" is not a service, such as sagemaker.amazonaws.com')

    def ask(identity: Resource, target: Target | None, graph: Graph) -> Answer:
        who = identity_of(identity, graph)
        role = _role_of(target)
        if role is None:
            arn = _unnamed("role", who, target)
            return who.may(Question(action=_PASS, resource=arn, passed_to=service))
        trusted = lets_in_service(role, service, graph)
        if trusted == NO:
            return NO
        question = Question(action=_PASS, resource=role.identity, passed_to=service)
        return all_of((trusted, who.may(question)))

    def may_suit(target: Target, graph: Graph) -> bool:
        role = _role_of(target)
        return role is None or lets_in_service(role, service, graph) != NO

    return Need(label="iam:PassRole", ask=ask, may_hold=_speaks_of(_PASS), may_suit=may_suit)


def _assumes(raw: Mapping[str, Any]) -> Need:
    del raw
    return _ASSUMING


def _ask_assuming(identity: Resource, target: Target | None, graph: Graph) -> Answer:
    who = identity_of(identity, graph)
    role = _role_of(target)
    if role is None:
        return who.may(Question(action=_ASSUME, resource=_unnamed("role", who, target)))
    return lets_in(role, who, identity.identity, graph)


def _has(raw: Mapping[str, Any]) -> Need:
    del raw
    return Need(label="", ask=_has_boundary, may_hold=lambda _, __: True)


def _has_boundary(identity: Resource, target: Target | None, graph: Graph) -> Answer:
    del target
    if "boundary" not in graph.vocabulary.types[identity.type].relations:
        return NO
    match property_value(identity, "boundary_arn"):
        case Known(value=value):
            return YES if value else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _unnamed(kind: str, who: Identity, target: Target | None) -> str:
    """Give the ARN of a target that has no name: whichever there is, or one that is not seen."""
    if target is None or not target.is_unseen:
        return whichever(kind, who.partition, who.account)
    # An account that code names may be the one that it is deployed to.
    account = "*" if who.account == CODE_ACCOUNT else who.account
    return whichever(kind, who.partition, account, "*")


def _role_of(target: Target | None) -> Resource | None:
    return None if target is None else target.identity


def _speaks_of(action: str) -> Callable[[Resource, Graph], bool]:
    return lambda identity, graph: identity_of(identity, graph).speaks_of(action)


_Where = Callable[[Resource, Identity, str, "Target | None", "Graph"], "tuple[str, ...] | Unknown"]


def _target(
    identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
) -> tuple[str, ...] | Unknown:
    del identity, action, graph
    if target is None:
        return ()
    if target.resource is None:
        return (_unnamed(target.kind, who, target),)
    return (target.resource.identity,)


def _target_policies(
    identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
) -> tuple[str, ...] | Unknown:
    del identity, action
    if target is None or target.identity is None:
        return (whichever("policy", who.partition, who.account),)
    return _policies_of(target.identity, graph)


def _self(
    identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
) -> tuple[str, ...] | Unknown:
    del who, target, graph
    wanted = next((t for word, t in _WORKS_ON.items() if word in action), identity.type)
    return (identity.identity,) if identity.type == wanted else ()


def _own_policies(
    identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
) -> tuple[str, ...] | Unknown:
    del who, action, target
    return _policies_of(identity, graph)


def _own_groups(
    identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
) -> tuple[str, ...] | Unknown:
    del who, action, target
    if identity.type == GROUP:
        return (identity.identity,)
    groups = graph.targets(identity, "member_of")
    names = tuple(group.identity for group in groups.resources)
    return names if names or not groups.gaps else Unknown(groups.gaps)


def _policies_of(identity: Resource, graph: Graph) -> tuple[str, ...] | Unknown:
    """Give the policies that an identity has and that are the customer's to change."""
    holders = (identity, *graph.targets(identity, "member_of").resources)
    names: set[str] = set()
    gaps: set[str] = set()
    for holder in holders:
        policies = graph.targets(holder, "policies")
        names |= {p.identity for p in policies.resources if p.type == POLICY}
        gaps |= set(policies.gaps)
    own = tuple(sorted(name for name in names if ":iam::aws:" not in name))
    return own if own or not gaps else Unknown(tuple(sorted(gaps)))


def _every(kind: str) -> _Where:
    def where(
        identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
    ) -> tuple[str, ...]:
        del identity, action, target, graph
        return (whichever(kind, who.partition, who.account),)

    return where


def _anything(
    identity: Resource, who: Identity, action: str, target: Target | None, graph: Graph
) -> tuple[str, ...]:
    del identity, who, action, target, graph
    return (ANY,)


_WHERE: Mapping[str, _Where] = {
    "target": _target,
    "target's policy": _target_policies,
    "itself": _self,
    "its policy": _own_policies,
    "its group": _own_groups,
    "something": _anything,
    "*": _anything,
}
_ASSUMING = Need(
    label="sts:AssumeRole",
    ask=_ask_assuming,
    may_hold=lambda _, __: True,
    may_suit=lambda target, graph: (
        target.identity is None or trusts_somebody(target.identity, graph)
    ),
)


def _is_admin(identity: Resource, graph: Graph) -> Answer:
    who = identity_of(identity, graph)
    everything = (Question(action=f"{ANY}:{ANY}", resource=ANY),)
    identities = (Question(action=f"iam:{ANY}", resource=ANY),)
    return all_of(who.may(question) for question in (*everything, *identities))


WORDS = Words(
    cloud="aws",
    types=(ROLE, USER, GROUP),
    is_admin=_is_admin,
    not_there=roles_not_there,
    questions={
        "may": QuestionWord(
            about="an action that the policies of the identity allow, and on what",
            read=_may,
            fields={"on": (*_PLACES, *_EVERY)},
            required=("on",),
        ),
        "passes": QuestionWord(
            about="iam:PassRole on the target's role to a service that its trust policy lets in",
            read=_passes,
        ),
        "assumes": QuestionWord(
            about="sts:AssumeRole on the target's role, whose trust policy lets the identity in",
            read=_assumes,
        ),
        "has": QuestionWord(about="a setting of the identity: boundary", read=_has),
    },
    targets=TARGETS,
    example_keys=EXAMPLE_KEYS,
    spell_out=spell_out,
)
