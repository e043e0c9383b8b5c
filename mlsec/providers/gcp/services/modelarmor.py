"""Which calls read Model Armor: templates in each of its locations, the floor of a project."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

ROUTES: Mapping[str, Route] = {
    "modelarmor:ListLocations": Route(path="v1/projects/{project}/locations", page_size=100),
    "modelarmor:ListTemplates": Route(
        host="modelarmor.{region}.rep.googleapis.com",
        path="v1/projects/{project}/locations/{region}/templates",
        page_size=100,
        locations="modelarmor:ListLocations",
    ),
    "modelarmor:GetFloorSetting": Route(
        path="v1/projects/{project}/locations/{region}/floorSetting"
    ),
}
LOCATIONS = Operation(
    service="modelarmor",
    name="ListLocations",
    action="modelarmor.locations.list",
    items="locations",
    is_global=True,
)
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.modelarmor.template",
        listing=Operation(
            service="modelarmor",
            name="ListTemplates",
            action="modelarmor.templates.list",
            items="templates",
            is_global=True,
        ),
        region="$.~region",
    ),
    TypePlan(
        type="gcp.modelarmor.floor",
        per="scope",
        reads=(
            Operation(
                service="modelarmor",
                name="GetFloorSetting",
                action="modelarmor.floorSettings.get",
                # A project where nobody ever set a floor has none.
                not_set=("NOT_FOUND",),
                is_global=True,
            ),
        ),
    ),
)
