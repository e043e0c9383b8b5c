"""Which calls give Bedrock guardrails with their versions, models, jobs and inference profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mlsec.collect.walk.plan import Operation, TypePlan

_GONE = ("ResourceNotFoundException",)


def _list(
    name: str, items: str, params: Mapping[str, Any] | None = None, gone: tuple[str, ...] = ()
) -> Operation:
    return Operation(service="bedrock", name=name, items=items, params=params or {}, gone=gone)


def _get(name: str, **params: str) -> Operation:
    return Operation(service="bedrock", name=name, params=params, gone=_GONE)


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.bedrock.guardrail",
        # Without an identifier the list holds the draft of each guardrail, once.
        listing=_list("ListGuardrails", "guardrails"),
        tags_as="bedrock",
        reads=(
            Operation(
                service="bedrock",
                name="GetResourcePolicy",
                params={"resourceArn": "$.arn"},
                not_set=("ResourceNotFoundException",),
            ),
        ),
    ),
    TypePlan(
        type="aws.bedrock.guardrail_version",
        parent="aws.bedrock.guardrail",
        listing=_list(
            "ListGuardrails", "guardrails", {"guardrailIdentifier": "$parent.arn"}, gone=_GONE
        ),
        reads=(_get("GetGuardrail", guardrailIdentifier="$.arn", guardrailVersion="$.version"),),
    ),
    TypePlan(
        type="aws.bedrock.enforced_guardrail",
        listing=_list("ListEnforcedGuardrailsConfiguration", "guardrailsConfig"),
    ),
    TypePlan(
        type="aws.bedrock.custom_model",
        listing=_list("ListCustomModels", "modelSummaries"),
        tags_as="bedrock",
        reads=(_get("GetCustomModel", modelIdentifier="$.modelArn"),),
    ),
    TypePlan(
        type="aws.bedrock.imported_model",
        listing=_list("ListImportedModels", "modelSummaries"),
        tags_as="bedrock",
        reads=(_get("GetImportedModel", modelIdentifier="$.modelArn"),),
    ),
    TypePlan(
        type="aws.bedrock.import_job",
        listing=_list("ListModelImportJobs", "modelImportJobSummaries"),
        reads=(_get("GetModelImportJob", jobIdentifier="$.jobArn"),),
    ),
    TypePlan(
        type="aws.bedrock.customization_job",
        listing=_list("ListModelCustomizationJobs", "modelCustomizationJobSummaries"),
        reads=(_get("GetModelCustomizationJob", jobIdentifier="$.jobArn"),),
        window_days=365,
        dated_by="creationTime",
    ),
    TypePlan(
        type="aws.bedrock.invocation_job",
        listing=_list("ListModelInvocationJobs", "invocationJobSummaries"),
    ),
    TypePlan(
        type="aws.bedrock.provisioned_throughput",
        listing=_list("ListProvisionedModelThroughputs", "provisionedModelSummaries"),
    ),
    # The list gives one kind at a time, so each kind is asked for by name.
    TypePlan(
        type="aws.bedrock.inference_profile",
        listing=_list(
            "ListInferenceProfiles",
            "inferenceProfileSummaries",
            {"typeEquals": "SYSTEM_DEFINED"},
        ),
    ),
    TypePlan(
        type="aws.bedrock.application_profile",
        listing=_list(
            "ListInferenceProfiles", "inferenceProfileSummaries", {"typeEquals": "APPLICATION"}
        ),
        tags_as="bedrock",
    ),
    TypePlan(
        type="aws.bedrock.evaluation_job",
        listing=_list("ListEvaluationJobs", "jobSummaries"),
        reads=(_get("GetEvaluationJob", jobIdentifier="$.jobArn"),),
        window_days=365,
        dated_by="creationTime",
    ),
)
