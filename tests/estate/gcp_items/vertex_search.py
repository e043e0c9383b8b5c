"""Search data stores of the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import RECENT, Body, Fault, Kind, key_of, planted, with_, without
from tests.estate.gcp_world import Thing, Told


def _store(site: Site, path: str) -> Body:
    return {
        "name": path,
        "displayName": site.name,
        "createTime": RECENT,
        "contentConfig": "CONTENT_REQUIRED",
        "aclEnabled": True,
        "cmekConfig": {"kmsKey": key_of(site)["kmsKeyName"]},
    }


STORE = Kind(
    noun="collections/default_collection/dataStores",
    document="discoveryengine.v1",
    schema="GoogleCloudDiscoveryengineV1DataStore",
    place="eu",
    body=_store,
    faults=(
        Fault(
            rules=("vertex-search/data-store-without-source-permissions",),
            change=with_("aclEnabled", False),
        ),
        Fault(
            rules=("vertex-search/data-store-without-customer-key",), change=without("cmekConfig")
        ),
    ),
)
KINDS = (STORE,)
FAULTS: tuple[Planted, ...] = planted(KINDS)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
