"""Small graphs built from policy documents as an account would hold them."""

from __future__ import annotations

from functools import cache
from typing import Any

from mlsec.core.coverage import TypeCoverage, coverage_of
from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.providers.aws.shapes.table import SHAPES
from mlsec.targets.facts import FACTS
from mlsec.vocabulary.types import Vocabulary
from tests.shipped import shipped_vocabulary

ACCOUNT = "111122223333"
SCOPE = f"aws/{ACCOUNT}"
OTHER = "999988887777"


@cache
def vocabulary() -> Vocabulary:
    """Load the shipped vocabulary once."""
    return shipped_vocabulary()


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Write an Allow; ``without_actions=True`` makes it NotAction, and so for resources."""
    return _statement("Allow", action, resource, more)


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    """Write a Deny."""
    return _statement("Deny", action, resource, more)


def _statement(effect: str, action: Any, resource: Any, more: dict[str, Any]) -> dict[str, Any]:
    keys = {"action": "Action", "resource": "Resource"}
    if more.pop("without_actions", False):
        keys["action"] = "NotAction"
    if more.pop("without_resources", False):
        keys["resource"] = "NotResource"
    written = {"Effect": effect, keys["action"]: action}
    if resource is not None:
        written[keys["resource"]] = resource
    names = {"when": "Condition", "principal": "Principal", "not_principal": "NotPrincipal"}
    return {**written, **{names[key]: value for key, value in more.items()}}


def document(*statements: dict[str, Any]) -> list[dict[str, Any]]:
    """Normalise a policy document."""
    found = SHAPES["policy"]({"Version": "2012-10-17", "Statement": list(statements)})
    assert isinstance(found, list)
    return found


def role(
    *statements: dict[str, Any],
    name: str = "runner",
    boundary: str | None = None,
    attached: tuple[str, ...] = (),
    trust: list[dict[str, Any]] | None = None,
    unread: dict[str, tuple[str, ...]] | None = None,
) -> Resource:
    """Make a role with one inline policy."""
    properties: dict[str, Any] = {
        "boundary_arn": boundary,
        "attached_policies": [{"name": arn, "arn": arn} for arn in attached],
        "inline_statements": [{"policy": "inline", **each} for each in document(*statements)],
        "trust": document() if trust is None else trust,
    }
    for hidden in unread or {}:
        properties.pop(hidden, None)
    return Resource(
        id=f"arn:aws:iam::{ACCOUNT}:role/{name}",
        type="aws.iam.role",
        provider="aws",
        scope=SCOPE,
        name=name,
        properties=properties,
        unread=unread or {},
    )


def policy(arn: str, *statements: dict[str, Any], unread: bool = False) -> Resource:
    """Make a managed policy."""
    return Resource(
        id=arn,
        type="aws.iam.policy",
        provider="aws",
        scope=SCOPE,
        name=arn,
        properties={"arn": arn} if unread else {"arn": arn, "statements": document(*statements)},
        unread={"statements": ("gap-policy",)} if unread else {},
    )


def bucket(
    *statements: dict[str, Any],
    acl: list[dict[str, Any]] | None = None,
    unread: tuple[str, ...] = (),
    **settings: Any,
) -> Resource:
    """Make a bucket called ``data`` that blocks nothing."""
    properties: dict[str, Any] = {
        "policy": document(*statements),
        "acl": acl or [],
        "owner_id": "a" * 64,
        "block_public_acls": False,
        "ignore_public_acls": False,
        "block_public_policy": False,
        "restrict_public_buckets": False,
        "encryption_key": None,
        **settings,
    }
    for hidden in unread:
        properties.pop(hidden, None)
    return Resource(
        id="arn:aws:s3:::data",
        type="aws.s3.bucket",
        provider="aws",
        scope=SCOPE,
        region="eu-west-1",
        name="data",
        properties=properties,
        unread={hidden: (f"gap-{hidden}",) for hidden in unread},
    )


def account(*, unread: bool = False, **blocks: bool) -> Resource:
    """Make the account, with its own blocks of public access."""
    names = (
        "block_public_acls", "ignore_public_acls", "block_public_policy", "restrict_public_buckets",
    )  # fmt: skip
    held = {f"s3_block.{name}": blocks.get(name, False) for name in names}
    return Resource(
        id=f"aws://{ACCOUNT}",
        type="aws.account",
        provider="aws",
        scope=SCOPE,
        name=ACCOUNT,
        properties={} if unread else held,
        unread=dict.fromkeys(held, ("gap-account",)) if unread else {},
    )


def graph_of(*resources: Resource) -> Graph:
    """Join resources; every listing is complete."""
    listed = ("aws.iam.role", "aws.iam.policy", "aws.iam.group", "aws.account", "aws.kms.alias")
    rows = tuple(TypeCoverage(type=name, scope=SCOPE, region="") for name in listed)
    return build_graph(
        vocabulary(), Inventory(resources=resources, coverage=coverage_of(rows)), FACTS
    )


def fact(resource: Resource, name: str, *others: Resource) -> Any:
    """Derive one fact: its value, or the text ``unread``."""
    found = graph_of(resource, *others).resources[resource.id]
    if name in found.unread:
        return "unread"
    return found.properties[name]
