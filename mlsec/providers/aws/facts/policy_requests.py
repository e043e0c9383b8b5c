"""Which requests are worth asking a resource's policy: one for each way in which it speaks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mlsec.providers.aws.policy.keys import is_global, service_key
from mlsec.providers.aws.policy.patterns import example_of
from mlsec.providers.aws.policy.statement import Statement


def requests_of(
    statements: Sequence[Statement], asked: Iterable[tuple[str, str]]
) -> list[tuple[str, str]]:
    """Give requests, as (action, resource), that stand for all that are asked about.

    An action may be a pattern: then it stands for each action that the statements, or the condition
    keys that they use, treat differently. A resource may be a pattern too, and stays one.
    """
    keys = {c.key for s in statements for c in s.conditions if not is_global(c.key)}
    by_key = [known.actions for known in map(service_key, sorted(keys)) if known is not None]
    named = {a for s in statements for a in (*s.actions, *s.not_actions) if "*" not in a}
    requests: dict[tuple[object, ...], tuple[str, str]] = {}
    for pattern, resource in asked:
        for action in _actions(pattern, named, by_key):
            spoken = tuple(s.covers_action(action) for s in statements)
            if not any(said and s.is_allow for said, s in zip(spoken, statements, strict=True)):
                continue
            kind = (resource, spoken, tuple(action in actions for actions in by_key))
            requests.setdefault(kind, (action, resource))
    return list(requests.values())


def _actions(pattern: str, named: set[str], by_key: Sequence[frozenset[str]]) -> list[str]:
    if "*" not in pattern and "?" not in pattern:
        return [pattern]
    distinguished = sorted(named.union(*by_key))
    inside = Statement(is_allow=True, actions=(pattern,))
    return [example_of(pattern), *(a for a in distinguished if inside.covers_action(a))]
