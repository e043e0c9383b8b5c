"""Whether a condition lets in tokens of an issuer that belong to somebody whom it does not name.

The search takes the claims that such a token may have: those that its holder chooses freely, and
those that say whose it is with any owner but the ones that the condition names.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Iterator, Mapping

import msgspec

from mlsec.core.enums import Truth
from mlsec.core.regex import regex
from mlsec.core.wildcard import matches
from mlsec.graph.ternary import NO, YES, Answer, unknown
from mlsec.graph.token_issuers import Issuer, Reach, issuer_of
from mlsec.providers.gcp.conditions.errors import NotUnderstoodError
from mlsec.providers.gcp.conditions.evaluation import MATCHES, Nothing, Open, Request
from mlsec.providers.gcp.conditions.representatives import FRESH, literals, texts
from mlsec.providers.gcp.conditions.syntax import (
    Attribute,
    Call,
    ListOf,
    Literal,
    Node,
    Operation,
    parse,
    walk,
)
from mlsec.providers.gcp.conditions.witness import Values, exists, leaves, reads

_CLAIMS = "assertion."
_TRUE = Literal(value=True)
# What of CEL the search tries in every way that makes a difference; extract has its own templates.
_DECIDED = ("startsWith", "endsWith", "contains", "extract", "lowerAscii", "upperAscii", "has")
_EXACT = ("==", "!=", "in")
# A name of somebody, where a text may hold anything; what may follow an owner in a claim.
_FILLERS = (FRESH, "anybody", f"{FRESH}/{FRESH}", "anybody/anything", "1")
_ENDS = ("", "/anything", ":anything", "/anything:anything")
# Patterns of which every text that they match looks like one of a few.
_PLAIN_PATTERN = regex(r"^\^?+(?:[\w/:@ -]|\\[./:@-]|\.[*+]|\[\^[/:]\][*+]|(?!))*+\$?+$")
_RUN = regex(r"\.[*+]|\[\^[/:]\][*+]")
# A part that only an apply knows, as a text that equals itself and nothing else.
_LATER = str.maketrans({"‹": "\ue001", "›": "\ue002"})


class TokenSource(msgspec.Struct, frozen=True, kw_only=True):
    """Where tokens come from: a provider of an identity pool, and what it makes of their claims.

    ``condition`` is "" for none. ``mapping`` gives the expression behind google.subject and the
    like, by name.
    """

    issuer: str
    condition: str = ""
    mapping: tuple[tuple[str, str], ...] = ()


def lets_in_other_owners(source: TokenSource, attribute: str = "", value: str = "") -> Answer:
    """Say whether somebody's token is accepted although the condition does not name its owner.

    With an ``attribute``, it also has to have this value there.
    """
    issuer = issuer_of(source.issuer)
    if issuer.reach is Reach.TENANT:
        return NO
    answer = _search(source, attribute, value)
    if answer == YES and issuer.reach is Reach.SIGN_UP:
        return unknown({f"?who gets a token of {source.issuer}"})
    return answer


@functools.lru_cache(maxsize=1024)
def _search(source: TokenSource, attribute: str, value: str) -> Answer:
    issuer, doubt = issuer_of(source.issuer), unknown({f"?the condition {source.condition}"})
    try:
        node = parse(source.condition) if source.condition else _TRUE
        if attribute:
            node = Operation("&&", (node, _holds(attribute, value)))
        mapping = {name: parse(text) for name, text in source.mapping}
        node = _plain(node, mapping)
    except NotUnderstoodError:
        return doubt
    clauses = tuple(leaves(node))
    witness = exists(node, _choices(node, clauses, issuer), {}, {})
    if isinstance(witness, Request):
        return doubt if any(map(_is_taken_apart, clauses)) else YES
    is_decided = witness is Truth.FALSE and all(_is_decided(clause) for clause in clauses)
    return NO if is_decided else doubt


def _holds(attribute: str, value: str) -> Node:
    if attribute == "google.groups":
        return Operation("in", (Literal(value), Attribute(attribute)))
    return Operation("==", (Attribute(attribute), Literal(value)))


def _plain(node: Node, mapping: Mapping[str, Node]) -> Node:
    """Write every claim as assertion.claim, whether it is mapped, indexed or plain."""

    def plain(below: Node) -> Node:
        return _plain(below, mapping)

    match node:
        case Operation(sign="[", operands=(Attribute(path="assertion"), Literal(value=str(name)))):
            return Attribute(_CLAIMS + name)
        case Operation(sign="[", operands=(Attribute(path="attribute"), Literal(value=str(name)))):
            return plain(Attribute(f"attribute.{name}"))
        case Operation(sign="in", operands=(Literal(value=str(name)), Attribute("assertion"))):
            return Call("has", (Attribute(_CLAIMS + name),))
        case Attribute(path=path) if path in mapping:
            return _plain(mapping[path], {})
        case Literal(value=str(text)):
            return Literal(text.translate(_LATER))
        case ListOf(items=items):
            return ListOf(tuple(map(plain, items)))
        case Operation(sign=sign, operands=operands):
            return Operation(sign, tuple(map(plain, operands)))
        case Call(name="matches", arguments=(pattern,), target=target) if target is not None:
            return Operation(MATCHES, (plain(target), plain(pattern)))
        case Call(name=name, arguments=arguments, target=target):
            of = plain(target) if target is not None else None
            return Call(name, tuple(map(plain, arguments)), of)
    return node


def _choices(node: Node, clauses: tuple[Node, ...], issuer: Issuer) -> list[Iterable[Values]]:
    named = _owners_named(node, issuer)
    choices: list[Iterable[Values]] = []
    for path in sorted(reads(node)):
        claim = path.removeprefix(_CLAIMS)
        about = Operation("&&", tuple(clause for clause in clauses if path in reads(clause)))
        if claim == path:
            continue
        if claim in issuer.owners:
            values = _owned(claim, about, issuer, named)
            choices.append([{path: value} for value in dict.fromkeys(values)])
        elif claim in issuer.chosen:
            choices.append([{path: value} for value in _chosen(about)])
        else:
            choices.append([{path: Open(path)}])
    return choices


def _chosen(about: Node) -> Iterator[object]:
    """Give the values of a claim that the holder chooses; it may also be left out."""
    yield from dict.fromkeys(_forms(_texts("", about)))
    yield from (*literals(about, int), True, False, Nothing())


def _owned(claim: str, about: Node, issuer: Issuer, named: frozenset[str]) -> Iterator[str]:
    """Give the values that a claim has in tokens of owners who are not named."""
    is_subject = claim == "sub"
    starts = {"", issuer.subject.partition("*")[0]} if is_subject else {""}
    for start in sorted(starts):
        for value in _forms(_texts(start, about)):
            owners = issuer.owners_named(claim, value)
            fits = matches(issuer.subject, value) if is_subject else bool(owners)
            if fits and owners.isdisjoint(named):
                yield value


def _texts(start: str, about: Node) -> Iterator[str]:
    yield start or FRESH
    yield from texts(start, about)
    for pattern in _patterns(about):
        if _PLAIN_PATTERN.match(pattern):
            for filler in (*_FILLERS, ""):
                yield _filled(pattern, filler)
                yield FRESH + _filled(pattern, filler)


def _forms(values: Iterable[str]) -> Iterator[str]:
    for value in values:
        for filler in _FILLERS if FRESH in value else ("",):
            for end in _ENDS:
                yield value.replace(FRESH, filler) + end


def _owners_named(node: Node, issuer: Issuer) -> frozenset[str]:
    """Give the owners that a condition names, in whatever claim."""
    constants = [*literals(node, str), *(_filled(pattern, "*") for pattern in _patterns(node))]
    owners = (issuer.owners_named(claim, text) for claim in issuer.owners for text in constants)
    return frozenset().union(*owners, {text.lower() for text in constants})


def _patterns(node: Node) -> Iterator[str]:
    for below in walk(node):
        match below:
            case Operation(sign=sign, operands=(_, Literal(value=str(pattern)))) if sign == MATCHES:
                yield pattern


def _filled(pattern: str, filler: str) -> str:
    text = _RUN.sub(filler.replace("\\", ""), pattern.removeprefix("^").removesuffix("$"))
    return text.replace("\\", "")


def _is_decided(clause: Node) -> bool:
    """Whether the values that are tried stand for all others, as far as a clause can tell."""
    if len(reads(clause)) > 1:
        return False
    for below in walk(clause):
        match below:
            case Operation(sign=sign) if sign not in (*_EXACT, MATCHES):
                return False
            case Call(name=name) if name not in _DECIDED:
                return False
            case Call(name="extract", arguments=arguments):
                if any(_has_later(argument) for argument in arguments):
                    return False
    patterns = tuple(_patterns(clause))
    return all(_PLAIN_PATTERN.match(p) and "\ue001" not in p for p in patterns)


def _has_later(node: Node) -> bool:
    return any("\ue001" in text for text in literals(node, str))


def _is_taken_apart(clause: Node) -> bool:
    """Whether a part that only an apply knows is compared otherwise than as a whole."""
    calls = [b for b in walk(clause) if isinstance(b, Call) or getattr(b, "sign", "") == MATCHES]
    return any(_has_later(call) for call in calls)
