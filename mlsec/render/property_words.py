"""The names of properties as words: ``has_external_writers`` is ``has external writers``."""

from __future__ import annotations

import functools

from mlsec.core.regex import regex
from mlsec.render.display import shown

_INDEX = regex(r"\[(\d+)\]")
_ACRONYMS = frozenset((
    "acl", "ai", "api", "arn", "aws", "bom", "ca", "cidr", "cors", "cpu", "csp", "dns", "ebs",
    "ecr", "eks", "gpu", "hsts", "http", "https", "iam", "id", "imds", "ip", "ipc", "jwt",
    "kms", "llm", "ml", "mmds", "nsg", "oidc", "os", "pid", "pii", "rbac", "s3", "saml", "sas",
    "sftp", "sid", "sms", "sns", "sql", "sqs", "ssh", "ssl", "ssm", "sso", "tls", "ttl", "uri",
    "url", "vms", "vpc", "vpn", "vtpm", "waf", "xsrf",
))  # fmt: skip
_WRITTEN = {
    "mtls": "mTLS",
    "acls": "ACLs",
    "ids": "IDs",
    "ips": "IPs",
    "urls": "URLs",
    "apis": "APIs",
}
# What somebody named in a list may do with the resource.
_ABILITIES = {
    "writers": "can write to {}",
    "readers": "can read {}",
    "pushers": "can push to {}",
    "users": "can use {}",
    "impersonators": "can act as {}",
    "admins": "can administer {}",
    "members": "can read {}, or change who may",
    "accounts": "can use {}",
}
# A verb in the third person with its plain form; anything else in -s is a noun.
_PLAIN_VERBS = (
    "accepts", "activates", "admits", "allows", "asks", "assigns", "blocks", "brings", "calls",
    "changes", "checks", "counts", "covers", "creates", "differs", "disaggregates", "emits",
    "enables", "encrypts", "enforces", "excludes", "exports", "exposes", "fails", "forbids",
    "forwards", "gets", "holds", "includes", "installs", "interpolates", "keeps", "lacks",
    "limits", "lists", "logs", "mounts", "names", "needs", "omits", "permits", "prevents",
    "protects", "reads", "records", "redirects", "refuses", "registers", "requires", "resets",
    "restricts", "rolls", "rotates", "runs", "sends", "serves", "shares", "starts", "stops",
    "traces", "transfers", "trusts", "uses", "validates", "warns", "writes",
)  # fmt: skip
_VERBS = {verb: verb[:-1] for verb in _PLAIN_VERBS} | {
    "denies": "deny", "verifies": "verify", "reaches": "reach", "watches": "watch", "fetches":
    "fetch", "matches": "match", "passes": "pass",
}  # fmt: skip
# Where a verb stands after a noun and can be no noun itself.
_CLEAR_VERBS = frozenset(("lacks", "allows", "matches", "refuses", "accepts"))
_ADVERBS = frozenset(("auto", "only", "always"))
# What a concept sorts its properties under says nothing of one.
_FACETS = frozenset(("access", "supply", "exposure", "resilience", "governance", "data"))
_UNITS = {
    "s": "seconds", "seconds": "seconds", "minutes": "minutes", "hours": "hours", "days": "days",
    "bytes": "bytes", "mb": "MB", "gb": "GB", "percent": "percent",
}  # fmt: skip
_LONG_NAME = 4
_STATES = {"on": ("on", "off"), "off": ("off", "on"), "open": ("open", "closed")}
_ADJECTIVES = frozenset((
    "anonymous", "available", "aware", "current", "external", "immutable", "internal",
    "missing", "permitted", "private", "privileged", "public", "reachable", "shielded",
    "usable", "whole", "wide",
))  # fmt: skip


@functools.cache
def name_words(path: str) -> str:
    """Give the words of the last name of a path, without its unit; "" for an item as a whole."""
    words = _without_facet(_words(_last(path)))
    return " ".join(words[:-1] if len(words) > 1 and words[-1] in _UNITS else words)


@functools.cache
def unit_of(path: str) -> str:
    """Give the unit that a name ends with, "" for none."""
    words = _words(_last(path))
    return _UNITS.get(words[-1], "") if len(words) > 1 else ""


