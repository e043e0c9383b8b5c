"""The derived facts of Azure, in dependency order."""

from __future__ import annotations

from mlsec.graph.build import Facts
from mlsec.providers.azure.facts.ai_services import AZURE_AI, AZURE_AI_RELATIONS
from mlsec.providers.azure.facts.entry_points import AZURE_ENTRY_POINT_RELATIONS, AZURE_ENTRY_POINTS
from mlsec.providers.azure.facts.escalation import AZURE_ESCALATION
from mlsec.providers.azure.facts.identities import AZURE_IDENTITIES
from mlsec.providers.azure.facts.keys import AZURE_KEYS
from mlsec.providers.azure.facts.machine_learning import AZURE_ML, AZURE_ML_RELATIONS
from mlsec.providers.azure.facts.networks import AZURE_NETWORK
from mlsec.providers.azure.facts.permissions import AZURE_PERMISSIONS
from mlsec.providers.azure.facts.registries import AZURE_REGISTRIES
from mlsec.providers.azure.facts.storage import AZURE_STORAGE, AZURE_STORAGE_RELATIONS

FACTS = Facts(
    properties={
        **AZURE_AI,
        **AZURE_ML,
        **AZURE_NETWORK,
        **AZURE_PERMISSIONS,
        **AZURE_ESCALATION,
        **AZURE_IDENTITIES,
        **AZURE_KEYS,
        **AZURE_STORAGE,
        **AZURE_REGISTRIES,
        **AZURE_ENTRY_POINTS,
    },
    relations={
        **AZURE_AI_RELATIONS,
        **AZURE_ML_RELATIONS,
        **AZURE_STORAGE_RELATIONS,
        **AZURE_ENTRY_POINT_RELATIONS,
    },
)
