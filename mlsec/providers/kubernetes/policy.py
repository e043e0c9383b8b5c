"""The least-privilege ClusterRole of a scan, generated from the table of operations."""

from __future__ import annotations

from mlsec.providers.kubernetes.tables import listed_kinds

NAME = "mlsec-scan"
_PATHS = ("/version", "/api", "/api/*", "/apis", "/apis/*")


def least_privilege_role(*, has_configmaps: bool = False) -> str:
    """Give the role as YAML for ``kubectl apply``: list only, without secrets.

    Config maps are included on request only: many contain what should be a secret.
    """
    groups: dict[str, list[str]] = {}
    for kind in listed_kinds(has_configmaps=has_configmaps):
        groups.setdefault(kind.group, []).append(kind.plural)
    lines = [
        "apiVersion: rbac.authorization.k8s.io/v1",
        "kind: ClusterRole",
        "metadata:",
        f"  name: {NAME}",
        "rules:",
    ]
    for group, plurals in sorted(groups.items()):
        lines += [
            f'  - apiGroups: ["{group}"]',
            f"    resources: [{', '.join(sorted(plurals))}]",
            "    verbs: [list]",
        ]
    lines += ["  - nonResourceURLs: [" + ", ".join(f'"{path}"' for path in _PATHS) + "]"]
    lines += ["    verbs: [get]"]
    return "\n".join(lines)
