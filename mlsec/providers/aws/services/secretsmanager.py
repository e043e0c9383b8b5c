"""Which calls give secrets: the listing has rotation and key, the policy is one call per secret.

A resource policy is asked only for secrets that an ML resource refers to (store credentials, hub
tokens, git logins). GetSecretValue is never asked.
"""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.secretsmanager.secret",
        listing=Operation(
            service="secretsmanager",
            name="ListSecrets",
            params={"MaxResults": 100},
            items="SecretList",
        ),
        is_referred=True,
        reads=(
            # A secret without a policy answers without the key: that is a known absence.
            Operation(
                service="secretsmanager",
                name="GetResourcePolicy",
                params={"SecretId": "$.ARN"},
                gone=("ResourceNotFoundException",),
            ),
        ),
    ),
)
