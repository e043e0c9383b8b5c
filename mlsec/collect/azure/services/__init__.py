"""The table of services: which plans each brings."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.azure.services import ml
from mlsec.collect.plan import TypePlan

SERVICES: Mapping[str, tuple[TypePlan, ...]] = {
    "ml": ml.PLANS,
}
