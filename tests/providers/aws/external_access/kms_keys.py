"""Random key policies, and what the simulator says of who uses the key."""

from __future__ import annotations

import random

from tests.providers.aws.external_access.keys import KEYS, KMS_KEYS, OWN
from tests.providers.aws.external_access.policies import Style, random_policy
from tests.providers.aws.external_access.requests import EVERYBODY, NAMED, TooManyError, requests
from tests.providers.aws.external_access.simulator import Case

KEY_ARN = f"arn:aws:kms:eu-west-1:{OWN}:key/1234abcd-12ab-34cd-56ef-1234567890ab"
USES = (
    "kms:Decrypt",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:GenerateDataKeyPair",
    "kms:GenerateDataKeyPairWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
    "kms:CreateGrant",
    "kms:PutKeyPolicy",
    "kms:ReplicateKey",
    "kms:Sign",
    "kms:ScheduleKeyDeletion",
    "kms:RevokeGrant",
    "kms:DisableKey",
    "kms:DeriveSharedSecret",
    "kms:GenerateMac",
)
_KEYS = (*KEYS, *KMS_KEYS)
_STYLE = Style(
    actions=(
        "kms:*",
        "kms:Decrypt",
        ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*"],
        "kms:GenerateDataKeyPair",
        "kms:GenerateDataKeyPair*",
        "kms:ReplicateKey",
        "kms:CreateGrant",
        "kms:DescribeKey",
        ["kms:Describe*", "kms:List*"],
        "kms:ReEncryptFrom",
        "*",
        "kms:PutKeyPolicy",
    ),
    resources=("*", "*", "*", KEY_ARN, f"arn:aws:kms:*:{OWN}:key/*"),
    keys=_KEYS,
)


def random_key(chance: random.Random, *, exotic: bool) -> Case:
    """Make a policy with the question who uses the key."""
    while True:
        policy = random_policy(chance, _STYLE, exotic=exotic)
        try:
            questions = {
                who: requests(policy, callers, USES, (KEY_ARN,), _KEYS)
                for who, callers in (("everybody", EVERYBODY[1:]), ("named", NAMED))
            }
        except TooManyError:
            continue
        return Case(account=OWN, policy=policy, questions=questions)


def expected(answer: dict[str, int]) -> dict[str, bool]:
    """Give each fact of the key by what the simulator allows."""
    everybody, named = answer["everybody"] >= 0, answer["named"] >= 0
    return {
        "is_public": everybody,
        "has_external_users": everybody or named,
        "external_users": everybody or named,
    }
