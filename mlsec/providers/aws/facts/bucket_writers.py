"""Which roles of an account may put objects into a bucket: by their policies and by its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Targets, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of
from mlsec.graph.verdicts import as_gaps
from mlsec.providers.aws.facts.bucket_write_candidates import roles_that_put
from mlsec.providers.aws.facts.organisation import is_service_linked
from mlsec.providers.aws.facts.permissions import Identity, identity_of
from mlsec.providers.aws.facts.policy_statements import ANY, Cover, Question
from mlsec.providers.aws.facts.resource_policy import denied_above, policy_of
from mlsec.providers.aws.policy.decide import Layer, Request, decide
from mlsec.providers.aws.policy.keys import Domain, within
from mlsec.providers.aws.policy.patterns import matches
from mlsec.providers.aws.policy.statement import Statement

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PUT = "s3:putobject"
_SESSION = ":assumed-role/"
_EVERYTHING = Statement(is_allow=True, actions=("*",))
# Condition keys in which one role differs from another.
_OF_THE_CALLER = ("aws:principal", "aws:user", "aws:source", "aws:federated", "aws:token")


class _Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """What a bucket's own policy says of putting objects, and the gaps that hide it."""

    allows: tuple[Statement, ...] = ()
    denies: tuple[Statement, ...] = ()
    gaps: tuple[str, ...] = ()

    @property
    def is_silent(self) -> bool:
        """Whether it neither allows nor denies."""
        return not (self.allows or self.denies or self.gaps)

    def speaks_alike_of_all(self, objects: str) -> bool:
        """Whether it only denies, and that for every caller and object or for none."""
        return not (self.allows or self.gaps) and all(
            deny.principals == ("*",)
            and not deny.not_resources
            and not deny.variables
            and not any(c.key.startswith(_OF_THE_CALLER) for c in deny.conditions)
            and all(matches(pattern, objects) for pattern in deny.resources if "/" in pattern)
            for deny in self.denies
        )


class _Rights(msgspec.Struct, frozen=True, kw_only=True):
    """What the policies of a role say of putting objects, whichever bucket it is."""

    identity: Identity
    own: Layer
    rest: tuple[Layer, ...]

    @property
    def is_plain(self) -> bool:
        """Whether nothing that they say of it has a condition."""
        layers = (self.own, *self.rest)
        return not any(s.conditions for layer in layers for s in layer.statements)


def _rights_of(role: Resource, graph: Graph) -> _Rights:
    identity = identity_of(role, graph)
    return _Rights(
        identity=identity,
        own=identity.policies.layer(_PUT),
        rest=tuple(pages.layer(_PUT) for pages in identity.limits(_PUT)),
    )


def bucket_writers(resource: Resource, graph: Graph) -> Targets:
    """Find the roles of the account that may put objects somewhere into the bucket."""
    return graph.memo(("roles that write bucket", resource.id), lambda: _writers(resource, graph))


def _writers(resource: Resource, graph: Graph) -> Targets:
    spoken = _spoken(resource, graph)
    gaps: set[str] = set()
    writers: list[Resource] = []
    for role in _candidates(resource, spoken, graph):
        answer = _may_put(role, resource, spoken, graph)
        if answer.truth is Truth.TRUE:
            writers.append(role)
        elif answer.truth is Truth.UNKNOWN:
            gaps |= as_gaps(answer.because, role, graph) | set(role.unread.get("*", ()))
    for kind in graph.vocabulary.concrete("role"):
        gaps |= set(graph.incomplete(kind.name, resource.scope, ""))
    return Targets(resources=tuple(writers), gaps=tuple(sorted(gaps)))


def _spoken(resource: Resource, graph: Graph) -> _Spoken:
    policy = policy_of(resource, graph)
    if isinstance(policy, Unknown):
        return _Spoken(gaps=policy.gaps)
    statements = policy.statements or denied_above(resource, graph)
    about = [s for s in statements if s.covers_action(_PUT)]
    return _Spoken(
        allows=tuple(s for s in about if s.is_allow),
        denies=tuple(s for s in about if not s.is_allow),
    )


