"""What runs in the invented company: training jobs, schedules and the monitors of its models."""

from __future__ import annotations

from typing import Any

from tests.estate.azure_estate import Planted, Site
from tests.estate.azure_items.ml import workspace_id
from tests.estate.azure_items.planting import bed
from tests.estate.azure_world import SUBSCRIPTION, child

_MONITOR = "properties.action.monitorDefinition"
JOB = bed(
    [
        (
            "azure-ml/job-secret-in-environment",
            {"properties.environmentVariables.WANDB_API_KEY": "0123456789abcdef" * 2 + "01234567"},
        ),
        (
            "azure-ml/job-secret-in-command",
            {"properties.command": "HF_TOKEN=hf_abcdefghijklmnopqrstuvwxyzABCDEF01 ./train"},
        ),
        (
            "azure-ml/job-unpinned-download",
            {"properties.command": "curl -s https://get.nordlicht.example/x | bash\n./train"},
        ),
        (
            "azure-ml/job-remote-shell",
            {"properties.services.shell": {"jobServiceType": "SSH", "status": "Running"}},
        ),
        (
            "azure-ml/job-container-unconfined",
            {"properties.resources.dockerArgs": "--shm-size 2g --privileged"},
        ),
        (
            "azure-ml/job-data-from-web",
            {"properties.inputs.data.uri": "https://data.example.org/churn.csv"},
        ),
    ]
)
MONITOR = bed(
    [
        ("azure-ml/monitor-off azure-ml/endpoint-without-monitor", {"properties.isEnabled": False}),
        (
            "azure-ml/monitor-failed azure-ml/endpoint-without-monitor",
            {"properties.provisioningState": "Failed"},
        ),
        ("azure-ml/monitor-expired", {"properties.trigger.endTime": "2024-01-01T00:00:00Z"}),
        ("azure-ml/monitor-without-recipient", {f"{_MONITOR}.alertNotificationSettings": None}),
    ]
)
_SECRETS = ("0123456789abcdef" * 2 + "01234567",)
FAULTS: tuple[Planted, ...] = (*JOB.faults, *MONITOR.faults)


def of_company() -> list[dict[str, Any]]:
    return [{"~secret": each} for each in _SECRETS]


def of_deployment(site: Site) -> list[dict[str, Any]]:
    workspace = {"id": workspace_id(site)}
    return [
        JOB.strike(site, _job(site, workspace)),
        _schedule(
            workspace,
            "retrain",
            {"actionType": "CreateJob", "jobDefinition": {"jobType": "Command"}},
        ),
        _watched(site, workspace),
    ]


def specimens() -> list[dict[str, Any]]:
    return []


def _watched(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    endpoint = f"{workspace['id']}/onlineEndpoints/{site.name}"
    monitor = _schedule(
        workspace,
        "drift",
        {
            "actionType": "CreateMonitor",
            "monitorDefinition": {
                "monitoringTarget": {
                    "taskType": "Classification",
                    "deploymentId": f"azureml:{endpoint}/deployments/blue",
                },
                "signals": {"drift": {"signalType": "DataDrift"}},
                "alertNotificationSettings": {
                    "emailNotificationSettings": {"emails": ["ml@nordlicht.example"]}
                },
            },
        },
    )
    struck = MONITOR.strike(site, monitor)
    _on_endpoint(site, monitor["id"], endpoint)
    return struck


def _on_endpoint(site: Site, monitor: str, endpoint: str) -> None:
    """What a dead monitor means is found on the endpoint that it was to watch."""
    found = site.expected.get("azure-ml/endpoint-without-monitor", set())
    if monitor.lower() in found:
        found.remove(monitor.lower())
        found.add(endpoint.lower())


def _job(site: Site, workspace: dict[str, Any]) -> dict[str, Any]:
    store = f"workspaces/{site.name}/datastores/models/paths/training"
    return child(
        workspace,
        "jobs/train-7",
        {
            "jobType": "Command",
            "status": "Completed",
            "command": "python train.py",
            "environmentId": f"{workspace['id']}/environments/Serve/versions/7",
            "computeId": f"{workspace['id']}/computes/train",
            "environmentVariables": {"EPOCHS": "3"},
            "services": {"Tracking": {"jobServiceType": "Tracking"}},
            "inputs": {
                "data": {
                    "jobInputType": "uri_folder",
                    "uri": f"azureml://subscriptions/{SUBSCRIPTION}/resourcegroups/nordlicht/{store}",
                }
            },
        },
        # Recent on any day that the tests run: jobs are read for some months only.
        systemData={"createdAt": "2099-01-01T00:00:00Z"},
    )


def _schedule(workspace: dict[str, Any], name: str, action: dict[str, Any]) -> dict[str, Any]:
    return child(
        workspace,
        f"schedules/{name}",
        {
            "isEnabled": True,
            "provisioningState": "Succeeded",
            "trigger": {"triggerType": "Cron", "expression": "0 3 * * *"},
            "action": action,
        },
    )
