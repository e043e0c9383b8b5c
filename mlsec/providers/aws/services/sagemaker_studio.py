"""Which calls read where people work: notebooks, Studio domains, profiles, spaces, scripts."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan
from mlsec.providers.aws.services.sagemaker_operations import describe, listing, redacted

# An address such as https://user:token@host/team/code.git holds a credential.
_REPOSITORIES = ("DefaultCodeRepository", "AdditionalCodeRepositories[]")

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.sagemaker.notebook",
        listing=redacted(
            listing("ListNotebookInstances", "NotebookInstances"),
            *(f"NotebookInstances[].{path}" for path in _REPOSITORIES),
        ),
        reads=(describe("DescribeNotebookInstance", "NotebookInstanceName", redact=_REPOSITORIES),),
        tags_as="sagemaker",
    ),
    TypePlan(
        type="aws.sagemaker.notebook_lifecycle",
        listing=listing("ListNotebookInstanceLifecycleConfigs", "NotebookInstanceLifecycleConfigs"),
        reads=(
            describe(
                "DescribeNotebookInstanceLifecycleConfig",
                "NotebookInstanceLifecycleConfigName",
                redact=("OnCreate[].Content", "OnStart[].Content"),
            ),
        ),
    ),
    TypePlan(
        type="aws.sagemaker.studio_lifecycle",
        listing=listing("ListStudioLifecycleConfigs", "StudioLifecycleConfigs"),
        reads=(
            describe(
                "DescribeStudioLifecycleConfig",
                "StudioLifecycleConfigName",
                redact=("StudioLifecycleConfigContent",),
            ),
        ),
    ),
    TypePlan(
        type="aws.sagemaker.code_repository",
        listing=redacted(
            listing("ListCodeRepositories", "CodeRepositorySummaryList"),
            "CodeRepositorySummaryList[].GitConfig.RepositoryUrl",
        ),
    ),
    TypePlan(
        type="aws.sagemaker.domain",
        listing=listing("ListDomains", "Domains"),
        reads=(describe("DescribeDomain", "DomainId"),),
        tags_as="sagemaker",
    ),
    TypePlan(
        type="aws.sagemaker.user_profile",
        listing=listing("ListUserProfiles", "UserProfiles"),
        reads=(
            Operation(
                service="sagemaker",
                name="DescribeUserProfile",
                params={"DomainId": "$.DomainId", "UserProfileName": "$.UserProfileName"},
                gone=("ResourceNotFound",),
            ),
        ),
    ),
    TypePlan(
        type="aws.sagemaker.space",
        listing=listing("ListSpaces", "Spaces"),
    ),
    TypePlan(
        type="aws.sagemaker.image",
        listing=listing("ListImages", "Images"),
        tags_as="sagemaker",
    ),
)
