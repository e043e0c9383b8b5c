"""Which calls read Workbench instances."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.gcp.route import Route

ROUTES: Mapping[str, Route] = {
    "notebooks:ListInstances": Route(
        path="v2/projects/{project}/locations/-/instances", page_size=100
    ),
    "notebooks:WorkbenchGetIamPolicy": Route(path="v2/{resource}:getIamPolicy"),
}
# Workbench's own switches; every other key is the customer's and may hold anything.
_SWITCHES = (
    "notebook-disable-root",
    "notebook-disable-terminal",
    "notebook-disable-downloads",
    "notebook-disable-nbconvert",
    "notebook-upgrade-schedule",
    "idle-timeout-seconds",
    "post-startup-script",
    "post-startup-script-behavior",
)
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.workbench.instance",
        listing=Operation(
            service="notebooks",
            name="ListInstances",
            action="notebooks.instances.list",
            items="instances",
            is_global=True,
            redact=("instances[].gceSetup.metadata.*^" + "^".join(_SWITCHES),),
        ),
        region="$.~region",
        reads=(
            Operation(
                service="notebooks",
                name="WorkbenchGetIamPolicy",
                action="notebooks.instances.getIamPolicy",
                params={"resource": "$.name"},
                gone=("NOT_FOUND",),
                is_global=True,
            ),
        ),
    ),
)
