"""What keys, secrets, images, queues, topics and log groups of the CDK synthesise."""

from __future__ import annotations

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.policies import document, policy, statement
from mlsec.iac.cdk.constructs.settings import (
    handed_on,
    is_own,
    key_arn,
    opened_by_settings,
    unread,
)
from mlsec.iac.cdk.template import Building, as_node, chosen
from mlsec.iac.cdk.values import Made, unknown_at

_LEAVES_KEY = (
    "awss3.bucket", "awssns.topic", "awssqs.queue", "awslogs.loggroup", "awsecr.repository",
    "core.cfnoutput",
)  # fmt: skip
_DAYS = {
    "ONE_DAY": 1, "THREE_DAYS": 3, "FIVE_DAYS": 5, "ONE_WEEK": 7, "TWO_WEEKS": 14, "ONE_MONTH": 30,
    "TWO_MONTHS": 60, "THREE_MONTHS": 90, "FOUR_MONTHS": 120, "FIVE_MONTHS": 150,
    "SIX_MONTHS": 180, "ONE_YEAR": 365, "THIRTEEN_MONTHS": 400, "EIGHTEEN_MONTHS": 545,
    "TWO_YEARS": 731, "THREE_YEARS": 1096, "FIVE_YEARS": 1827, "SIX_YEARS": 2192,
    "SEVEN_YEARS": 2557, "EIGHT_YEARS": 2922, "NINE_YEARS": 3288, "TEN_YEARS": 3653,
    "INFINITE": None,
}  # fmt: skip


def _own_statements(building: Building, node: Node | None) -> list[Node]:
    """Give the statements of a key's policy: those written, else what the construct writes."""
    if node is None:
        parts = ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]
        owner = {"AWS": {"Fn::Join": ["", parts]}}
        every = {"Action": "kms:*", "Effect": "Allow", "Principal": owner, "Resource": "*"}
        return [as_node(every)]
    written = document(building, node)
    inner = written.get("Statement") if written is not None else None
    if inner is not None and isinstance(inner.value, tuple):
        return list(inner.value)
    return [unknown_at(node, "its policy is put together elsewhere")]


def _key_statements(building: Building, made: Made) -> list[Node]:
    listed = _own_statements(building, made.get("policy"))
    hidden = (
        # What the first version of the library writes is another policy.
        building.old
        or handed_on(made, _LEAVES_KEY)
        or building.may_be(made, "addtoresourcepolicy")
        or opened_by_settings(made)
    )
    if made.get("admins") is not None:
        hidden = hidden or UnknownValue("its administrators are added to its policy")
    for done in made.applied:
        if done.name == "addtoresourcepolicy" and done.arguments:
            listed.append(statement(building, done.arguments[0]))
        elif done.name.startswith("grant") and not is_own(done.arguments):
            listed.append(Node(UnknownValue(f"line {done.line} grants it")))
    return listed if hidden is None else [*listed, Node(hidden)]


def key(building: Building, made: Made) -> None:
    """Add a key."""
    listed = _key_statements(building, made)
    period = building.lower(made.get("rotationPeriod"))
    building.add(
        made,
        "AWS::KMS::Key",
        {
            "EnableKeyRotation": building.lower(made.get("enableKeyRotation"))
            or (Node(value=True) if period else None),
            "RotationPeriodInDays": period,
            "Enabled": building.lower(made.get("enabled")),
            "KeyPolicy": policy(listed, made.line, made.column),
            "KeySpec": chosen(made.get("keySpec"), {"SYMMETRIC_DEFAULT": "SYMMETRIC_DEFAULT"}),
            "KeyUsage": chosen(
                made.get("keyUsage"),
                {"ENCRYPT_DECRYPT": "ENCRYPT_DECRYPT", "SIGN_VERIFY": "SIGN_VERIFY"},
            ),
            "MultiRegion": building.lower(made.get("multiRegion")),
        },
        opened=opened_by_settings(made),
    )
    alias = made.get("alias")
    if alias is not None and isinstance(alias.value, str):
        name = f"alias/{alias.value.removeprefix('alias/')}"
        body = {"AliasName": name, "TargetKeyId": building.ref(made, "Arn")}
        building.add(made, "AWS::KMS::Alias", body, below="Alias", line=alias.line)


