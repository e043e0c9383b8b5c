"""What watches models on Vertex AI in the invented company."""

from __future__ import annotations

from tests.estate.gcp_estate import Planted, Site
from tests.estate.gcp_kinds import (
    RECENT,
    Body,
    Fault,
    Kind,
    common,
    key_of,
    planted,
    with_,
    without,
)
from tests.estate.gcp_world import Thing, Told

_SCHEMA = "GoogleCloudAiplatformV1"


def _endpoint(site: Site) -> str:
    return f"{site.here}/endpoints/{site.deployment.index + 1000}"


def _endpoint_id(site: Site) -> str:
    return f"//aiplatform.googleapis.com/{_endpoint(site)}"


def _job(site: Site, path: str) -> Body:
    return common(
        site,
        path,
        endpoint=_endpoint(site),
        state="JOB_STATE_RUNNING",
        scheduleState="OFFLINE",
        latestMonitoringPipelineMetadata={"runTime": RECENT, "status": {}},
        loggingSamplingStrategy={"randomSampleConfig": {"sampleRate": 0.5}},
        modelMonitoringAlertConfig={"emailAlertConfig": {"userEmails": ["ml@nordlicht.example"]}},
        modelDeploymentMonitoringObjectiveConfigs=[{"deployedModelId": "1"}],
    )


JOB = Kind(
    noun="modelDeploymentMonitoringJobs",
    schema=f"{_SCHEMA}ModelDeploymentMonitoringJob",
    asset="ModelDeploymentMonitoringJob",
    is_everywhere=True,
    body=_job,
    faults=(
        Fault(
            rules=("vertex/monitoring-job-not-running",),
            change=with_("state", "JOB_STATE_PAUSED"),
            elsewhere=lambda site: [
                (
                    "vertex/endpoint-without-monitor",
                    f"//aiplatform.googleapis.com/{_endpoint(site)}",
                )
            ],
        ),
        Fault(
            rules=("vertex/monitoring-job-last-run-failed",),
            change=with_("latestMonitoringPipelineMetadata.status", {"code": 3, "message": "no"}),
        ),
        Fault(
            rules=("vertex/monitoring-job-stale",),
            change=with_("latestMonitoringPipelineMetadata.runTime", "2026-01-01T00:00:00Z"),
        ),
        Fault(
            rules=("vertex/monitoring-job-without-recipient",),
            change=without("modelMonitoringAlertConfig"),
        ),
        Fault(rules=("monitor/volume-without-customer-key",), change=without("encryptionSpec")),
    ),
)


def _monitor(site: Site, path: str) -> Body:
    return {
        "name": path,
        "displayName": site.name,
        "createTime": RECENT,
        "encryptionSpec": dict(key_of(site)),
        "notificationSpec": {"enableCloudLogging": True},
    }


MONITOR = Kind(
    noun="modelMonitors",
    document="aiplatform.v1beta1",
    schema="GoogleCloudAiplatformV1beta1ModelMonitor",
    body=_monitor,
    faults=(
        Fault(
            rules=("vertex/model-monitor-without-recipient",), change=without("notificationSpec")
        ),
    ),
)
KINDS = (JOB, MONITOR)


FAULTS: tuple[Planted, ...] = (
    *planted(KINDS),
    Planted(rule="vertex/endpoint-without-monitor", every=5, which=0),
)


def of_company() -> list[Thing | Told]:
    return []


def of_deployment(site: Site) -> list[Thing | Told]:
    return [thing for kind in KINDS for thing in kind.things(site)]


def specimens() -> list[Thing | Told]:
    return []
