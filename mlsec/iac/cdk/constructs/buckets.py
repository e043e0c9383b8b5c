"""What a bucket of the CDK synthesises: its settings, and the policy that they write."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.policies import policy, statement
from mlsec.iac.cdk.constructs.settings import (
    handed_on,
    is_own,
    key_arn,
    opened_by_settings,
    unread,
)
from mlsec.iac.cdk.template import Building, as_node, chosen, symbol_of
from mlsec.iac.cdk.values import Made, unknown_at

_FLAGGED = UnknownValue("what it is by default depends on a flag of the app")
_BLOCKS = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
# What does not write the policy of a bucket that it is given, in the account of both.
_LEAVES_POLICY = (
    "awss3deployment.bucketdeployment", "core.cfnoutput", "awslambda.function",
    "awslambda.code.frombucket", "awss3assets.asset", "awslambdaeventsources.s3eventsource",
    "awss3notifications.lambdadestination",
)  # fmt: skip


# What lets one distribution of CloudFront read the objects of a bucket.
_ORIGINS = (
    "awscloudfrontorigins.s3origin", "awscloudfrontorigins.s3bucketorigin.withoriginaccesscontrol",
    "awscloudfrontorigins.s3bucketorigin.withoriginaccessidentity",
)  # fmt: skip


def _by_origins(building: Building, made: Made) -> list[Node]:
    """Give the statements with which distributions may read the objects of a bucket."""
    every = {"Fn::Join": ["", [building.ref(made, "Arn"), "/*"]]}
    parts = ["arn:aws:cloudfront::", {"Ref": "AWS::AccountId"}, ":distribution/‹distribution›"]
    listed: list[Node] = []
    for receiver in made.given_to:
        if not isinstance(receiver, Made) or receiver.kind not in _ORIGINS:
            continue
        body: dict[str, Any] = {"Action": "s3:GetObject", "Effect": "Allow", "Resource": every}
        if receiver.kind.endswith("control"):
            body["Principal"] = {"Service": "cloudfront.amazonaws.com"}
            body["Condition"] = {"StringEquals": {"AWS:SourceArn": {"Fn::Join": ["", parts]}}}
        else:
            body["Principal"] = {"CanonicalUser": "‹origin access identity›"}
        listed.append(as_node(body))
    return listed


def _flag(building: Building, made: Made, name: str) -> Any:
    """Give a yes or no: True, False, or the node that is not known."""
    node = made.get(name)
    if node is None:
        return False
    return node.value if isinstance(node.value, bool) else building.lower(node)


def bucket(building: Building, made: Made) -> None:
    """Add a bucket, and the policy that its settings write."""
    access = made.get("accessControl")
    building.add(
        made,
        "AWS::S3::Bucket",
        {
            "BucketName": building.lower(made.get("bucketName")),
            "BucketEncryption": _bucket_encryption(building, made),
            "PublicAccessBlockConfiguration": _blocks(building, made.get("blockPublicAccess")),
            "VersioningConfiguration": _versioning(building, made.get("versioned")),
            "AccessControl": chosen(
                access,
                {
                    "PRIVATE": "Private",
                    "PUBLIC_READ": "PublicRead",
                    "LOG_DELIVERY_WRITE": "LogDeliveryWrite",
                    "PUBLIC_READ_WRITE": "PublicReadWrite",
                    "AUTHENTICATED_READ": "AuthenticatedRead",
                    "AWS_EXEC_READ": "AwsExecRead",
                    "BUCKET_OWNER_READ": "BucketOwnerRead",
                    "BUCKET_OWNER_FULL_CONTROL": "BucketOwnerFullControl",
                },
            ),
            "Tags": _tags(made),
            "LoggingConfiguration": _logging(building, made),
            "ObjectLockEnabled": building.lower(made.get("objectLockEnabled")),
            "ObjectLockConfiguration": unread(made.get("objectLockDefaultRetention")),
        },
        opened=opened_by_settings(made),
    )
    listed = [*_bucket_statements(building, made), *_by_origins(building, made)]
    hidden = (
        handed_on(made, (*_LEAVES_POLICY, *_ORIGINS))
        or building.may_be(
            made, "addtoresourcepolicy", "grantpublicaccess", "policy.document.addstatements"
        )
        or opened_by_settings(made)
    )
    prefix = made.get("serverAccessLogsPrefix")
    if prefix is not None and made.get("serverAccessLogsBucket") is None:
        hidden = hidden or UnknownValue("a flag of the app decides how logs get into it")
    if hidden is not None:
        listed.append(Node(hidden))
    if listed:
        body = {
            "Bucket": building.ref(made),
            "PolicyDocument": policy(listed, made.line, made.column),
        }
        building.add(made, "AWS::S3::BucketPolicy", body, below="Policy")


def _tags(made: Made) -> list[dict[str, str]] | Node | None:
    empties = made.get("autoDeleteObjects")
    if empties is None or empties.value is False:
        return None
    if empties.value is not True:
        return unknown_at(empties, "whether it is tagged is known to the app alone")
    return [{"Key": "aws-cdk:auto-delete-objects", "Value": "true"}]


def _bucket_statements(building: Building, made: Made) -> list[Node]:
    listed: list[Node] = []
    every = {"Fn::Join": ["", [building.ref(made, "Arn"), "/*"]]}
    is_tls = _flag(building, made, "enforceSSL")
    if isinstance(is_tls, Node):
        listed.append(is_tls)
    elif is_tls:
        listed.append(
            as_node(
                {
                    "Action": "s3:*",
                    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
                    "Effect": "Deny",
                    "Principal": {"AWS": "*"},
                    "Resource": [building.ref(made, "Arn"), every],
                }
            )
        )
    if made.get("minimumTLSVersion") is not None:
        listed.append(Node(UnknownValue("minimumTLSVersion writes a part of the policy")))
    is_public = _flag(building, made, "publicReadAccess")
    if isinstance(is_public, Node):
        listed.append(is_public)
    elif is_public:
        listed.append(_allowed_to_all(every))
    if _flag(building, made, "autoDeleteObjects") is not False:
        # The role is one of the app's own, which empties the bucket when the stack goes.
        emptier = ["arn:aws:iam::", {"Ref": "AWS::AccountId"}, ":role/auto-delete-objects"]
        listed.append(
            as_node(
                {
                    "Action": [
                        "s3:PutBucketPolicy",
                        "s3:GetBucket*",
                        "s3:List*",
                        "s3:DeleteObject*",
                    ],
                    "Effect": "Allow",
                    "Principal": {"AWS": {"Fn::Join": ["", emptier]}},
                    "Resource": [building.ref(made, "Arn"), every],
                }
            )
        )
    return [*listed, *_called(building, made, every)]


def _allowed_to_all(every: Any) -> Node:
    return as_node(
        {"Action": "s3:GetObject", "Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": every}
    )


def _called(building: Building, made: Made, every: Any) -> list[Node]:
    """Give the statements that calls add to a bucket's policy."""
    listed: list[Node] = []
    for done in made.applied:
        if done.name == "addtoresourcepolicy" and done.arguments:
            listed.append(statement(building, done.arguments[0]))
        elif done.name == "grantpublicaccess":
            hidden = Node(UnknownValue("what is granted to everybody is not known"))
            listed.append(hidden if done.arguments else _allowed_to_all(every))
        elif done.name.startswith("policy"):
            listed.append(Node(UnknownValue(f"line {done.line} changes its policy")))
        elif done.name.startswith("grant") and not is_own(done.arguments):
            why = f"line {done.line} grants it to what is not known here"
            listed.append(Node(UnknownValue(why)))
    return listed


