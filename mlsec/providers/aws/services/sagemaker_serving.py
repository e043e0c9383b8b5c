"""Which calls read what serves: endpoints, configurations, models, inference components."""

from __future__ import annotations

from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.aws.services.sagemaker_operations import (
    MODEL_SECRETS,
    describe,
    listing,
    search,
)

PLANS: tuple[TypePlan, ...] = (
    # Search returns endpoints too, but without their last deployment: a rule that reads the
    # rollback alarms would take that for "none", so endpoints are described.
    TypePlan(
        type="aws.sagemaker.endpoint",
        listing=listing("ListEndpoints", "Endpoints"),
        reads=(describe("DescribeEndpoint", "EndpointName"),),
        tags_as="sagemaker",
    ),
    TypePlan(
        type="aws.sagemaker.endpoint_config",
        listing=listing("ListEndpointConfigs", "EndpointConfigs"),
        reads=(describe("DescribeEndpointConfig", "EndpointConfigName"),),
    ),
    TypePlan(
        type="aws.sagemaker.model",
        listing=listing("ListModels", "Models"),
        reads=(describe("DescribeModel", "ModelName", redact=MODEL_SECRETS),),
        bulk=search("Model", "Model.Model", "DescribeModel", "ModelName"),
    ),
    TypePlan(
        type="aws.sagemaker.inference_component",
        listing=listing("ListInferenceComponents", "InferenceComponents"),
        reads=(
            describe(
                "DescribeInferenceComponent",
                "InferenceComponentName",
                redact=(
                    "Specification.Container.Environment.*",
                    "Specifications[].Container.Environment.*",
                ),
            ),
        ),
    ),
    TypePlan(
        type="aws.sagemaker.inference_experiment",
        listing=listing("ListInferenceExperiments", "InferenceExperiments"),
        reads=(describe("DescribeInferenceExperiment", "Name"),),
    ),
)
