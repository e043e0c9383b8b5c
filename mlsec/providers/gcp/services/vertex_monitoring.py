"""Which calls read what watches models on Vertex AI."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.gcp.route import Route
from mlsec.providers.gcp.services.vertex_operations import listing, listing_route

ROUTES: Mapping[str, Route] = {
    "aiplatform:ListModelDeploymentMonitoringJobs": listing_route(
        "modelDeploymentMonitoringJobs", asset="ModelDeploymentMonitoringJob"
    ),
    # The newer monitors exist in the preview version of the API only.
    "aiplatform:ListModelMonitors": listing_route("modelMonitors", version="v1beta1"),
}
PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="gcp.vertex.monitoring_job",
        listing=listing("ListModelDeploymentMonitoringJobs", "modelDeploymentMonitoringJobs"),
    ),
    TypePlan(
        type="gcp.vertex.model_monitor", listing=listing("ListModelMonitors", "modelMonitors")
    ),
)
