"""Which calls read what watches models: monitoring schedules and their job definitions."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.aws.services.sagemaker_operations import describe, listing


def _definitions(type_name: str, kind: str) -> TypePlan:
    """Give the plan of one kind of job definition (``DataQuality``, ``ModelBias`` ...)."""
    return TypePlan(
        type=type_name,
        listing=listing(f"List{kind}JobDefinitions", "JobDefinitionSummaries"),
        reads=(
            describe(
                f"Describe{kind}JobDefinition",
                "JobDefinitionName",
                entry="MonitoringJobDefinitionName",
                redact=(f"{kind}AppSpecification.Environment.*",),
            ),
        ),
    )


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.sagemaker.monitoring_schedule",
        listing=listing("ListMonitoringSchedules", "MonitoringScheduleSummaries"),
        reads=(
            describe(
                "DescribeMonitoringSchedule",
                "MonitoringScheduleName",
                redact=("MonitoringScheduleConfig.MonitoringJobDefinition.Environment.*",),
            ),
        ),
    ),
    _definitions("aws.sagemaker.data_quality_job", "DataQuality"),
    _definitions("aws.sagemaker.model_quality_job", "ModelQuality"),
    _definitions("aws.sagemaker.model_bias_job", "ModelBias"),
    _definitions("aws.sagemaker.model_explainability_job", "ModelExplainability"),
)
