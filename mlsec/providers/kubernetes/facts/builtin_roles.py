"""What the roles allow that every cluster has, for code, which does not declare them.

Source: the bootstrap policy of Kubernetes 1.34, rules that lead to other rights.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Rule = Mapping[str, Any]
AGGREGATES = "rbac.authorization.k8s.io/aggregate-to-"


def _rule(groups: str, resources: str, verbs: str) -> Rule:
    return {
        "groups": ["" if group == "core" else group for group in groups.split()],
        "resources": resources.split(),
        "verbs": verbs.split(),
        "names": [],
    }


_READ, _WRITE = "get list watch", "create delete deletecollection patch update"
_EDIT = (
    _rule(
        "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy", _READ
    ),
    _rule("core", "serviceaccounts", "impersonate"),
    _rule("core", "pods pods/attach pods/exec pods/portforward pods/proxy", _WRITE),
    _rule("core", "pods/eviction serviceaccounts/token", "create"),
    _rule(
        "core",
        "configmaps events persistentvolumeclaims replicationcontrollers secrets serviceaccounts"
        " services services/proxy",
        _WRITE,
    ),
    _rule("apps", "daemonsets deployments replicasets statefulsets", _WRITE),
    _rule("batch", "cronjobs jobs", _WRITE),
    _rule("networking.k8s.io", "ingresses networkpolicies", _WRITE),
)
BUILTIN: Mapping[str, tuple[Rule, ...]] = {
    "cluster-admin": (_rule("*", "*", "*"),),
    "admin": (
        *_EDIT,
        _rule("rbac.authorization.k8s.io", "rolebindings roles", f"{_READ} {_WRITE}"),
    ),
    "edit": _EDIT,
    "view": (),
    "system:auth-delegator": (),
    "system:discovery": (),
    "system:basic-user": (),
    "system:public-info-viewer": (),
}
# The roles whose rules are also those of another.
INCLUDES: Mapping[str, tuple[str, ...]] = {
    "admin": ("admin", "edit", "view"),
    "edit": ("edit", "view"),
    "view": ("view",),
}
