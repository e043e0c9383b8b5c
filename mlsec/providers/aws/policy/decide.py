"""Whether a caller can make a request for which policies say allow: yes, no or unknown."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, unknown
from mlsec.providers.aws.policy.callers import Caller
from mlsec.providers.aws.policy.candidates import Option, options
from mlsec.providers.aws.policy.keys import (
    ABSENT,
    FREE,
    UNKNOWN,
    Domain,
    bare,
    fixed,
    is_global,
    is_list,
    is_of_resource,
    service_key,
)
from mlsec.providers.aws.policy.patterns import (
    ANY,
    TooLongError,
    common_example,
    in_regions,
    part_by_part,
)
from mlsec.providers.aws.policy.statement import Statement
from mlsec.providers.aws.policy.witness import can_be_met
from mlsec.vocabulary.iac_mapping import CODE_ACCOUNT

_MOST_RESOURCES = 400
_MOST_FILLINGS = 200
_ACCOUNT = re.compile(r"[0-9]{12}")
# What is made must carry the boundary that a policy asks for, so its maker does not gain more: the
# question is always about something that has none.
_NEVER_HELPS = "iam:permissionsboundary"


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """May ``caller`` do ``action`` (lower case) to ``resource``?

    ``resource``: ``*`` stands for some part of the name (one is enough), ``ANY`` for whatever
    name a thing has that no policy knows. ``keys``: what is fixed besides by the question.
    ``tags``: of the resource; None: not known. ``own_account``: of the resource, where its name
    does not say it.
    """

    action: str
    resource: str
    caller: Caller
    keys: Mapping[str, Domain] = {}
    tags: Mapping[str, str] | None = {}


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """The statements of one kind of policy: something in each layer has to allow.

    ``hidden``: why there may be others (gap ids); ``only_allows``: none of those denies.
    """

    statements: tuple[Statement, ...]
    hidden: tuple[str, ...] | None = None
    only_allows: bool = False


_ALLOWS = Statement(is_allow=True, actions=("*",))


def decide(request: Request, layers: Sequence[Layer]) -> Answer:
    """Say whether one request is allowed by all layers and denied by none.

    Hidden statements make the answer unknown unless what is seen decides whatever they say.
    """
    hidden = [layer for layer in layers if layer.hidden is not None]
    if not hidden:
        return _decide(request, [layer.statements for layer in layers])
    at_most = [
        layer.statements if layer.hidden is None else (*layer.statements, _ALLOWS)
        for layer in layers
    ]
    best = _decide(request, at_most)
    if best == NO:
        return NO
    reasons = {gap for layer in hidden for gap in layer.hidden or ()}
    if all(layer.only_allows for layer in hidden):
        seen = _decide(request, [layer.statements for layer in layers])
        if seen == YES:
            return YES
        reasons |= set(seen.because)
    return unknown(reasons | set(best.because))


def _decide(request: Request, layers: Sequence[Sequence[Statement]]) -> Answer:
    names = request.caller.names
    spoken = [
        [s for s in layer if s.covers_action(request.action) and s.covers_principal(names)]
        for layer in layers
    ]
    if not all(any(s.is_allow for s in layer) for layer in spoken):
        return NO
    try:
        if any(s.variables for layer in spoken for s in layer):
            return any_of_all(_for_each_filling(request, spoken))
        return _on_each_resource(request, spoken)
    except TooLongError:
        return unknown({"?patterns that are too long to compare"})


def _on_each_resource(request: Request, layers: Sequence[Sequence[Statement]]) -> Answer:
    answers = []
    for resource in _resources(request.resource, [s for layer in layers for s in layer]):
        answer = _on_one(request, resource, layers)
        if answer == YES:
            return YES
        answers.append(answer)
    return any_of(answers)


def _on_one(request: Request, resource: str, layers: Sequence[Sequence[Statement]]) -> Answer:
    covering = [[s for s in layer if s.covers_resource(resource)] for layer in layers]
    denies = [s for layer in covering for s in layer if not s.is_allow]
    if any(not s.conditions for s in denies):
        return NO
    allows = [[s for s in layer if s.is_allow] for layer in covering]
    if not all(allows):
        return NO
    # A layer that allows without a condition needs no search.
    open_layers = [layer for layer in allows if all(s.conditions for s in layer)]
    if not open_layers and not denies:
        return YES
    return can_be_met(open_layers, denies, lambda key: domain_of(key, request, resource))


def domain_of(key: str, request: Request, resource: str) -> Domain:
    """Say what a key (lower case) of a request about a resource can be."""
    said = request.keys.get(key) or request.keys.get(bare(key)) or request.caller.domain_of(key)
    known = None if is_global(key) else service_key(key)
    if known is not None and request.action not in known.actions:
        return ABSENT
    if said is not None:
        return said
    if known is None and not is_global(key):
        return UNKNOWN
    if key == _NEVER_HELPS:
        return ABSENT
    if is_of_resource(key):
        return _tag(key, request.tags)
    return _by_name(key, resource)


def _tag(key: str, tags: Mapping[str, str] | None) -> Domain:
    if tags is None:
        return UNKNOWN
    wanted = key.partition("/")[2]
    value = next((value for name, value in tags.items() if name.lower() == wanted), None)
    return ABSENT if value is None else fixed(value)


def _by_name(key: str, resource: str) -> Domain:
    """What the name of a resource says: its region and its account."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return FREE
    if key == "aws:requestedregion" and parts[3] and ANY[0] not in parts[3]:
        return fixed(parts[3])
    if key in ("aws:resourceaccount", "s3:resourceaccount") and _is_account(parts[4]):
        return fixed(parts[4])
    return FREE


