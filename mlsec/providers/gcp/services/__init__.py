"""The tables of services: a module of plans and routes for each, in the order they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services import (
    artifactregistry,
    ces,
    compute,
    dialogflow,
    entry_points,
    hierarchy,
    iam,
    kms,
    modelarmor,
    secrets,
    storage,
    vertex_agents,
    vertex_data,
    vertex_jobs,
    vertex_monitoring,
    vertex_notebooks,
    vertex_search,
    vertex_serving,
    watching,
    workbench,
)

SERVICES: Mapping[str, tuple[TypePlan, ...]] = {
    "vertex_serving": vertex_serving.PLANS,
    "vertex_jobs": vertex_jobs.PLANS,
    "vertex_data": vertex_data.PLANS,
    "vertex_agents": vertex_agents.PLANS,
    "vertex_notebooks": vertex_notebooks.PLANS,
    "vertex_monitoring": vertex_monitoring.PLANS,
    "vertex_search": vertex_search.PLANS,
    "ces": ces.PLANS,
    "dialogflow": dialogflow.PLANS,
    "workbench": workbench.PLANS,
    "modelarmor": modelarmor.PLANS,
    "hierarchy": hierarchy.PLANS,
    "iam": iam.PLANS,
    "storage": storage.PLANS,
    "artifactregistry": artifactregistry.PLANS,
    "kms": kms.PLANS,
    "secrets": secrets.PLANS,
    "compute": compute.PLANS,
    "entry_points": entry_points.PLANS,
    "watching": watching.PLANS,
}
# What lists a service's own locations, for routes with ``locations``.
LOCATIONS: tuple[Operation, ...] = (
    modelarmor.LOCATIONS,
    artifactregistry.LIST_LOCATIONS,
    ces.LOCATIONS,
    dialogflow.LOCATIONS,
    entry_points.LIST_LOCATIONS,
    kms.LIST_LOCATIONS,
)
ROUTES: Mapping[str, Route] = {
    **vertex_serving.ROUTES,
    **vertex_jobs.ROUTES,
    **vertex_data.ROUTES,
    **vertex_agents.ROUTES,
    **vertex_notebooks.ROUTES,
    **vertex_monitoring.ROUTES,
    **vertex_search.ROUTES,
    **ces.ROUTES,
    **dialogflow.ROUTES,
    **workbench.ROUTES,
    **modelarmor.ROUTES,
    **hierarchy.ROUTES,
    **iam.ROUTES,
    **storage.ROUTES,
    **artifactregistry.ROUTES,
    **kms.ROUTES,
    **secrets.ROUTES,
    **compute.ROUTES,
    **entry_points.ROUTES,
    **watching.ROUTES,
}
