"""Where a property's value comes from: calls and the rights they need, files, code."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import msgspec

from docs.site.code_paths import KINDS, code_paths
from docs.site.markup import code, text
from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.aws.collect.reader import plans as aws_plans
from mlsec.providers.azure.collect.reader import plans as azure_plans
from mlsec.providers.gcp.tables import plans as gcp_plans
from mlsec.vocabulary.types import Property, Type, Vocabulary

_PLANS = {"aws": aws_plans, "azure": azure_plans, "gcp": gcp_plans}
_TITLES = {"aws": "AWS API", "azure": "Azure API", "gcp": "Google Cloud API"}


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One place a value is read from, as Markdown; ``right`` is what the scan's identity needs."""

    title: str
    place: str
    right: str = ""


def sources_of(vocabulary: Vocabulary, owner: Type, wanted: Property) -> Iterator[Source]:
    """Yield where a property of a type is read from."""
    if wanted.derived:
        reads = ", ".join(code(name) for name in wanted.reads)
        yield Source(title="Computed", place=f"from {reads}" if reads else "from the graph")
        return
    provider = owner.name.partition(".")[0]
    for source in wanted.sources.get("api", ()):
        yield _api(provider, owner, source)
    for source in wanted.sources.get("file", ()):
        what, _, path = source.partition(":")
        yield Source(title="File", place=code(what) + (f": {code(path)}" if path else ""))
    yield from _code_sources(vocabulary, owner, wanted)
    if wanted.is_constant:
        yield Source(title="Constant", place=f"always {code(shown_value(wanted.absent))}")


def _api(provider: str, owner: Type, source: str) -> Source:
    name, _, path = source.partition(":")
    operation = operations_by_type(provider).get(owner.name, {}).get(name.rpartition("parent.")[2])
    place = code(operation.label if operation else name) + (f": {code(path)}" if path else "")
    title = _TITLES.get(provider, "API")
    return Source(title=title, place=place, right=operation.right if operation else "")


def _code_sources(vocabulary: Vocabulary, owner: Type, wanted: Property) -> Iterator[Source]:
    for path in code_paths(vocabulary, owner, wanted):
        place = code(path.declared)
        if path.argument:
            place += f": {code(path.argument)}"
        elif path.why:
            place += f": not readable ({text(path.why)})"
        yield Source(title=KINDS[path.kind], place=place)


@functools.cache
def operations_by_type(provider: str) -> Mapping[str, Mapping[str, Operation]]:
    """Give the read operations of each type of a provider, by name; a child has its parent's."""
    plans = _PLANS[provider]() if provider in _PLANS else ()
    own: dict[str, dict[str, Operation]] = {}
    for plan in plans:
        own.setdefault(plan.type, {}).update(_operations(plan))
    parents = {plan.type: plan.parent for plan in plans if plan.parent}
    by_type = {}
    for name, operations in own.items():
        joined = dict(operations)
        above = parents.get(name, "")
        while above:
            joined = {**own.get(above, {}), **joined}
            above = parents.get(above, "")
        by_type[name] = joined
    return by_type


def _operations(plan: TypePlan) -> dict[str, Operation]:
    several = (*((plan.listing,) if plan.listing else ()), *plan.reads)
    return {operation.name: operation for operation in several}


def shown_value(value: object) -> str:
    """Give a value as YAML writes it."""
    return msgspec.json.encode(value).decode()
