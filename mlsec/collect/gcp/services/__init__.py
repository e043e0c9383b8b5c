"""The tables of services: a module of plans and routes for each, in the order they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.gcp.route import Route
from mlsec.collect.gcp.services import (
    modelarmor,
    vertex_agents,
    vertex_data,
    vertex_jobs,
    vertex_monitoring,
    vertex_notebooks,
    vertex_serving,
    workbench,
)
from mlsec.collect.plan import Operation, TypePlan

SERVICES: Mapping[str, tuple[TypePlan, ...]] = {
    "vertex_serving": vertex_serving.PLANS,
    "vertex_jobs": vertex_jobs.PLANS,
    "vertex_data": vertex_data.PLANS,
    "vertex_agents": vertex_agents.PLANS,
    "vertex_notebooks": vertex_notebooks.PLANS,
    "vertex_monitoring": vertex_monitoring.PLANS,
    "workbench": workbench.PLANS,
    "modelarmor": modelarmor.PLANS,
}
# What lists a service's own locations, for routes with ``locations``.
LOCATIONS: tuple[Operation, ...] = (modelarmor.LOCATIONS,)
ROUTES: Mapping[str, Route] = {
    **vertex_serving.ROUTES,
    **vertex_jobs.ROUTES,
    **vertex_data.ROUTES,
    **vertex_agents.ROUTES,
    **vertex_notebooks.ROUTES,
    **vertex_monitoring.ROUTES,
    **workbench.ROUTES,
    **modelarmor.ROUTES,
}
