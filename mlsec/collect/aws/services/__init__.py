"""The table of services: a module of plans for each, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.aws.services import (
    account,
    autoscaling,
    ecr,
    iam,
    kms,
    s3,
    sagemaker,
    secretsmanager,
)
from mlsec.collect.plan import TypePlan

SERVICES: Mapping[str, tuple[TypePlan, ...]] = {
    "account": account.PLANS,
    "sagemaker": sagemaker.PLANS,
    "autoscaling": autoscaling.PLANS,
    "iam": iam.PLANS,
    "s3": s3.PLANS,
    "kms": kms.PLANS,
    "ecr": ecr.PLANS,
    "secretsmanager": secretsmanager.PLANS,
}
