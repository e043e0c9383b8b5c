"""The table of services: a module of plans for each, in the order in which they are asked."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.collect.aws.services import (
    account,
    apigateway,
    autoscaling,
    budgets,
    cloudtrail,
    cloudwatch,
    ec2,
    ecr,
    ecs,
    eks,
    elb,
    iam,
    kms,
    lambda_,
    logs,
    quotas,
    s3,
    sagemaker,
    secretsmanager,
    waf,
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
    "ec2": ec2.PLANS,
    "cloudwatch": cloudwatch.PLANS,
    "logs": logs.PLANS,
    "cloudtrail": cloudtrail.PLANS,
    "lambda": lambda_.PLANS,
    "apigateway": apigateway.PLANS,
    "elb": elb.PLANS,
    "waf": waf.PLANS,
    "eks": eks.PLANS,
    "ecs": ecs.PLANS,
    "quotas": quotas.PLANS,
    "budgets": budgets.PLANS,
}
