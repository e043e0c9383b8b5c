"""What a snapshot says of each provider: in whose name it was asked, where, and how."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

import msgspec

from mlsec.core.errors import MlsecError

PLACES, PRINCIPAL, SETTINGS = "places", "principal", "settings"
# Among the facts that differ between runs: how the processes that read files were confined.
SANDBOX, SANDBOX_MISSING = "sandbox", "sandbox_missing"
# Likewise: what distinguishes a target from another of its name; the target follows.
IDENTITY = "identity "
# And which commit was checked out; the target follows.
COMMIT = "commit "
# And the organisation whose scopes a fleet collected.
ORGANISATION = "organisation"
# And what a repository is called that is the target as a whole; the target follows.
REPOSITORY = "repository "
_NAMES = (PLACES, PRINCIPAL, SETTINGS)
T = TypeVar("T")


def key_of(provider: str, name: str) -> str:
    """Give the key under which the facts of a snapshot hold one of a provider's."""
    return f"{provider}.{name}"


def fact_of(meta: Mapping[str, str], provider: str, name: str) -> str:
    """Give one fact of a provider, "" for none.

    A snapshot from before several providers fitted into one has the facts of its only one bare.
    """
    fact = meta.get(key_of(provider, name), "")
    if fact or meta.get("provider") != provider:
        return fact
    return meta.get(name, "")


def decode_fact(text: str, kind: type[T], name: str) -> T:
    """Give a fact that is kept as JSON.

    Raises:
        MlsecError: it is not such a file, or has other content.
    """
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MlsecError(f'the snapshot is damaged: its "{name}" cannot be read: {error}') from None


def providers_of(meta: Mapping[str, str]) -> tuple[str, ...]:
    """Name the providers that left facts, sorted."""
    providers = {head for key in meta for head, _, name in [key.partition(".")] if name in _NAMES}
    return tuple(sorted(providers | ({meta["provider"]} if meta.get("provider") else set())))


def facts_of(meta: Mapping[str, str], name: str) -> Mapping[str, str]:
    """Give one fact of every provider that has it."""
    facts = {provider: fact_of(meta, provider, name) for provider in providers_of(meta)}
    return {provider: fact for provider, fact in facts.items() if fact}
