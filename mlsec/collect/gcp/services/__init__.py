"""The tables of services: a module of plans and routes for each, in the order they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.gcp.route import Route
from mlsec.collect.gcp.services import vertex_serving
from mlsec.collect.plan import Operation, TypePlan

SERVICES: Mapping[str, tuple[TypePlan, ...]] = {
    "vertex_serving": vertex_serving.PLANS,
}
# What lists a service's own locations, for routes with ``locations``.
LOCATIONS: tuple[Operation, ...] = ()
ROUTES: Mapping[str, Route] = {
    **vertex_serving.ROUTES,
}
