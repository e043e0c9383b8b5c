"""The least-privilege custom role of a scan, generated from the table of operations."""

from __future__ import annotations

from mlsec.providers.gcp.tables import WALKING, plans, table_of

# The project that pays for the calls must let the scan's identity use it.
QUOTA_RIGHT = "serviceusage.services.use"
_PROJECT_RIGHT = "resourcemanager.projects.get"
# Rights that IAM does not know, and who gives them: a role that names one is refused.
_ELSEWHERE = {
    "cloudidentity.memberships.search": "the admin role Groups Reader of Cloud Identity",
}
_TITLE = "mlsec scan"
_ABOUT = "Reads the configuration of machine-learning deployments; reads no data and no secrets"


def rights(*, is_organisation: bool = False) -> tuple[str, ...]:
    """Give the permissions, sorted; those of the inventory only spare other calls."""
    walking = {operation.label for operation in WALKING}
    needed = {QUOTA_RIGHT}
    for label, operation in table_of(plans()).items():
        if is_organisation or label not in walking or operation.right == _PROJECT_RIGHT:
            needed.update(operation.right.split(","))
    return tuple(sorted(needed))


def least_privilege_role(*, is_organisation: bool = False) -> str:
    """Give the role as the YAML that ``gcloud iam roles create --file`` takes.

    Folders and organisations are read for what they grant and forbid below, and a role of a project
    cannot hold those permissions: hence the organisation's role.
    """
    needed = rights(is_organisation=is_organisation)
    lines = [
        f"title: {_TITLE}",
        f"description: {_ABOUT}",
        "stage: GA",
        "includedPermissions:",
        *(f"- {right}" for right in needed if right not in _ELSEWHERE),
        *(f"# {right}: {_ELSEWHERE[right]}" for right in needed if right in _ELSEWHERE),
    ]
    return "\n".join(lines)
