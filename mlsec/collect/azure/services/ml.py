"""Azure Machine Learning: workspaces (hubs and projects too)."""

from __future__ import annotations

from mlsec.collect.azure.route import ArmRead
from mlsec.collect.plan import TypePlan

VERSION = "2025-06-01"

WORKSPACES = ArmRead(
    service="machinelearning",
    name="Workspaces_ListBySubscription",
    action="Microsoft.MachineLearningServices/workspaces/read",
    path="/subscriptions/{subscription}/providers/Microsoft.MachineLearningServices/workspaces",
    version=VERSION,
    items="value",
    graph="microsoft.machinelearningservices/workspaces",
)
PLANS = (TypePlan(type="azure.ml.workspace", listing=WORKSPACES, region="location"),)
