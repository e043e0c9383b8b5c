"""What a right to attach policies is worth: as much as the policies that conditions leave."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, property_value
from mlsec.graph.techniques.rights import rights_followed
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.providers.aws.facts.ability_table import powers
from mlsec.providers.aws.facts.managed_policies import names, policy_of_aws
from mlsec.providers.aws.facts.pages import Pages
from mlsec.providers.aws.facts.permissions import Identity, identity_of
from mlsec.providers.aws.facts.policy_statements import Question
from mlsec.providers.aws.policy.keys import FREE, Domain
from mlsec.providers.aws.policy.patterns import TooLongError, common_example, matches

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_POLICY, _IDENTITIES = "aws.iam.policy", ("aws.iam.role", "aws.iam.user")
_ATTACHED, _BOUND = "iam:policyarn", "iam:permissionsboundary"
_LARGEST = ("AdministratorAccess", "IAMFullAccess", "PowerUserAccess")
_BY_AWS = ":iam::aws:policy/"
_SIGNS = ("*", "?", "${")
_NEW = "?policies that may be made later"


def may_gain(who: Identity, question: Question, on: Resource | None, graph: Graph) -> Answer:
    """Say whether an identity may do something in a way that it gains rights by.

    Where its policies leave only some policies to attach, one of them has to give more than the
    identity has; where they ask for a boundary, it has to be known to leave more. ``on``: the
    identity that it is done to, None where that is not known.
    """
    compared = _compared(who, question.action)
    if not compared:
        return who.may(question)
    if who.may(_with(question, dict.fromkeys(compared, FREE))) == NO:
        return NO
    large = {_ATTACHED: _choices(_largest(who), _ATTACHED)}
    if _BOUND not in compared and who.may(_with(question, large)) == YES:
        return YES
    worth = {
        key: {arn: _worth(arn, who, graph) for arn in _policies(key, patterns, who, on, graph)}
        for key, patterns in compared.items()
    }
    sure = {
        key: _choices((arn for arn, answer in arns.items() if answer == YES), key)
        for key, arns in worth.items()
    }
    if who.may(_with(question, sure)) == YES:
        return YES
    # A boundary of the account is made to confine: what it says is not known counts as that.
    doubted = {arn: w for arn, w in worth.get(_ATTACHED, {}).items() if w != NO}
    answer = who.may(_with(question, {**sure, _ATTACHED: _choices(doubted, _ATTACHED)}))
    doubts = (reason for doubt in doubted.values() for reason in doubt.because)
    return NO if answer == NO else unknown({*answer.because, *doubts})


def _with(question: Question, keys: Mapping[str, Domain]) -> Question:
    return msgspec.structs.replace(question, keys={**question.keys, **keys})


def _choices(arns: Iterable[str], key: str) -> Domain:
    return Domain(values=tuple(arns), may_be_absent=key == _BOUND)


def _compared(who: Identity, action: str) -> Mapping[str, tuple[str, ...]]:
    """Give what the policies compare the attached policy, or the boundary, with."""
    compared: dict[str, dict[str, None]] = {}
    for pages in (who.policies, who.boundary):
        for document in pages.documents if pages is not None else ():
            for condition in (c for s in document.about(action) for c in s.conditions):
                if condition.key in (_ATTACHED, _BOUND):
                    compared.setdefault(condition.key, {}).update(dict.fromkeys(condition.values))
    return {key: tuple(values) for key, values in compared.items()}


def _policies(
    key: str, patterns: tuple[str, ...], who: Identity, on: Resource | None, graph: Graph
) -> Iterable[str]:
    """Give the policies that a key can stand for: those that patterns name, and others there are.

    The boundary of what is known is its own; of the rest, one that is in use.
    """
    if key == _ATTACHED:
        own = f"arn:{who.partition}:iam::{who.account}:policy/*"
        return (*_largest(who), *_named((*patterns, own), who, graph))
    if on is not None and on.type in _IDENTITIES:
        return _boundaries((on,))
    in_use = _boundaries(i for name in _IDENTITIES for i in graph.of_type(name))
    return (*in_use, *_named(patterns, who, graph))


def _boundaries(identities: Iterable[Resource]) -> tuple[str, ...]:
    facts = [property_value(identity, "boundary_arn") for identity in identities]
    arns = (str(f.value) if isinstance(f, Known) else _NEW for f in facts if f != Known(value=None))
    return tuple(dict.fromkeys(arns))


def _largest(who: Identity) -> tuple[str, ...]:
    return tuple(f"arn:{who.partition}{_BY_AWS}{name}" for name in _LARGEST)


def _named(patterns: Iterable[str], who: Identity, graph: Graph) -> Iterator[str]:
    """Give the policies that patterns name: known ones, and one that may be there besides."""
    for pattern in patterns:
        if not any(sign in pattern for sign in _SIGNS):
            # A condition of Null compares with true or false.
            yield from (pattern,) if pattern.startswith("arn:") else ()
            continue
        aws = (f"arn:{who.partition}{_BY_AWS}{name}" for name in names())
        known = (policy.identity for policy in graph.of_type(_POLICY))
        yield from (arn for arn in (*aws, *known) if matches(pattern, arn))
        another = _common(pattern, f"arn:{who.partition}:iam::{who.account}:policy/*")
        yield from () if another is None else (another,)


def _common(pattern: str, own: str) -> str | None:
    try:
        return common_example(pattern, own)
    except TooLongError:
        return own


def _worth(arn: str, who: Identity, graph: Graph) -> Answer:
    """Say whether who holds a policy, beside the own ones of an identity, holds more."""
    if _BY_AWS not in arn and _may_write(arn, who) == YES:
        return YES
    holder = _holder(arn, who, graph)
    if holder is None:
        return unknown({f"?the rights of {arn}" if arn.isprintable() else _NEW})
    large = graph.memo(("worth of policy", arn), lambda: powers(holder))
    if large == YES:
        return YES
    techniques = rights_followed("aws", graph)
    spoken = graph.memo(("rights in policy", arn), lambda: _spoken(holder, techniques))
    opens = any(
        rights & spoken and all(r in spoken or who.speaks_of(r) for r in rights)
        for rights in techniques
        if spoken
    )
    hidden = [] if holder.policies.is_whole else [unknown(holder.policies.gaps)]
    doubt = [unknown({f"?the rights of {arn}"})] if opens else []
    return any_of((large, *hidden, *doubt))


def _may_write(arn: str, who: Identity) -> Answer:
    rights = ("iam:createpolicyversion", "iam:createpolicy")
    return any_of(who.may(Question(action=right, resource=arn)) for right in rights)


def _spoken(holder: Identity, techniques: Iterable[frozenset[str]]) -> frozenset[str]:
    """Give the rights of techniques that a policy speaks of."""
    every = frozenset[str]().union(*techniques)
    return frozenset(right for right in every if holder.speaks_of(right))


def _holder(arn: str, who: Identity, graph: Graph) -> Identity | None:
    """Give an identity with this policy alone; None where its document is not known."""
    policy = graph.called(arn, _POLICY)
    if policy is not None and not policy.is_stub:
        return identity_of(policy, graph)
    known = policy_of_aws(arn)
    if known is None:
        return None
    pages = Pages(documents=(known.document,), is_whole=known.is_whole)
    return msgspec.structs.replace(who, policies=pages, boundary=None)
