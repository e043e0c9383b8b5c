"""The page of operations: every call a scan may make of each cloud, with the right it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from docs.concepts import CLOUDS
from mlsec.collect.walk.plan import Operation
from mlsec.providers.aws.collect.reader import plans as aws_plans
from mlsec.providers.aws.tables import table_of as aws_table
from mlsec.providers.azure.collect.reader import plans as azure_plans
from mlsec.providers.azure.tables import table_of as azure_table
from mlsec.providers.gcp.tables import plans as gcp_plans
from mlsec.providers.gcp.tables import table_of as gcp_table
from mlsec.providers.kubernetes.tables import table_of as kubernetes_table

# Where the least-privilege policy of each cloud is written to.
POLICY_FILES = {
    "aws": "docs/aws-scan-policy.json",
    "azure": "docs/azure-scan-role.json",
    "gcp": "docs/gcp-scan-role.yaml",
    "kubernetes": "docs/kubernetes-scan-role.yaml",
}
_TABLES: Mapping[str, Callable[[], Mapping[str, Operation]]] = {
    "aws": lambda: aws_table(aws_plans()),
    "azure": lambda: azure_table(azure_plans()),
    "gcp": lambda: gcp_table(gcp_plans()),
    "kubernetes": kubernetes_table,
}


def operations_page() -> str:
    """One table per cloud, in the order of the calls' names."""
    lines = ["# Operations", ""]
    lines += ["Every call that a scan may make. All of them only read.", ""]
    for cloud, table_of in _TABLES.items():
        table = table_of()
        policy = POLICY_FILES[cloud].rpartition("/")[2]
        lines += [f"## {CLOUDS.get(cloud, cloud.title())}", ""]
        lines += [f"{len(table)} calls. [{policy}]({policy}) allows them and nothing else.", ""]
        lines += ["| Call | Right |", "| --- | --- |"]
        for label, operation in sorted(table.items()):
            rights = "<br>".join(f"`{right}`" for right in operation.right.split(",") if right)
            lines.append(f"| `{label}` | {rights or 'none'} |")
        lines.append("")
    return "\n".join(lines)
