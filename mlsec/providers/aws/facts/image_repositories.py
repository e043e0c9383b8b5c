"""Facts about image repositories: who may push from outside, and whether pushes are scanned."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.core.resource import Resource
from mlsec.core.wildcard import matches_stars
from mlsec.graph.fact import Known, Unknown, property_value
from mlsec.graph.ternary import NO, YES, Answer, any_of, unknown
from mlsec.graph.verdicts import verdict
from mlsec.providers.aws.facts.external_principals import ExternalPrincipals, let_in
from mlsec.providers.aws.facts.resource_policy import AccessKind, policy_of

if TYPE_CHECKING:
    from mlsec.graph.graph import Graph

# What pushes or takes images away, or says who may.
_PUSHES = tuple(
    AccessKind(action=f"ecr:{verb}")
    for verb in (
        "putimage", "batchdeleteimage", "deleterepository", "putlifecyclepolicy",
        "putimagetagmutability", "replicateimage", "batchimportupstreamimage",
        "setrepositorypolicy", "deleterepositorypolicy",
    )
)  # fmt: skip
_PULLS = (AccessKind(action="ecr:batchgetimage"), AccessKind(action="ecr:getdownloadurlforlayer"))
_SCANNING = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


def is_public(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether everybody may pull or push."""
    principals = _external_principals(resource, graph, (*_PULLS, *_PUSHES))
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.everybody, resource, graph)
    )


def has_external_pushers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether anybody outside the account may push, delete or change who may."""
    principals = _external_principals(resource, graph, _PUSHES)
    return (
        principals
        if isinstance(principals, Unknown)
        else verdict(principals.is_some, resource, graph)
    )


def external_pushers(resource: Resource, graph: Graph) -> Known | Unknown:
    """Name the principals of other accounts that may push, ``*`` for everybody, in order."""
    principals = _external_principals(resource, graph, _PUSHES)
    if isinstance(principals, Unknown):
        return principals
    names = principals.names
    return verdict(names, resource, graph) if isinstance(names, Answer) else Known(sorted(names))


def is_scanned(resource: Resource, graph: Graph) -> Known | Unknown:
    """Whether a pushed image is scanned: the repository says so, or a filter of its registry."""
    regions = graph.targets(resource, "region")
    hidden = [] if regions.resources else [unknown(regions.gaps)]
    by_registry = [_is_scanned_by(region, resource.name) for region in regions.resources]
    return verdict(any_of([_own_setting(resource), *by_registry, *hidden]), resource, graph)


def _own_setting(resource: Resource) -> Answer:
    match property_value(resource, "scan_on_push"):
        case Known(value=value):
            return YES if value else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _is_scanned_by(region: Resource, name: str) -> Answer:
    match property_value(region, "ecr_scanning.rules"):
        case Known(value=rules):
            return YES if any(_names(rule, name) for rule in rules or ()) else NO
        case Unknown(gaps=gaps):
            return unknown(gaps)


def _names(rule: Any, name: str) -> bool:
    """A filter without a wildcard means every repository whose name holds it."""
    if rule.get("frequency") not in _SCANNING:
        return False
    filters = rule.get("filters") or ()
    return any(matches_stars(f if "*" in f else f"*{f}*", name) for f in filters)


def _external_principals(
    resource: Resource, graph: Graph, accesses: tuple[AccessKind, ...]
) -> ExternalPrincipals | Unknown:
    policy = policy_of(resource, graph)
    return policy if isinstance(policy, Unknown) else let_in(policy, accesses, is_signed=True)


REPOSITORIES: Mapping[str, Callable[[Resource, Graph], Known | Unknown]] = {
    "repositories.is_public": is_public,
    "repositories.has_external_pushers": has_external_pushers,
    "repositories.external_pushers": external_pushers,
    "repositories.is_scanned": is_scanned,
}
