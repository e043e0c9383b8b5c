"""All that is read of SageMaker, in the order in which it is asked."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.aws.services import (
    sagemaker_jobs,
    sagemaker_monitoring,
    sagemaker_platform,
    sagemaker_registry,
    sagemaker_serving,
    sagemaker_studio,
)

PLANS: tuple[TypePlan, ...] = (
    *sagemaker_serving.PLANS,
    *sagemaker_registry.PLANS,
    *sagemaker_monitoring.PLANS,
    *sagemaker_studio.PLANS,
    *sagemaker_jobs.PLANS,
    *sagemaker_platform.PLANS,
)
