"""Which calls give the settings of a whole account and of one region of it."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    # The item of a ``per`` plan is {"account": ..., "region": ...}: ``$.account`` in params.
    TypePlan(
        type="aws.account",
        per="scope",
        reads=(
            Operation(
                service="s3control",
                name="GetPublicAccessBlock",
                action="s3:GetAccountPublicAccessBlock",
                params={"AccountId": "$account"},
                not_set=("NoSuchPublicAccessBlockConfiguration",),
                is_global=True,
            ),
        ),
    ),
    TypePlan(
        type="aws.region",
        per="region",
        reads=(
            Operation(service="bedrock", name="GetModelInvocationLoggingConfiguration"),
            Operation(service="bedrock", name="GetAccountDataRetention"),
            Operation(
                service="frauddetector",
                name="GetKMSEncryptionKey",
                not_set=("ResourceNotFoundException",),
            ),
            Operation(service="ecr", name="GetRegistryScanningConfiguration"),
        ),
    ),
)
