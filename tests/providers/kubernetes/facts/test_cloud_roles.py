"""Roles that EKS gives to pods by association: found, left alone, or known to be unknown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.resource import Inventory, Resource, TypeCoverage
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.providers.kubernetes.manifests import VOCABULARY
from tests.servers.config.declared import seen

AWS, ARN = "aws/111122223333", "arn:aws:eks:eu-west-1:111122223333:cluster/prod"
ROLE = "arn:aws:iam::111122223333:role/llm"


def resource(kind: str, name: str, scope: str, **properties: Any) -> Resource:
    provider = kind.partition(".")[0]
    return Resource(
        id=properties.pop("id", f"{scope}/{kind}/{name}"),
        type=kind,
        provider=provider,
        scope=scope,
        region="eu-west-1" if kind.startswith("aws.eks") else "",
        name=name,
        properties=properties,
    )


def association(cluster: str = "prod", space: str = "models") -> Resource:
    told = {"cluster_name": cluster, "namespace": space, "service_account": "llm"}
    name = f"{cluster}/{space}"
    return resource("aws.eks.pod_identity", name, AWS, **told, role_arn=ROLE, target_role_arn=None)


def roles(
    *more: Resource,
    context: str = ARN,
    version: str = "v1.32.9-eks-3025e55",
    is_listed: bool = True,
) -> tuple[set[str], bool]:
    """Give the roles of the account ``models/llm``, and whether there may be more."""
    scope = f"kubernetes/{context}"
    account = resource(
        "kubernetes.service_account", "llm", scope, namespace="models",
        aws_role=None, gcp_account=None, azure_client=None,
    )  # fmt: skip
    whole = (
        account,
        resource("kubernetes.cluster", context, scope, version=version),
        resource("aws.iam.role", "llm", AWS, id=ROLE),
        *more,
    )
    coverage = [
        TypeCoverage(
            type="aws.eks.pod_identity", scope=AWS, region="eu-west-1", enumerated=0, assessed=0,
            excluded=0, errored=0, is_complete=is_listed,
        )
    ]  # fmt: skip
    inventory = Inventory(resources=whole, gaps=(), coverage=tuple(coverage))
    graph = build_graph(VOCABULARY, inventory, FACTS)
    reached = graph.targets(graph.resources[account.id], "cloud_roles")
    return {each.id for each in reached.resources}, bool(reached.gaps)


PROD = resource("aws.eks.cluster", "prod", AWS, id=ARN)
TEST = resource("aws.eks.cluster", "test", AWS)


@pytest.mark.parametrize(
    ("parts", "options", "wanted"),
    [
        ((PROD, association()), {}, ({ROLE}, False)),
        ((PROD, TEST, association()), {"context": "me@prod.eu-west-1.eksctl.io"}, ({ROLE}, False)),
        ((PROD, association()), {"context": "mine"}, ({ROLE}, False)),
        ((PROD, TEST, association()), {"context": "mine"}, (set(), True)),
        ((PROD, TEST, association("test")), {}, (set(), False)),
        ((PROD, association(space="other")), {}, (set(), False)),
        ((PROD,), {}, (set(), False)),
        ((PROD,), {"is_listed": False}, (set(), True)),
        ((), {}, (set(), True)),
        ((), {"version": "v1.32.9"}, (set(), False)),
        ((), {"version": "v1.32.4-gke.1106006"}, (set(), True)),
    ],
)
def test_role_by_association_is_found_in_its_own_cluster_or_unknown(
    parts: tuple[Resource, ...], options: dict[str, Any], wanted: tuple[set[str], bool]
) -> None:
    assert roles(*parts, **options) == wanted


CODE = """\
resource "aws_iam_role" "llm" {
  name               = "llm"
  assume_role_policy = "{}"
}
resource "aws_eks_pod_identity_association" "llm" {
  cluster_name    = "prod"
  namespace       = "%s"
  service_account = "llm"
  role_arn        = aws_iam_role.llm.arn
}
"""
ACCOUNT = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: llm, namespace: models}\n"


def test_association_in_terraform_joins_the_account_of_a_manifest(tmp_path: Path) -> None:
    told = []
    for space in ("models", "other"):
        found = seen(tmp_path / space, {"main.tf": CODE % space, "a.yaml": ACCOUNT})
        graph = build_graph(VOCABULARY, found.inventory, FACTS)
        (account,) = graph.of_type("kubernetes.service_account")
        told.append([each.name for each in graph.targets(account, "cloud_roles").resources])
    assert told == [["llm"], []]
