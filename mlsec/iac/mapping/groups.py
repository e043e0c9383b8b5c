"""Groups that code puts things into: what is given to a group is given to its members."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.iac.mapping.declaration import (
    Called,
    Declaration,
    called,
    fill,
    known_words,
    text_of,
)
from mlsec.iac.mapping.owners import Owners
from mlsec.iac.mapping.path_lookup import PathLookup
from mlsec.vocabulary.iac_mapping import DeclaredType, Join

# Groups of groups, deeper than anybody nests them.
_DEEPEST = 8
Joining = tuple[Declaration, DeclaredType, PathLookup]


def call_members(joining: Iterable[Joining], owners: Owners) -> None:
    """Call the members of each group by its name too, those of groups in groups as well."""
    grouping = [
        (declaration, entry, join, digger)
        for declaration, entry, digger in joining
        for join in entry.joins
        if join.also
    ]
    for _ in range(_DEEPEST):
        are_new = [_call_members_of(*item, owners) for item in grouping]
        if not any(are_new):
            break


def called_by(
    declaration: Declaration, entry: DeclaredType, join: Join, digger: PathLookup
) -> Called:
    """Give what a declaration that is a part of others is called."""
    given, provider = declaration.given or declaration.address, join.to.partition(".")[0]
    body = declaration.body
    return called(entry, lambda path: digger.dig(body, path), given, provider, declaration.account)


def _call_members_of(
    declaration: Declaration, entry: DeclaredType, join: Join, digger: PathLookup, owners: Owners
) -> bool:
    """Say whether somebody got a name that they did not have."""
    body, is_new = declaration.body, False
    named = digger.dig(body, join.by)
    if named is None:
        return False
    words = known_words(called_by(declaration, entry, join, digger))
    name = fill(join.also, words, lambda path: digger.dig(body, path))
    members = named.value if isinstance(named.value, tuple) else (named,)
    for item in members if name else ():
        for owner in owners.named(declaration.applied, join.to, text_of(item)):
            is_new = owners.call(owner, declaration.applied, name) or is_new
    return is_new
