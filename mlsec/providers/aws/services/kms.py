"""Which calls give keys and aliases; a key is looked into only when something refers to it."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

_KEY = {"KeyId": "$.KeyArn"}
_METADATA = "$.DescribeKey.KeyMetadata"

PLANS: tuple[TypePlan, ...] = (
    # A reference by alias leads to the alias, and that to its key.
    TypePlan(
        type="aws.kms.alias",
        listing=Operation(
            service="kms", name="ListAliases", params={"Limit": 100}, items="Aliases"
        ),
        is_referred=True,
    ),
    TypePlan(
        type="aws.kms.key",
        listing=Operation(service="kms", name="ListKeys", params={"Limit": 1000}, items="Keys"),
        is_referred=True,
        tags_as="kms",
        reads=(
            Operation(service="kms", name="DescribeKey", params=_KEY, gone=("NotFoundException",)),
            Operation(
                service="kms",
                name="GetKeyPolicy",
                params={"KeyId": "$.KeyArn", "PolicyName": "default"},
                gone=("NotFoundException",),
                # The policy of a key that AWS manages is AWS's own and lets in this account only.
                only_if={f"{_METADATA}.KeyManager": ("CUSTOMER",)},
            ),
            Operation(
                service="kms",
                name="ListGrants",
                params={"KeyId": "$.KeyArn", "Limit": 100},
                gone=("NotFoundException",),
                # Those of a key that AWS manages are made by its services for this account only.
                only_if={f"{_METADATA}.KeyManager": ("CUSTOMER",)},
            ),
            Operation(
                service="kms",
                name="GetKeyRotationStatus",
                params=_KEY,
                gone=("NotFoundException",),
                # Other kinds of key cannot rotate by themselves; the service refuses the question.
                only_if={
                    f"{_METADATA}.KeyManager": ("CUSTOMER",),
                    f"{_METADATA}.KeySpec": ("SYMMETRIC_DEFAULT",),
                    f"{_METADATA}.Origin": ("AWS_KMS",),
                    f"{_METADATA}.KeyState": ("Enabled",),
                },
            ),
        ),
    ),
)
