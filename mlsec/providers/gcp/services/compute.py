"""Which calls read networks: each list once, for all regions."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

_PROJECT = "compute/v1/projects/{project}"


def _list(path: str, aggregated: str = "") -> Route:
    return Route(
        path=f"{_PROJECT}/{path}", page_size=500, size_name="maxResults", aggregated=aggregated
    )


ROUTES: Mapping[str, Route] = {
    "compute:ListNetworks": _list("global/networks"),
    "compute:ListSubnetworks": _list("aggregated/subnetworks", "subnetworks"),
    "compute:ListFirewalls": _list("global/firewalls"),
    "compute:ListServiceAttachments": _list("aggregated/serviceAttachments", "serviceAttachments"),
}


def _plan(kind: str, name: str, noun: str) -> TypePlan:
    return TypePlan(
        type=f"gcp.compute.{kind}",
        listing=Operation(
            service="compute",
            name=name,
            action=f"compute.{noun}.list",
            items="items",
            is_global=True,
        ),
        region="$.~region",
        is_referred=True,
    )


PLANS: tuple[TypePlan, ...] = (
    _plan("network", "ListNetworks", "networks"),
    _plan("subnetwork", "ListSubnetworks", "subnetworks"),
    _plan("firewall", "ListFirewalls", "firewalls"),
    _plan("service_attachment", "ListServiceAttachments", "serviceAttachments"),
)
