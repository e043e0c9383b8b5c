"""The tables of what is derived for Google Cloud, in the order in which it is filled in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.gcp_abilities import ABILITIES
from mlsec.graph.gcp_access import ACCESS
from mlsec.graph.gcp_accounts import ACCOUNT_RELATIONS, ACCOUNTS
from mlsec.graph.gcp_agents import GCP_AGENTS
from mlsec.graph.gcp_constraints import CONSTRAINTS
from mlsec.graph.gcp_doors import GCP_DOOR_RELATIONS, GCP_DOORS
from mlsec.graph.gcp_keys import GCP_KEYS
from mlsec.graph.gcp_stores import STORES
from mlsec.graph.gcp_surroundings import SURROUNDING_RELATIONS, SURROUNDINGS
from mlsec.graph.gcp_vertex import VERTEX_FACTS, VERTEX_RELATIONS
from mlsec.graph.values import Known, Targets, Unread

if TYPE_CHECKING:
    from mlsec.graph.index import Graph

GCP_FACTS: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    # Buckets ask the project whether an organisation policy prevents public access.
    **CONSTRAINTS,
    **GCP_KEYS,
    **ACCESS,
    **STORES,
    **ABILITIES,
    **SURROUNDINGS,
    **GCP_DOORS,
    **ACCOUNTS,
    **GCP_AGENTS,
    **VERTEX_FACTS,
}

GCP_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    # Accounts look for what runs as them.
    **VERTEX_RELATIONS,
    **ACCOUNT_RELATIONS,
    **GCP_DOOR_RELATIONS,
    **SURROUNDING_RELATIONS,
}
