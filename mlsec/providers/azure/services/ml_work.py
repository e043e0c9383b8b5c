"""Azure Machine Learning: jobs, schedules and the monitors among the schedules."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.services.ml import below_workspace

JOBS = below_workspace(
    "Jobs_List",
    "jobs",
    (
        "environmentVariables.*",
        "trial.environmentVariables.*",
        "command",
        "trial.command",
        # A pipeline carries its steps whole.
        "jobs.*.environment_variables.*",
        "jobs.*.environmentVariables.*",
        "jobs.*.command",
        "services.*.properties.*",
        "notificationSetting.webhooks",
    ),
    listViewType="All",
)
SCHEDULES = below_workspace(
    "Schedules_List",
    "schedules",
    (
        "action.jobDefinition.environmentVariables.*",
        "action.jobDefinition.command",
        "action.jobDefinition.notificationSetting.webhooks",
        "action.endpointInvocationDefinition.environmentVariables.*",
    ),
    # Without it only those that are on are listed.
    listViewType="All",
)
_ACTION = "properties.action.actionType"

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="azure.ml.job",
        parent="azure.ml.workspace",
        listing=JOBS,
        window_days=90,
        dated_by="systemData.createdAt",
    ),
    TypePlan(
        type="azure.ml.schedule",
        parent="azure.ml.workspace",
        listing=SCHEDULES,
        but={_ACTION: ("CreateMonitor",)},
    ),
    TypePlan(
        type="azure.ml.monitor",
        parent="azure.ml.workspace",
        listing=SCHEDULES,
        only={_ACTION: ("CreateMonitor",)},
    ),
)
