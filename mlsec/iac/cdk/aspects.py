"""Aspects that a CDK app defines itself: which of them only look at what they visit."""

from __future__ import annotations

from collections.abc import Iterable

from mlsec.iac.cdk.syntax.tree import Attribute, Call, Name, Source, Use
from mlsec.iac.mapping.path_lookup import fold

# They warn, read, or put texts together.
_METHODS = frozenset((
    "of", "addwarning", "addwarningv2", "addinfo", "addinfov2", "adderror", "addmetadata",
    "init", "dumps", "stringify", "format", "join", "includes", "startswith",
    "endswith", "tostring", "resolve", "isresolved", "isunresolved", "get", "items", "keys",
))  # fmt: skip
_FUNCTIONS = frozenset((
    "isinstance", "super", "len", "str", "print", "hasattr", "getattr", "any", "all", "Error",
))  # fmt: skip


def looking(sources: Iterable[Source]) -> frozenset[str]:
    """Name the classes of these files that visit constructs, and only look wherever so called."""
    looks: dict[str, bool] = {}
    for source in sources:
        names = {o.owner for o in source.objects if o.is_class and o.owner}
        visiting = {scope.owner for scope in source.visitors}
        for name in names:
            only = name in visiting and all(
                _only_looks(use) for use in source.uses if use.scope.owner == name
            )
            looks[name] = looks.get(name, True) and only
    return frozenset(name for name, only in looks.items() if only)


def _only_looks(use: Use) -> bool:
    if not isinstance(use.of, Call) or use.value is not None:
        return False
    callee = use.of.callee
    if isinstance(callee, Name):
        return callee.name in _FUNCTIONS
    return isinstance(callee, Attribute) and fold(callee.name) in _METHODS
