"""The requests that callers could make of a random policy: every value they could send, jointly."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from tests.providers.aws.external_access.keys import FOREIGN, OTHER, Caller, Key
from tests.providers.aws.external_access.simulator import Request

MOST = 4000


class TooManyError(Exception):
    """A policy asks about more keys than can be tried jointly."""


def anonymous() -> Caller:
    """Nobody: an unsigned request."""
    return Caller(account="", principal=None, arn="", userid="anonymous", kind="Anonymous")


def signed(account: str) -> list[Caller]:
    """Callers of one account, under each name and session that the policies ask about."""
    callers = [
        Caller(
            account=account,
            principal=f"arn:aws:sts::{account}:assumed-role/{role}/{session}",
            arn=f"arn:aws:iam::{account}:role/{role}",
            userid=f"AROAZ{account}:{session}",
            kind="AssumedRole",
        )
        for role, session in (("x", "deploy"), ("zz", "zz"))
    ]
    user = Caller(
        account=account,
        principal=f"arn:aws:iam::{account}:user/u",
        arn=f"arn:aws:iam::{account}:user/u",
        userid=f"AIDAZ{account}",
        kind="User",
    )
    return [*callers, user]


EVERYBODY = (anonymous(), *signed(FOREIGN))
NAMED = tuple(signed(OTHER))


def requests(
    policy: Mapping[str, Any],
    callers: Iterable[Caller],
    actions: Sequence[str],
    resources: Sequence[str],
    keys: Sequence[Key],
) -> list[Request]:
    """Every request that may make a difference to a policy.

    Raises:
        TooManyError: more than ``MOST``.
    """
    made = []
    asked = {
        key for each in _each(policy) for by in each.get("Condition", {}).values() for key in by
    }
    special = [key for key in keys if key.name in asked and "*" not in key.actions]
    told = _distinct(policy, "Action", actions, special)
    places = _distinct(policy, "Resource", resources, ())
    is_named = _is_named(policy)
    for caller, action, resource in itertools.product(callers, told, places):
        if not _is_place_of(action, resource) or (caller.account == OTHER and not is_named):
            continue
        used = [k for k in keys if k.name in asked and ("*" in k.actions or action in k.actions)]
        held = [_held(key, caller) for key in used]
        size = 1
        for values in held:
            size *= len(values)
        if len(made) + size > MOST:
            raise TooManyError
        for values in itertools.product(*held):
            context = {k.name: v for k, v in zip(used, values, strict=True) if v is not None}
            made.append(
                Request(
                    principal=caller.principal, action=action, resource=resource, context=context
                )
            )
    return made


def _held(key: Key, caller: Caller) -> list[Any]:
    """What a caller sends; a named one may also sit in the network that a policy names."""
    values = list(key.held(caller))
    if caller.account == OTHER and key.name in ("aws:SourceVpc", "aws:SourceVpce"):
        values += [v for v in key.values if "*" not in v]
    if caller.account == OTHER and key.name in ("aws:SourceIp", "aws:VpcSourceIp"):
        values += [v.partition("/")[0] for v in key.values]
    return values


def _each(policy: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(policy["Statement"])


def _is_named(policy: Mapping[str, Any]) -> bool:
    """Whether a policy names the other account as somebody who may come in, or is spared."""
    said = []
    for each in _each(policy):
        said += [each.get("Principal"), each.get("NotPrincipal")]
        for by in each.get("Condition", {}).values():
            said += [by.get(key) for key in _WHO if key in by]
    return OTHER[:10] in json.dumps(said)


_WHO = ("aws:PrincipalAccount", "aws:PrincipalArn", "kms:CallerAccount")


def _distinct(
    policy: Mapping[str, Any], element: str, names: Sequence[str], special: Sequence[Key]
) -> list[str]:
    """One name for each set of statements that speak of it, and of keys that come with it."""
    found: dict[tuple[bool, ...], str] = {}
    for name in names:
        marks = tuple(_speaks(each, element, name) for each in _each(policy))
        is_of_object = "/" in name if element == "Resource" else _is_object_action(name)
        carried = tuple(name in key.actions for key in special)
        found.setdefault((*marks, is_of_object, *carried), name)
    return list(found.values())


def _speaks(statement: Mapping[str, Any], element: str, name: str) -> bool:
    if f"Not{element}" in statement:
        return not _any_match(statement[f"Not{element}"], name)
    return element not in statement or _any_match(statement[element], name)


def _any_match(patterns: Any, name: str) -> bool:
    every = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in every)


def _is_object_action(name: str) -> bool:
    return name.startswith("s3:") and ("Object" in name or "Replicate" in name)


def _is_place_of(action: str, resource: str) -> bool:
    if not resource.startswith("arn:aws:s3:::"):
        return True
    return _is_object_action(action) == ("/" in resource)