def item_words(path: str) -> str:
    """Name the item of a list that a path leads into, counted from 1; "" for none."""
    parts = []
    for piece in path.split("."):
        name, _, rest = piece.partition("[")
        index = _INDEX.fullmatch(f"[{rest}") if rest else None
        if index is not None:
            parts.append(f"{' '.join(_words(_singular(name)))} {int(index[1]) + 1:,}")
    return " of ".join(reversed(parts))


def is_list_of(words: str) -> bool:
    """Whether the words speak of several."""
    last = words.rpartition(" ")[2]
    return last.endswith("s") and not last.endswith(("ss", "us", "is", "DNS", "TLS", "OS"))


@functools.cache
def ability(path: str) -> str:
    """Say what those may do that a property ``has_external_writers`` speaks of, to ``{}``."""
    last = _words(_last(path))[-1]
    return _ABILITIES.get(last, f"can act on {{}} as {last}")


@functools.cache
def doing(path: str, *, is_true: bool) -> tuple[str, str]:
    """Say what a yes or no means: a part of the resource, "" for itself, and what it is or does."""
    words = _without_facet(_words(_last(path)))
    for position, word in enumerate(words[:-1]):
        if word in ("is", "has", "can", "may"):
            rest = " ".join(words[position + 1 :])
            return " ".join(words[:position]), _auxiliary(word, rest, is_true=is_true)
    return _verb(words, is_true=is_true) or _state(words, is_true=is_true)


def _auxiliary(word: str, rest: str, *, is_true: bool) -> str:
    if is_true:
        return f"{word} {rest}"
    return {
        "is": f"is not {rest}",
        "has": f"has no {rest}",
        "can": f"cannot {rest}",
        "may": f"may not {rest}",
    }[word]


def _verb(words: list[str], *, is_true: bool) -> tuple[str, str] | None:
    """Read a name that is a verb with its object, perhaps after an adverb or a noun."""
    first = words[0]
    if first == "no":
        return "", f"has {'no ' if is_true else ''}{' '.join(words[1:])}"
    if first == "any":
        return "", f"{'accepts' if is_true else 'does not accept'} {' '.join(words)}"
    if first == "in" or (first.endswith("ed") and len(words) > 1):
        return "", f"is {'' if is_true else 'not '}{' '.join(words)}"
    for position, word in enumerate(words[:2]):
        is_leading = not position or first in _ADVERBS
        if word in _VERBS and (is_leading or word in _CLEAR_VERBS):
            adverb = f"{first} " if position and is_leading else ""
            verb = word if is_true else f"does not {adverb}{_VERBS[word]}"
            shown_adverb = adverb if is_true else ""
            part = "" if is_leading else first
            return part, f"{shown_adverb}{verb} {' '.join(words[position + 1 :])}".strip()
    return None


def _state(words: list[str], *, is_true: bool) -> tuple[str, str]:
    """Say of a switch that it is on, and of what something is that it is so."""
    last, before = words[-1], " ".join(words[:-1])
    be = "are" if is_list_of(before) else "is"
    if before and last in _STATES:
        return before, f"{be} {_STATES[last][not is_true]}"
    if last.endswith("ed") or last in _ADJECTIVES:
        return before, f"{be if before else 'is'} {'' if is_true else 'not '}{last}"
    if is_list_of(last) and len(words) < _LONG_NAME:
        return "", f"has {'' if is_true else 'no '}{' '.join(words)}"
    return " ".join(words), "is on" if is_true else "is off"


def _without_facet(words: list[str]) -> list[str]:
    return words[1:] if len(words) > 1 and words[0] in _FACETS else words


def _last(path: str) -> str:
    """Give the part of a path after the last item of a list; an item alone is its own value."""
    return path.rpartition("]")[2].lstrip(".") if "[" in path else path


def _words(name: str) -> list[str]:
    return [_written(word) for word in shown(name, 120).replace(".", "_").split("_") if word]


def _written(word: str) -> str:
    if word in _ACRONYMS:
        return word.upper()
    return _WRITTEN.get(word, word)


def _singular(name: str) -> str:
    if name.endswith("policy"):
        return f"{name}_statement"
    if name.endswith("ies"):
        return f"{name[:-3]}y"
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def is_yes_or_no(path: str) -> bool:
    """Whether the name itself says that it is one."""
    return not {"is", "has", "can", "may"}.isdisjoint(_words(_last(path))[:-1])
