"""The table of services with their plans."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.services import (
    acr,
    apim,
    cognitive,
    compute,
    databricks,
    identity,
    keyvault,
    ml,
    ml_serving,
    ml_work,
    monitor,
    network,
    search,
    storage,
)

SERVICES: Mapping[str, tuple[TypePlan, ...]] = {
    "ml": ml.PLANS,
    "ml_serving": ml_serving.PLANS,
    "ml_work": ml_work.PLANS,
    "cognitive": cognitive.PLANS,
    "search": search.PLANS,
    "databricks": databricks.PLANS,
    "storage": storage.PLANS,
    "keyvault": keyvault.PLANS,
    "acr": acr.PLANS,
    "identity": identity.PLANS,
    "network": network.PLANS,
    "compute": compute.PLANS,
    "monitor": monitor.PLANS,
    "apim": apim.PLANS,
}