def _bucket_encryption(building: Building, made: Made) -> Node | None:
    kind, key = made.get("encryption"), made.get("encryptionKey")
    name = symbol_of(kind)
    if kind is None and key is None:
        return None
    at = kind or key or Node(None)
    body: dict[str, Any]
    if kind is None or name == "KMS":
        lowered = key_arn(building, key)
        # Without a key of its own the construct makes one.
        lowered = lowered or Node(UnknownValue("the key that it makes", "‹its key›", is_given=True))
        body = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": lowered}
    elif name == "UNENCRYPTED":
        return None
    elif name in ("S3_MANAGED", "KMS_MANAGED", "DSSE_MANAGED"):
        words = {"S3_MANAGED": "AES256", "KMS_MANAGED": "aws:kms", "DSSE_MANAGED": "aws:kms:dsse"}
        body = {"SSEAlgorithm": words[name]}
    else:
        return unknown_at(at, "its encryption is known to the app alone")
    rule = {"ServerSideEncryptionByDefault": body}
    result = as_node({"ServerSideEncryptionConfiguration": [rule]})
    return Node(result.value, at.line, at.column)


def _blocks(building: Building, node: Node | None) -> Node | None:
    if node is None:
        return None
    made = node.value
    name = symbol_of(node)
    body: dict[str, Any] | None = None
    if name in ("BLOCK_ALL", "BLOCK_ACLS", "BLOCK_ACLS_ONLY"):
        body = dict.fromkeys(_BLOCKS if name == "BLOCK_ALL" else (_BLOCKS[0], _BLOCKS[2]), True)
        if name != "BLOCK_ALL":
            body |= dict.fromkeys((_BLOCKS[1], _BLOCKS[3]), Node(_FLAGGED))
    elif isinstance(made, Made) and made.kind == "awss3.blockpublicaccess":
        body = {}
        for key in _BLOCKS:
            given = building.lower(made.get(key))
            body[key] = given if given is not None else Node(_FLAGGED)
    if body is None:
        return unknown_at(node, "what it blocks is known to the app alone")
    return Node(as_node(body).value, node.line, node.column)


def _versioning(building: Building, node: Node | None) -> Node | None:
    lowered = building.lower(node)
    if lowered is None or lowered.value is False:
        return None
    status = Node("Enabled") if lowered.value is True else lowered
    return Node(
        {"Status": Node(status.value, lowered.line, lowered.column)}, lowered.line, lowered.column
    )


def _logging(building: Building, made: Made) -> Node | None:
    target, prefix = made.get("serverAccessLogsBucket"), made.get("serverAccessLogsPrefix")
    if target is not None:
        name: Any = Node(
            UnknownValue("its name is known to the app alone", "‹log bucket›", is_given=True)
        )
        if isinstance(target.value, Made) and target.value.kind == "awss3.bucket":
            name = building.ref(target.value)
        body = as_node({"DestinationBucketName": name})
        return Node(body.value, target.line, target.column)
    if prefix is not None:
        # Into the bucket itself.
        return Node({"LogFilePrefix": Node("")}, prefix.line, prefix.column)
    return None
