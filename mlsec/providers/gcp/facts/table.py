"""The tables of what is derived for Google Cloud, in the order in which it is filled in."""

from __future__ import annotations

from mlsec.graph.build import Facts
from mlsec.providers.gcp.facts.abilities import ABILITIES
from mlsec.providers.gcp.facts.agents import GCP_AGENTS
from mlsec.providers.gcp.facts.entry_points import GCP_DOOR_RELATIONS, GCP_DOORS
from mlsec.providers.gcp.facts.external_access import ACCESS
from mlsec.providers.gcp.facts.identity_pools import FEDERATION
from mlsec.providers.gcp.facts.keys import GCP_KEYS
from mlsec.providers.gcp.facts.organisation_policies import CONSTRAINTS
from mlsec.providers.gcp.facts.project_context import SURROUNDING_RELATIONS, SURROUNDINGS
from mlsec.providers.gcp.facts.service_accounts import ACCOUNT_RELATIONS, ACCOUNTS
from mlsec.providers.gcp.facts.stores import STORES
from mlsec.providers.gcp.facts.vertex import VERTEX_FACTS, VERTEX_RELATIONS

FACTS = Facts(
    properties={
        # Buckets ask the project whether an organisation policy prevents public access.
        **CONSTRAINTS,
        **GCP_KEYS,
        **ACCESS,
        **FEDERATION,
        **STORES,
        **ABILITIES,
        **SURROUNDINGS,
        **GCP_DOORS,
        **ACCOUNTS,
        **GCP_AGENTS,
        **VERTEX_FACTS,
    },
    relations={
        # Accounts look for what runs as them.
        **VERTEX_RELATIONS,
        **ACCOUNT_RELATIONS,
        **GCP_DOOR_RELATIONS,
        **SURROUNDING_RELATIONS,
    },
)
