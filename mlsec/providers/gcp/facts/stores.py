"""Who from outside reads and writes buckets and datasets: policies, access lists, prevention.

Access lists of single objects are not read; where uniform access is on they have no effect, and
where it is off they may let anybody read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.flags import flag
from mlsec.graph.ternary import NO, YES, Answer, all_of, any_of, not_, unknown
from mlsec.providers.gcp.facts.external_principals import (
    ExternalPrincipals,
    Fact,
    facts_about,
    let_in_here,
)
from mlsec.providers.gcp.facts.grants import verdict
from mlsec.providers.gcp.facts.members import home_of, is_external, is_open_member

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# Whoever may change who may write, may write.
_WRITES = (
    "storage.objects.create", "storage.objects.delete", "storage.objects.setIamPolicy",
    "storage.buckets.setIamPolicy",
    "bigquery.tables.updateData", "bigquery.tables.delete", "bigquery.datasets.setIamPolicy",
    "bigquery.datasets.update",
)  # fmt: skip
_READS = ("storage.objects.get", "storage.objects.list", "bigquery.tables.getData")
_ACL_WRITERS = ("WRITER", "OWNER")
_WORLD = ("0.0.0.0/0", "::/0")
_ACL_KINDS = ("user", "group", "domain")


def blocks_public_access(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether the bucket or an organisation policy prevents public access."""
    return verdict(_prevented(resource, graph), resource, graph)


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody may read or write."""
    sides = (_readers(resource, graph), _writers(resource, graph))
    return verdict(any_of(side.everybody for side in sides), resource, graph)


def _writers(resource: Resource, graph: Graph) -> ExternalPrincipals:
    return _of_store(resource, graph, _WRITES, (("acl", _ACL_WRITERS),))


def _readers(resource: Resource, graph: Graph) -> ExternalPrincipals:
    acls = (("acl", ("READER", *_ACL_WRITERS)), ("default_acl", ("READER", "OWNER")))
    return _of_store(resource, graph, _READS, acls)


def _of_store(
    resource: Resource,
    graph: Graph,
    permissions: tuple[str, ...],
    acls: tuple[tuple[str, tuple[str, ...]], ...],
) -> ExternalPrincipals:
    by_policy = let_in_here(resource, permissions, graph)
    if "acl" not in graph.vocabulary.types[resource.type].properties:
        return by_policy
    listed = [_listed(resource, name, roles, graph) for name, roles in acls]
    listed += [_of_objects(resource)] if permissions == _READS else []
    named = dict(by_policy.named)
    for side in listed:
        for member, answer in side.named.items():
            named[member] = any_of((answer, named.get(member, NO)))
    everybody = any_of((by_policy.everybody, *(side.everybody for side in listed)))
    closed = any_of((_prevented(resource, graph), _filtered(resource)))
    return ExternalPrincipals(
        everybody=all_of((everybody, not_(closed))),
        named=named,
        hidden=any_of((by_policy.hidden, *(side.hidden for side in listed))),
    )


def _listed(
    resource: Resource, name: str, roles: tuple[str, ...], graph: Graph
) -> ExternalPrincipals:
    """Read an access list as grants: what it says counts only where uniform access is off."""
    if property_value(resource, "uniform_access") == Known(value=True):
        return ExternalPrincipals()
    fact = property_value(resource, name)
    if isinstance(fact, Unknown):
        return ExternalPrincipals(hidden=unknown(fact.gaps), everybody=unknown(fact.gaps))
    if name == "acl" and not fact.value and not resource.stands_in_code:
        # The project's owners are always on the list: an empty one was not shown.
        return ExternalPrincipals(hidden=unknown({f"?the access list of {resource.name}"}))
    home = home_of(resource, graph)
    grants = [grant for grant in fact.value or () if grant.get("role") in roles]
    members = [member for grant in grants for member in _as_member(str(grant.get("entity")))]
    named = {
        member: answer
        for member in members
        if not is_open_member(member) and (answer := is_external(member, home)) != NO
    }
    return ExternalPrincipals(
        everybody=YES if any(is_open_member(member) for member in members) else NO, named=named
    )


def _of_objects(resource: Resource) -> ExternalPrincipals:
    """Admit that any object may have a list of its own, where lists count: none of them is read.

    Code is judged by the lists that it makes, which stand beside those of new objects.
    """
    is_uniform = property_value(resource, "uniform_access") == Known(value=True)
    if is_uniform or resource.stands_in_code:
        return ExternalPrincipals()
    doubt = unknown({f"?the access lists of the objects in {resource.name}"})
    return ExternalPrincipals(hidden=doubt, everybody=doubt)


def _as_member(entity: str) -> Iterator[str]:
    """Write an entity of an access list as policies do; the project's own teams are inside."""
    if is_open_member(entity):
        yield entity
        return
    kind, _, name = entity.partition("-")
    if kind in _ACL_KINDS and name:
        is_account = kind == "user" and name.endswith("gserviceaccount.com")
        yield f"{'serviceAccount' if is_account else kind}:{name}"


def _prevented(resource: Resource, graph: Graph) -> Answer:
    """Say whether public access is prevented, for the bucket or for its whole project.

    Code is judged by what it says, as buckets of AWS are.
    """
    own = property_value(resource, "public_access_prevention")
    if own == Known("enforced"):
        return YES
    projects = graph.targets(resource, "project")
    above = [flag(project, "prevents_public_access") for project in projects.resources]
    is_hidden = bool(projects.gaps) and not resource.stands_in_code
    hidden = [unknown(projects.gaps)] if is_hidden else []
    mine = [unknown(own.gaps)] if isinstance(own, Unknown) else []
    return any_of([*above, *hidden, *mine])


def _filtered(resource: Resource) -> Answer:
    """Say whether an address filter keeps the internet out."""
    mode, ranges = property_value(resource, "ip_filter"), property_value(resource, "ip_ranges")
    if isinstance(mode, Unknown):
        return unknown(mode.gaps)
    if mode.value != "Enabled":
        return NO
    if isinstance(ranges, Unknown):
        return unknown(ranges.gaps)
    return NO if any(range_ in _WORLD for range_ in ranges.value or ()) else YES


_READING, _WRITING = facts_about(_readers), facts_about(_writers)

STORES: Mapping[str, Fact] = {
    "gcp_access.blocks_public_access": blocks_public_access,
    "gcp_access.is_public": is_public,
    "gcp_access.is_public_read": _READING[2],
    "gcp_access.is_public_write": _WRITING[2],
    "gcp_access.external_readers": _READING[0],
    "gcp_access.has_external_readers": _READING[1],
    "gcp_access.external_writers": _WRITING[0],
    "gcp_access.has_external_writers": _WRITING[1],
}
