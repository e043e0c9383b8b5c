"""Reads of container registries and their tokens."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.route import ArmRead
from mlsec.providers.azure.services.diagnostics import DIAGNOSTIC_SETTINGS

_VERSION = "2025-11-01"
_REGISTRIES = "Microsoft.ContainerRegistry/registries"

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.acr.registry",
        listing=ArmRead(
            service="containerregistry",
            name="Registries_List",
            action=f"{_REGISTRIES}/read",
            path=f"/subscriptions/{{subscription}}/providers/{_REGISTRIES}",
            version=_VERSION,
            items="value",
            graph="microsoft.containerregistry/registries",
        ),
        is_referred=True,
        region="location",
        reads=(DIAGNOSTIC_SETTINGS,),
    ),
    TypePlan(
        type="azure.acr.token",
        listing=ArmRead(
            service="containerregistry",
            name="Tokens_List",
            action=f"{_REGISTRIES}/tokens/read",
            path="{id}/tokens",
            params={"id": "$parent.id"},
            version=_VERSION,
            items="value",
        ),
        parent="azure.acr.registry",
    ),
)