def _candidates(resource: Resource, spoken: _Spoken, graph: Graph) -> Iterator[Resource]:
    """Give the roles that their policies or the bucket's may let put, in the order of their ids."""
    near = {role.id: role for role in roles_that_put(resource.scope, graph).near(resource.identity)}
    if spoken.allows:
        for role in graph.of_type_in("role", resource.scope):
            names = (*_names(role), *_sessions(role, spoken.allows))
            if _lets(spoken.allows, names):
                near[role.id] = role
    yield from (near[key] for key in sorted(near))


def _may_put(role: Resource, bucket: Resource, spoken: _Spoken, graph: Graph) -> Answer:
    said = graph.memo(("what lets put", role.id), lambda: _rights_of(role, graph))
    identity, own, rest = said.identity, said.own, said.rest
    if is_service_linked(role.identity):
        above = denied_above(bucket, graph)
        left = tuple(deny for deny in spoken.denies if deny not in above)
        spoken = msgspec.structs.replace(spoken, denies=left)
    objects = f"{bucket.identity}/{ANY}"
    if spoken.is_silent or (said.is_plain and spoken.speaks_alike_of_all(objects)):
        # Who may at all may unless everybody is denied: nothing has to be met together.
        answer = identity.may(Question(action=_PUT, resource=objects, reach=Cover.PART))
        return answer if answer == NO else all_of((answer, _left(bucket, spoken, identity, graph)))
    keys = {**identity.caller.keys, "aws:userid": _user_id(role)}
    answers = []
    for session in ("", *_sessions(role, spoken.allows)):
        # Who trusts the whole account leaves it to the policies of its roles.
        names = (*_names(role), *([session] if session else []))
        caller = msgspec.structs.replace(
            identity.caller, names=(*names, identity.account), keys=keys
        )
        allows = tuple(s for s in spoken.allows if s.covers_principal(names))
        hidden = (*(own.hidden or ()), *spoken.gaps)
        layer = Layer(
            statements=(*own.statements, *allows, *spoken.denies),
            hidden=hidden if own.hidden is not None or spoken.gaps else None,
            only_allows=own.only_allows and not spoken.gaps,
        )
        request = Request(action=_PUT, resource=f"{bucket.identity}/*", caller=caller)
        answers.append(decide(request, (layer, *rest)))
    return any_of(answers)


def _left(bucket: Resource, spoken: _Spoken, identity: Identity, graph: Graph) -> Answer:
    """Say whether the bucket leaves to whom it denies alike a request; asked once per bucket."""
    if not spoken.denies:
        return YES
    layer = Layer(statements=(_EVERYTHING, *spoken.denies))
    request = Request(action=_PUT, resource=f"{bucket.identity}/*", caller=identity.caller)
    return graph.memo(("left by bucket", bucket.id), lambda: decide(request, (layer,)))


def _names(role: Resource) -> tuple[str, ...]:
    """Give what a policy may call a role: its ARN and its unique id."""
    match property_value(role, "unique_id"):
        case Known(value=str(unique_id)):
            return (role.identity, unique_id)
        case _:
            return (role.identity,)


def _user_id(role: Resource) -> Domain:
    match property_value(role, "unique_id"):
        case Known(value=str(unique_id)):
            return within(f"{unique_id}:*")
        case _:
            return Domain(within="*:*", may_be_absent=False, is_known=False)


def _sessions(role: Resource, statements: Iterable[Statement]) -> tuple[str, ...]:
    """Give the sessions of a role that statements name: it may choose their name."""
    named = {principal for statement in statements for principal in statement.principals}
    start = role.identity.replace(":iam:", ":sts:").partition(":role/")[0]
    wanted = f"{start}{_SESSION}{role.name}/"
    return tuple(sorted(principal for principal in named if principal.startswith(wanted)))


def _lets(allows: Iterable[Statement], names: tuple[str, ...]) -> bool:
    return any(statement.covers_principal(names) for statement in allows)
