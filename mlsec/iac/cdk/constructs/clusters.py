"""What domains of OpenSearch and clusters of EKS of the CDK synthesise."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.constructs.settings import key_arn, opened_by_settings
from mlsec.iac.cdk.template import Building, symbol_of
from mlsec.iac.cdk.values import Made, unknown_at

_SETS_IT = UnknownValue("the construct sets it")


def domain(building: Building, made: Made) -> None:
    """Add a domain of OpenSearch; what the construct sets by itself is not known."""
    logs = made.get("logging")
    at_rest = made.get("encryptionAtRest")
    enabled = _inside(at_rest, "enabled")
    key = _inside(at_rest, "kmsKey")
    https = building.lower(made.get("enforceHttps"))
    between = building.lower(made.get("nodeToNodeEncryption"))
    fine = made.get("fineGrainedAccessControl")
    # Signed basic access and fine-grained control turn these on by themselves.
    is_bare = fine is None and made.get("useUnsignedBasicAuth") is None and at_rest is None
    off = Node(value=False)
    building.add(
        made,
        "AWS::OpenSearchService::Domain",
        {
            "DomainName": building.lower(made.get("domainName")),
            "EncryptionAtRestOptions": {
                "Enabled": building.lower(enabled)
                or (off if is_bare else _default(enabled, key, at_rest)),
                "KmsKeyId": _key_id(building, key),
            },
            "NodeToNodeEncryptionOptions": {
                "Enabled": between or (off if is_bare else Node(_SETS_IT))
            },
            "DomainEndpointOptions": {
                "EnforceHTTPS": https or (off if is_bare else Node(_SETS_IT))
            },
            "VPCOptions": Node(UnknownValue("its network is known to the app alone", is_given=True))
            if made.get("vpc") is not None
            else None,
            "LogPublishingOptions": unknown_at(logs, "its logs") if logs is not None else None,
            "AdvancedSecurityOptions": unknown_at(fine, "its users") if fine is not None else None,
            "AccessPolicies": Node(UnknownValue("its policy is written by the construct"))
            if made.get("accessPolicies") is not None or made.applied
            else None,
            "ClusterConfig": Node(UnknownValue("its size is worked out by the construct")),
        },
        opened=opened_by_settings(made) or UnknownValue("the construct may set it"),
    )


def _key_id(building: Building, node: Node | None) -> Node | None:
    """Give the key of a domain, which the construct names by its id."""
    arn = key_arn(building, node)
    if node is not None and isinstance(node.value, Made) and node.value.kind == "awskms.key":
        return Node(building.ref(node.value).value, node.line, node.column)
    return arn


def _default(enabled: Node | None, key: Node | None, at_rest: Node | None) -> Node:
    if at_rest is not None and enabled is None and key is not None:
        return Node(value=True)
    return Node(_SETS_IT)


def _inside(node: Node | None, key: str) -> Node | None:
    if node is None:
        return None
    if isinstance(node.value, Made):
        return node.value.get(key)
    if isinstance(node.value, dict):
        result = node.value.get(key)
        return result if result is not None else node.value.get(_snake(key))
    return unknown_at(node, "it is put together elsewhere")


def _snake(key: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)


def cluster(building: Building, made: Made) -> None:
    """Add a cluster of EKS: its API is on the internet unless it is said otherwise."""
    access = made.get("endpointAccess")
    name = symbol_of(access) or ("PUBLIC_AND_PRIVATE" if access is None else "")
    modes: dict[str, tuple[bool, bool]] = {
        "PUBLIC": (True, False), "PRIVATE": (False, True), "PUBLIC_AND_PRIVATE": (True, True),
    }  # fmt: skip
    network: dict[str, Any]
    at = access or Node(None, made.line, made.column)
    if name in modes:
        public, private = modes[name]
        network = {
            "EndpointPublicAccess": Node(public, at.line, at.column),
            "EndpointPrivateAccess": Node(private, at.line, at.column),
        }
    else:
        hidden = unknown_at(at, "who reaches its API is known to the app alone")
        network = {
            "EndpointPublicAccess": hidden,
            "EndpointPrivateAccess": hidden,
            "PublicAccessCidrs": hidden,
        }
    key = made.get("secretsEncryptionKey")
    logs = made.get("clusterLogging")
    encrypted = [{"Resources": ["secrets"], "Provider": {"KeyArn": key_arn(building, key)}}]
    building.add(
        made,
        "AWS::EKS::Cluster",
        {
            "Name": building.lower(made.get("clusterName")),
            "ResourcesVpcConfig": {
                **network,
                "SubnetIds": Node(UnknownValue("its subnets", "‹subnets›", is_given=True)),
            },
            "EncryptionConfig": encrypted if key is not None else None,
            "Logging": unknown_at(logs, "what it logs is known to the app alone")
            if logs is not None
            else None,
            "RoleArn": Node(UnknownValue("its role", "‹its role›", is_given=True)),
            "Version": unknown_at(version, "its version")
            if (version := made.get("version"))
            else None,
        },
        opened=opened_by_settings(made),
    )
