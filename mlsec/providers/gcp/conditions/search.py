"""Whether some request of a class meets a condition: a search over values that stand for all.

What the caller chooses is tried in every way that makes a difference. What is not known here (a
tag, an access level, a name that a service may or may not give) is tried in every way too, and the
answer is unknown where it turns on that.
"""

from __future__ import annotations

import datetime
import itertools
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from mlsec.core.enums import Truth
from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.providers.gcp.conditions.errors import NotUnderstoodError
from mlsec.providers.gcp.conditions.evaluation import Nothing, Open, Request, circumstance, is_met
from mlsec.providers.gcp.conditions.representatives import literals, texts, times
from mlsec.providers.gcp.conditions.subjects import STRONG_ROLES, Class, Free, Subject
from mlsec.providers.gcp.conditions.syntax import Node, parse, walk
from mlsec.providers.gcp.conditions.witness import Values, exists, reads

_MOST_CIRCUMSTANCES = 6
_GRANTS = "api iam.googleapis.com/modifiedGrantsByRole"
_PREFIX = "api storage.googleapis.com/objectListPrefix"
# Attributes of requests that only the Identity-Aware Proxy gives.
_PROXY = ("request.path", "request.host", "destination.ip", "destination.port")
_TAKES_OVER = ("resourcemanager.", "iam.serviceAccounts.")


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An answer; for a yes, with one request that meets the condition in each case."""

    answer: Answer
    requests: tuple[Request, ...] = ()


def is_possible(condition: str, asked: Class, now: datetime.datetime) -> Answer:
    """Say whether some request of the class, from now on, meets the condition."""
    return search_for(condition, asked, now).answer


def search_for(condition: str, asked: Class, now: datetime.datetime) -> Found:
    """Look for requests of the class, from now on, that meet the condition."""
    doubt = Found(answer=unknown({f"?the condition {condition}"}))
    try:
        node = parse(condition)
    except NotUnderstoodError:
        return doubt
    outcomes = [
        exists(node, [_subjects(node, world), *_chosen(node, asked, now)], circumstances, fixed)
        for world in asked.worlds
        for fixed in _not_given(node, asked)
        for circumstances in _circumstances(node)
    ]
    requests = tuple(item for item in outcomes if isinstance(item, Request))
    if len(requests) == len(outcomes):
        return Found(answer=YES, requests=requests)
    return Found(answer=NO) if all(item is Truth.FALSE for item in outcomes) else doubt


def holds_without_tags(condition: str) -> Answer:
    """Say whether a condition on tags, as deny policies have, holds for what carries no tag."""
    try:
        node = parse(condition)
    except NotUnderstoodError:
        return unknown({f"?the condition {condition}"})
    untagged = {name: False for below in walk(node) if (name := circumstance(below))}
    match is_met(node, Request(attributes={}, circumstances=untagged)):
        case Truth.TRUE:
            return YES
        case Truth.FALSE:
            return NO
        case Truth.UNKNOWN:
            return unknown({f"?the condition {condition}"})


def _circumstances(node: Node) -> Iterator[Mapping[str, bool]]:
    asked = sorted({name for below in walk(node) if (name := circumstance(below))})
    if len(asked) > _MOST_CIRCUMSTANCES:
        yield {}
        return
    for values in itertools.product((True, False), repeat=len(asked)):
        yield dict(zip(asked, values, strict=True))


def _subjects(node: Node, world: tuple[Subject, ...]) -> Iterator[Values]:
    for subject in world:
        free = subject.name
        for name in texts(free.start, node) if isinstance(free, Free) else (free,):
            yield {
                "resource.service": subject.service,
                "resource.type": subject.type,
                "resource.name": name,
            }


def _chosen(node: Node, asked: Class, now: datetime.datetime) -> list[Iterable[Values]]:
    """Give what the caller chooses besides the resource, as far as the condition reads it."""
    read, choices = reads(node), list[Iterable[Values]]()
    if "request.time" in read:
        choices.append({"request.time": time} for time in times(node, now))
    if _PREFIX in read:
        listed = (
            ["", *texts("", node)] if asked.permission == "storage.objects.list" else [Nothing()]
        )
        choices.append([{_PREFIX: prefix} for prefix in listed])
    if _GRANTS in read:
        choices.append([{_GRANTS: roles} for roles in _grants(node, asked.permission)])
    if asked.permission.startswith("iap."):
        choices += [_proxied(name, node) for name in _PROXY if name in read]
    return choices


def _proxied(name: str, node: Node) -> list[Values]:
    if name == "destination.port":
        near = {n + d for n in literals(node, int) for d in (-1, 0, 1)}
        return [{name: port} for port in sorted({22, *near}) if 0 < port < 65536]
    return [{name: text} for text in texts("/" if name == "request.path" else "", node)]


def _grants(node: Node, permission: str) -> list[object]:
    """Give what a change of a policy may grant; of rights over identities, what takes over."""
    if not permission.endswith(".setIamPolicy"):
        return [Nothing()]
    named = [text for text in literals(node, str) if "roles/" in text]
    if not permission.startswith(_TAKES_OVER):
        return [[], *([role] for role in (*named, *STRONG_ROLES))]
    own = [role for role in named if not role.startswith("roles/")]
    return [*([role] for role in STRONG_ROLES), *(Open(role) for role in own[:1])]


def _not_given(node: Node, asked: Class) -> list[Values]:
    """Give the ways in which a service leaves out what only the proxy gives."""
    left_out = (
        [n for n in _PROXY if n in reads(node)] if not asked.permission.startswith("iap.") else []
    )
    if not left_out:
        return [{}]
    empty = {name: 0 if name == "destination.port" else "" for name in left_out}
    return [dict.fromkeys(left_out, Nothing()), empty]