def _is_account(text: str) -> bool:
    return _ACCOUNT.fullmatch(text) is not None and text != CODE_ACCOUNT


def _resources(asked: str, statements: Iterable[Statement]) -> Iterator[str]:
    """Give one resource for each way in which statements speak of what is asked about."""
    if "*" not in asked:
        yield asked
        return
    named = sorted(
        {
            pattern
            for statement in statements
            for pattern in (*statement.resources, *statement.not_resources)
        }
    )
    seen: set[str] = set()
    for name in in_regions(asked, named):
        for example in _examples(part_by_part(name), named):
            if example not in seen:
                seen.add(example)
                yield example


def _examples(asked: str, named: Sequence[str]) -> Iterator[str]:
    """Give what meets the question, what meets it and one pattern, and it and two of them."""
    meeting = [pattern for pattern in named if common_example(asked, pattern) is not None]
    ways = itertools.chain(
        [(asked,)],
        ((asked, pattern) for pattern in meeting),
        ((asked, *pair) for pair in itertools.combinations(meeting, 2)),
    )
    for way in itertools.islice(ways, _MOST_RESOURCES):
        example = common_example(*way)
        if example is not None:
            yield example


def _for_each_filling(
    request: Request, layers: Sequence[Sequence[Statement]]
) -> Iterator[tuple[Answer, bool]]:
    """Decide for each way to fill the policy variables; with whether the caller can choose it."""
    statements = [s for layer in layers for s in layer]
    keys = sorted({variable.key for s in statements for variable in s.variables})
    choices = [_values(key, request, statements) for key in keys]
    is_known = all(domain_of(key, request, request.resource).is_known for key in keys)
    for chosen in itertools.islice(itertools.product(*choices), _MOST_FILLINGS):
        values = dict(zip(keys, chosen, strict=True))
        pinned = {k: ABSENT if v is None else fixed(v) for k, v in values.items()}
        asked = msgspec.structs.replace(request, keys={**request.keys, **pinned})
        filled = [[s.fill(values) for s in layer] for layer in layers]
        yield _on_each_resource(asked, filled), is_known


def any_of_all(answers: Iterable[tuple[Answer, bool]]) -> Answer:
    """Join answers for values that the caller chooses, or for one of them that is not known."""
    decided = list(answers)
    if all(is_chosen for _, is_chosen in decided):
        return any_of(answer for answer, _ in decided)
    best, worst = any_of(a for a, _ in decided), all_of(a for a, _ in decided)
    if best == NO or worst == YES:
        return best
    return unknown(best.because or {"?a policy variable"})


def _values(key: str, request: Request, statements: Sequence[Statement]) -> tuple[str | None, ...]:
    """Give the values of a variable worth trying."""
    conditions = [
        (1 << at, condition)
        for at, condition in enumerate(c for s in statements for c in s.conditions if c.key == key)
    ]
    domain = domain_of(key, request, request.resource)
    choices: list[Option] = list(options(domain, tuple(conditions), is_list=is_list(key)))
    values = [None if o.given is None else o.given[0] for o in choices]
    if domain.values is None:
        values += [ANY + key.partition(":")[2], *_in_name(key, request.resource, statements)]
    return tuple(dict.fromkeys(v for v in values if v is None or domain.takes(v)))


def _in_name(key: str, resource: str, statements: Iterable[Statement]) -> Iterator[str]:
    """Give what a variable has to be for a pattern to cover the resource."""
    for statement in statements:
        for pattern in (*statement.resources, *statement.not_resources):
            head, sign, rest = pattern.partition("${" + _as_written(pattern, key))
            if not sign or "*" in head or not resource.startswith(head):
                continue
            left, tail = resource[len(head) :], rest.partition("}")[2].partition("*")[0]
            value = left.partition(tail)[0] if tail else left
            if value and ANY[0] not in value and "*" not in value:
                yield value


def _as_written(pattern: str, key: str) -> str:
    """Give a key as a pattern writes it."""
    at = pattern.lower().find("${" + key)
    return pattern[at + 2 : at + 2 + len(key)] if at >= 0 else "\x00"
