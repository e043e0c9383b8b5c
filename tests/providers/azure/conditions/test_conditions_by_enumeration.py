"""Conditions against a second reading of the documentation that tries out every small request."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Mapping

import msgspec

from mlsec.core.enums import Truth
from mlsec.providers.azure.conditions.decide import Request, meets

READ = "microsoft.storage/storageaccounts/blobservices/containers/blobs/read"
WRITE = "microsoft.storage/storageaccounts/blobservices/containers/blobs/write"
BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"
NAME = "@Resource[Microsoft.Storage/storageAccounts/blobServices/containers:name]"
PATH = f"@Resource[{BLOBS}:path]"
PREFIX = f"@Request[{BLOBS}:prefix]"
WORDS = ("a", "b", "aa", "ab", "A", "ba")
# Requests of the reference: all texts that could matter to these words and patterns.
TEXTS = tuple("".join(t) for n in (1, 2, 3) for t in itertools.product("abABz", repeat=n))
PATTERNS = ("a*", "?", "*b", "ab", "*")
Rule = Callable[[Mapping[str, str | None]], bool]


class Drawn(msgspec.Struct, frozen=True):
    """A condition as text, and what it means for a request."""

    text: str
    holds: Rule


def like(text: str, pattern: str) -> bool:
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(like(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and like(text[1:], pattern[1:])


OPERATORS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": lambda one, other: one == other,
    "StringEqualsIgnoreCase": lambda one, other: one.lower() == other.lower(),
    "StringNotEquals": lambda one, other: one != other,
    "StringStartsWith": lambda one, other: one[: len(other)] == other,
    "StringNotStartsWith": lambda one, other: one[: len(other)] != other,
    "StringLike": like,
    "StringNotLike": lambda one, other: not like(one, other),
    "StringLikeIgnoreCase": lambda one, other: like(one.lower(), other.lower()),
}


def comparison(draw: random.Random) -> Drawn:
    key, attribute = draw.choice((("name", NAME), ("path", PATH), ("prefix", PREFIX)))
    operator = draw.choice(list(OPERATORS))
    words = PATTERNS if "Like" in operator else WORDS
    values = draw.sample(words, draw.choice((1, 1, 2)))
    compare = OPERATORS[operator]
    inner = draw.choice((any, all))
    quantifier = "ForAnyOfAnyValues" if inner is any else "ForAnyOfAllValues"
    listed = ", ".join(f"'{value}'" for value in values)

    def holds(request: Mapping[str, str | None]) -> bool:
        given = request[key]
        return given is not None and inner(compare(given, value) for value in values)

    return Drawn(f"{attribute} {quantifier}:{operator} {{{listed}}}", holds)


def condition(draw: random.Random, depth: int = 0) -> Drawn:
    kind = draw.choice(("compare", "compare", "not", "and", "or", "action", "exists"))
    if depth > 2 or kind == "compare":
        return comparison(draw)
    if kind == "action":
        pattern = draw.choice((f"{BLOBS}/read", f"{BLOBS}/write", f"{BLOBS}/*"))
        ends = {"read": (READ,), "write": (WRITE,), "*": (READ, WRITE)}[pattern.rpartition("/")[2]]
        return Drawn(f"ActionMatches{{'{pattern}'}}", lambda request: request["action"] in ends)
    if kind == "exists":
        return Drawn(f"Exists {PREFIX}", lambda request: request["prefix"] is not None)
    one = condition(draw, depth + 1)
    if kind == "not":
        return Drawn(f"!({one.text})", lambda request: not one.holds(request))
    other = condition(draw, depth + 1)
    if kind == "and":
        text = draw.choice(("({}) AND ({})", "({}) && ({})"))
        return Drawn(
            text.format(one.text, other.text),
            lambda request: one.holds(request) and other.holds(request),
        )
    text = draw.choice(("({}) OR ({})", "({}) || ({})"))
    return Drawn(
        text.format(one.text, other.text),
        lambda request: one.holds(request) or other.holds(request),
    )


def test_no_condition_is_refused_that_some_small_request_meets() -> None:
    draw = random.Random(20261129)  # noqa: S311 - drawn the same each time
    counts = {"agree": 0, "false calm": 0, "false alarm": 0, "unknown": 0}
    for _ in range(300):
        drawn = condition(draw)
        name, action = draw.choice(("a", "ab", "z")), draw.choice((READ, WRITE))
        requests = (
            {"name": name, "action": action, "path": path, "prefix": prefix}
            for path in TEXTS
            for prefix in (None, *TEXTS)
        )
        expected = any(drawn.holds(request) for request in requests)
        place = f"/subscriptions/s/x/storageaccounts/d/blobservices/default/containers/{name}"
        answer = meets(drawn.text, Request(action=action, place=place)).truth
        if answer is Truth.UNKNOWN:
            counts["unknown"] += 1
        elif (answer is Truth.TRUE) is expected:
            counts["agree"] += 1
        else:
            counts["false calm" if expected else "false alarm"] += 1
    assert (counts["false calm"], counts["false alarm"]) == (0, 0), counts
    assert counts["unknown"] == 0, counts
