"""Whom workload identity pools let in: tokens of which owners, by their providers' conditions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

import msgspec

from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, Answer, any_of, unknown
from mlsec.providers.gcp.conditions.tokens import TokenSource, lets_in_other_owners
from mlsec.providers.gcp.facts.grants import verdict

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

_PROVIDER = "gcp.iam.identity_provider"
_POOL = regex(r"/workloadIdentityPools/([^/]++)/providers/")
# What a member of a policy says of those it means, after the name of the pool.
_ATTRIBUTES = {"subject": "google.subject", "group": "google.groups"}


class Pools(msgspec.Struct, frozen=True, kw_only=True):
    """The providers of a project's pools, by pool; ``gaps`` say why there may be more.

    A pool whose provider is not read in full has None among its own.
    """

    sources: Mapping[str, tuple[TokenSource | None, ...]] = msgspec.field(default_factory=dict)
    gaps: tuple[str, ...] = ()

    def lets_in(self, pool: str, whom: str) -> Answer:
        """Say whether a member of a pool, as a policy names it, can be somebody outside."""
        hidden = unknown(self.gaps) if self.gaps and pool not in self.sources else NO
        ways = [_lets_in(source, whom) for source in self.sources.get(pool, ())]
        return any_of((*ways, hidden))


def pools_of(scope: str, graph: Graph) -> Pools:
    """Collect the pools of a project."""
    sources: dict[str, tuple[TokenSource | None, ...]] = {}
    for provider in graph.of_type_in(_PROVIDER, scope):
        match = _POOL.search(provider.identity)
        if provider.is_stub or match is None:
            continue
        if property_value(provider, "disabled") == Known(value=True):
            continue
        source = _source_of(provider)
        known = source if isinstance(source, TokenSource) else None
        pool = match.group(1)
        sources[pool] = (*sources.get(pool, ()), known)
    return Pools(sources=sources, gaps=tuple(graph.incomplete(_PROVIDER, scope, "")))


def admits_other_owners(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a provider accepts tokens of somebody whom its condition does not name."""
    source = _source_of(resource)
    if isinstance(source, Unknown):
        return source
    return verdict(lets_in_other_owners(source), resource, graph)


def _source_of(provider: Resource) -> TokenSource | Unknown:
    facts = [property_value(provider, name) for name in ("issuer", "condition", "mapping")]
    unread = [fact for fact in facts if isinstance(fact, Unknown)]
    if unread:
        return Unknown(tuple(sorted({gap for fact in unread for gap in fact.gaps})))
    issuer, condition, mapping = (fact.value for fact in facts if isinstance(fact, Known))
    return TokenSource(
        issuer=str(issuer or ""),
        condition=str(condition or ""),
        mapping=tuple(sorted((str(k), str(v)) for k, v in (mapping or {}).items())),
    )


def _lets_in(source: TokenSource | None, whom: str) -> Answer:
    if source is None:
        return unknown({"?a provider of the identity pool that was not read"})
    if not source.issuer:
        return NO  # accounts of AWS, SAML and certificates: each of one customer, who is named
    if whom == "*":
        return lets_in_other_owners(source)
    kind, _, value = whom.partition("/")
    attribute = _ATTRIBUTES.get(kind, kind)
    return lets_in_other_owners(source, attribute, value)


FEDERATION: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "gcp_federation.admits_other_owners": admits_other_owners,
}
