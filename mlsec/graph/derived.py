"""The tables of derived facts; a function may read what stands above it in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from mlsec.core.resource import Resource
from mlsec.graph.agents import AGENT_RELATIONS, AGENTS
from mlsec.graph.approvals import APPROVALS
from mlsec.graph.azure_ai import AZURE_AI, AZURE_AI_RELATIONS
from mlsec.graph.azure_doors import AZURE_DOOR_RELATIONS, AZURE_DOORS
from mlsec.graph.azure_identities import AZURE_IDENTITIES
from mlsec.graph.azure_keys import AZURE_KEYS
from mlsec.graph.azure_ml import AZURE_ML, AZURE_ML_RELATIONS
from mlsec.graph.azure_network import AZURE_NETWORK
from mlsec.graph.azure_permissions import AZURE_PERMISSIONS
from mlsec.graph.azure_registries import AZURE_REGISTRIES
from mlsec.graph.azure_storage import AZURE_STORAGE, AZURE_STORAGE_RELATIONS
from mlsec.graph.exposure import EXPOSURE, EXPOSURE_RELATIONS
from mlsec.graph.file_stores import FILE_RELATIONS
from mlsec.graph.gcp_derived import GCP_FACTS, GCP_RELATIONS
from mlsec.graph.guardrails import GUARDRAIL_RELATIONS, GUARDRAILS
from mlsec.graph.keys import KEYS
from mlsec.graph.knowledge import KNOWLEDGE, KNOWLEDGE_RELATIONS
from mlsec.graph.kube_derived import KUBE_FACTS, KUBE_RELATIONS
from mlsec.graph.outsiders import POLICIES
from mlsec.graph.ownership import OWNERSHIP
from mlsec.graph.permissions_abilities import PERMISSIONS
from mlsec.graph.permissions_trust import TRUST
from mlsec.graph.repositories import REPOSITORIES
from mlsec.graph.search_policies import SEARCH, SEARCH_RELATIONS
from mlsec.graph.values import Known, Targets, Unread
from mlsec.graph.writers import BUCKETS, bucket_writers

if TYPE_CHECKING:
    from mlsec.graph.index import Graph

DERIVED: Mapping[str, Callable[[Resource, Graph], Known | Unread]] = {
    # Names of keys first: relations to keys go by them.
    **KEYS,
    **AZURE_AI,
    **AZURE_ML,
    **POLICIES,
    **REPOSITORIES,
    **BUCKETS,
    **OWNERSHIP,
    **TRUST,
    **PERMISSIONS,
    **EXPOSURE,
    **SEARCH,
    **GUARDRAILS,
    **AGENTS,
    **APPROVALS,
    **KNOWLEDGE,
    **AZURE_NETWORK,
    **AZURE_PERMISSIONS,
    **AZURE_IDENTITIES,
    **AZURE_KEYS,
    **AZURE_STORAGE,
    **AZURE_REGISTRIES,
    **AZURE_DOORS,
    **GCP_FACTS,
    **KUBE_FACTS,
}

DERIVED_RELATIONS: Mapping[str, Callable[[Resource, Graph], Targets]] = {
    "permissions.bucket_writers": bucket_writers,
    **FILE_RELATIONS,
    **GUARDRAIL_RELATIONS,
    **AGENT_RELATIONS,
    **KNOWLEDGE_RELATIONS,
    **SEARCH_RELATIONS,
    **EXPOSURE_RELATIONS,
    **AZURE_AI_RELATIONS,
    **AZURE_ML_RELATIONS,
    **AZURE_STORAGE_RELATIONS,
    **AZURE_DOOR_RELATIONS,
    **GCP_RELATIONS,
    **KUBE_RELATIONS,
}