def secret(building: Building, made: Made) -> None:
    """Add a secret; what rotates it, or writes its policy, is called on it."""
    building.add(
        made,
        "AWS::SecretsManager::Secret",
        {
            "Name": building.lower(made.get("secretName")),
            "KmsKeyId": key_arn(building, made.get("encryptionKey")),
        },
        opened=opened_by_settings(made),
    )
    called = [
        done for done in made.applied if done.name in ("addrotationschedule", "addtoresourcepolicy")
    ]
    hidden = handed_on(made, ("core.cfnoutput", "awslambda.function")) or building.may_be(
        made, "addrotationschedule", "addtoresourcepolicy", "attach"
    )
    if called or hidden is not None:
        why = hidden or UnknownValue(f"line {called[0].line} sets it")
        named = building.ref(made)
        if hidden is not None or called[0].name == "addrotationschedule":
            rules = Node(why)
            body = {"SecretId": named if called else Node(why), "RotationRules": rules}
            building.add(made, "AWS::SecretsManager::RotationSchedule", body, below="Rotation")
        if hidden is not None or called[-1].name == "addtoresourcepolicy":
            body = {"SecretId": named, "ResourcePolicy": Node(why)}
            building.add(made, "AWS::SecretsManager::ResourcePolicy", body, below="Policy")


def repository(building: Building, made: Made) -> None:
    """Add a repository of images."""
    listed: list[Node] = []
    for done in made.applied:
        if done.name == "addtoresourcepolicy" and done.arguments:
            listed.append(statement(building, done.arguments[0]))
        elif done.name.startswith("grant") and not is_own(done.arguments):
            listed.append(Node(UnknownValue(f"line {done.line} grants it")))
    hidden = handed_on(made, ("core.cfnoutput",)) or building.may_be(made, "addtoresourcepolicy")
    if hidden is not None:
        listed.append(Node(hidden))
    kind = chosen(
        made.get("encryption"), {"AES_256": "AES256", "KMS": "KMS", "KMS_DSSE": "KMS_DSSE"}
    )
    given = made.get("encryptionKey")
    if kind is None and given is not None:
        kind = Node("KMS")
    scan = building.lower(made.get("imageScanOnPush"))
    building.add(
        made,
        "AWS::ECR::Repository",
        {
            "RepositoryName": building.lower(made.get("repositoryName")),
            "ImageTagMutability": chosen(
                made.get("imageTagMutability"), {"IMMUTABLE": "IMMUTABLE", "MUTABLE": "MUTABLE"}
            ),
            "ImageScanningConfiguration": {"ScanOnPush": scan} if scan is not None else None,
            "EncryptionConfiguration": {"EncryptionType": kind, "KmsKey": key_arn(building, given)}
            if kind is not None
            else None,
            "RepositoryPolicyText": policy(listed, made.line) if listed else None,
        },
        opened=opened_by_settings(made),
    )


def log_group(building: Building, made: Made) -> None:
    """Add a group of logs; the construct keeps them for two years where nothing else is said."""
    building.add(
        made,
        "AWS::Logs::LogGroup",
        {
            "LogGroupName": building.lower(made.get("logGroupName")),
            "RetentionInDays": chosen(
                made.get("retention"), _DAYS, Node(731, made.line, made.column)
            ),
            "KmsKeyId": key_arn(building, made.get("encryptionKey")),
            "DataProtectionPolicy": unread(made.get("dataProtectionPolicy")),
            "DeletionProtectionEnabled": building.lower(made.get("deletionProtectionEnabled")),
        },
        opened=opened_by_settings(made),
    )
