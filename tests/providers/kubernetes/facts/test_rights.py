"""Who is privileged in a cluster: each kind of mistake as its smallest case."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

WORKLOAD = """\
apiVersion: v1
kind: Pod
metadata: {name: llm, namespace: models}
spec: {serviceAccountName: llm, containers: [{name: s, image: "vllm/vllm-openai:v1"}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: llm, namespace: models}
"""
ADMIN = """\
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: boss, namespace: SPACE}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: boss}
roleRef: {kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: boss, namespace: SPACE}]
"""
LLM = "{kind: ServiceAccount, name: llm, namespace: models}"


def given(rule: str, space: str = "models", subject: str = LLM, labels: str = "{}") -> str:
    """Give a role with one rule and its binding; an empty namespace is everywhere."""
    kind = "Role" if space else "ClusterRole"
    where = f", namespace: {space}" if space else ""
    return (
        f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\n"
        f"metadata: {{name: r{where}, labels: {labels}}}\nrules: [{rule}]\n"
        f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}Binding\n"
        f"metadata: {{name: b{where}}}\nroleRef: {{kind: {kind}, name: r}}\nsubjects: [{subject}]\n"
    )


def rule(verbs: str, resource: str, group: str = "", names: str = "") -> str:
    named = f", resourceNames: [{names}]" if names else ""
    return f"{{apiGroups: ['{group}'], resources: [{resource}], verbs: [{verbs}]{named}}}"


def account(scratch: Path, *more: str) -> Resource:
    graph = graph_of(scratch, {"x.yaml": "".join([WORKLOAD, *more])})
    return of_type(graph, "service_account")["llm"]


SECRETS = rule("get", "secrets")


@pytest.mark.parametrize(
    ("subject", "has"),
    [
        ("{kind: User, name: 'system:serviceaccount:models:llm'}", True),
        ("{kind: User, name: 'system:serviceaccount:other:llm'}", False),
        ("{kind: User, name: llm}", False),
        ("{kind: Group, name: 'system:serviceaccounts'}", True),
        ("{kind: Group, name: 'system:serviceaccounts:models'}", True),
        ("{kind: Group, name: 'system:serviceaccounts:other'}", False),
        ("{kind: Group, name: 'system:authenticated'}", True),
    ],
)
def test_account_has_what_its_user_and_its_groups_are_given(
    subject: str, has: bool, tmp_path: Path
) -> None:
    found = account(tmp_path, given(SECRETS, subject=subject)).properties
    assert found["sensitive_permissions"] == (["read_secrets"] if has else [])


@pytest.mark.parametrize(
    ("text", "space", "privileged"),
    [
        (SECRETS, "kube-system", True),
        (SECRETS, "models", False),
        (rule("get", "secrets", names="one"), "kube-system", False),
        (rule("create", "pods/exec"), "kube-system", True),
        (rule("create", "serviceaccounts/token"), "kube-system", True),
        (rule("create", "pods"), "kube-system", True),
        (rule("create", "pods"), "models", False),
        (rule("create", "notebooks", "kubeflow.org"), "", True),
        (rule("create", "workflows", "argoproj.io"), "kube-system", True),
    ],
)
def test_right_in_kube_system_takes_over_the_cluster_and_one_elsewhere_does_not(
    text: str, space: str, privileged: bool, tmp_path: Path
) -> None:
    assert account(tmp_path, given(text, space)).properties["is_privileged"] is privileged


def test_right_in_the_namespace_of_a_powerful_account_takes_over_the_cluster(
    tmp_path: Path,
) -> None:
    runs = given(rule("create", "pytorchjobs", "kubeflow.org"))
    near = account(tmp_path, runs, ADMIN.replace("SPACE", "other"))
    assert near.properties["is_privileged"] is False
    found = account(tmp_path, runs, ADMIN.replace("SPACE", "models"))
    assert found.properties["is_privileged"] is True
    assert found.properties["escalation_paths"] == ["create|update|patch custom workloads -> boss"]


@pytest.mark.parametrize(
    ("text", "privileged"),
    [
        (rule("update", "configmaps", names="aws-auth"), True),
        (rule("update", "configmaps"), None),
        (rule("update", "configmaps", names="coredns"), False),
        (rule("get", "configmaps", names="aws-auth"), False),
    ],
)
def test_who_writes_aws_auth_takes_over_the_cluster(
    text: str, privileged: bool | None, tmp_path: Path
) -> None:
    found = account(tmp_path, given(text, "kube-system"))
    assert found.properties.get("is_privileged") is privileged


CUSTOM: tuple[tuple[str, str], ...] = (
    ("kubeflow.org", "notebooks"), ("kubeflow.org", "mpijobs"),
    ("trainer.kubeflow.org", "trainjobs"),
    ("serving.kserve.io", "inferenceservices"), ("argoproj.io", "workflows"),
    ("serving.knative.dev", "services"), ("sparkoperator.k8s.io", "sparkapplications"),
    ("tekton.dev", "taskruns"), ("batch.volcano.sh", "jobs"), ("ray.io", "rayjobs"),
    ("leaderworkerset.x-k8s.io", "leaderworkersets"), ("jobset.x-k8s.io", "jobsets"),
)  # fmt: skip


@pytest.mark.parametrize(("group", "plural"), CUSTOM)
def test_who_writes_custom_workloads_starts_pods(group: str, plural: str, tmp_path: Path) -> None:
    text = WORKLOAD + given(rule("create", plural, group))
    failed = verdicts(graph_of(tmp_path, {"x.yaml": text}))["fail"]
    assert ("k8s-rbac/model-account-starts-pods", "llm") in failed
    near = WORKLOAD + given(rule("get", plural, group))
    passed = verdicts(graph_of(tmp_path, {"x.yaml": near}))["pass"]
    assert ("k8s-rbac/model-account-starts-pods", "llm") in passed


def test_role_collects_rules_to_any_depth_and_by_expressions(tmp_path: Path) -> None:
    def collecting(name: str, wanted: str, labels: str = "{}") -> str:
        return (
            f"---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
            f"metadata: {{name: {name}, labels: {labels}}}\n"
            f"aggregationRule: {{clusterRoleSelectors: [{wanted}]}}\n"
        )

    leaf = (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        f"metadata: {{name: leaf, labels: {{leaf: 'yes'}}}}\nrules: [{SECRETS}]\n"
    )
    bound = (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n"
        "metadata: {name: b, namespace: models}\nroleRef: {kind: ClusterRole, name: top}\n"
        f"subjects: [{LLM}]\n"
    )
    texts = [
        collecting("top", "{matchExpressions: [{key: part, operator: Exists}]}"),
        collecting("part", "{matchLabels: {leaf: 'yes'}}", "{part: a}"),
        leaf,
        bound,
    ]
    assert account(tmp_path, *texts).properties["sensitive_permissions"] == ["read_secrets"]


def test_role_of_every_cluster_has_what_code_adds_to_it(tmp_path: Path) -> None:
    label = "{'rbac.authorization.k8s.io/aggregate-to-view': 'true'}"
    added = (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        f"metadata: {{name: more, labels: {label}}}\nrules: [{SECRETS}]\n"
    )
    bound = (
        "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\n"
        "metadata: {name: b, namespace: models}\nroleRef: {kind: ClusterRole, name: view}\n"
        f"subjects: [{LLM}]\n"
    )
    assert account(tmp_path, bound).properties["sensitive_permissions"] == []
    found: dict[str, Any] = dict(account(tmp_path, bound, added).properties)
    assert found["sensitive_permissions"] == ["read_secrets"]


@pytest.mark.parametrize("part", ["nodes/status", "pods/status", "services/status"])
def test_right_to_change_a_status_fails(part: str, tmp_path: Path) -> None:
    text = WORKLOAD + given(rule("patch", part), "")
    failed = verdicts(graph_of(tmp_path, {"x.yaml": text}))["fail"]
    assert ("k8s-rbac/model-account-changes-status", "llm") in failed


def test_right_beside_a_powerful_account_is_unknown_where_neither_states_its_namespace(
    tmp_path: Path,
) -> None:
    runs = given(rule("create", "pods")).replace(", namespace: models", "")
    files = {
        "apps/a/llm.yaml": (WORKLOAD + runs).replace(", namespace: models", ""),
        "apps/b/boss.yaml": ADMIN.replace(", namespace: SPACE", ""),
    }
    found = of_type(graph_of(tmp_path, files), "service_account")["llm"]
    assert "is_privileged" in found.unread
    together = {"apps/a/all.yaml": "".join(files.values())}
    near = of_type(graph_of(tmp_path, together), "service_account")["llm"]
    assert near.properties["is_privileged"] is True


RBAC = "rbac.authorization.k8s.io"
ESCALATES, STARTS = "k8s-rbac/model-account-can-escalate", "k8s-rbac/model-account-starts-pods"
LABELS, PRIVILEGED = "k8s-rbac/model-account-labels-namespaces", "k8s-rbac/model-account-privileged"


def verdict(scratch: Path, rule_id: str, *more: str) -> str:
    """Give what a rule says of the account, "none" where it does not apply."""
    given_to = verdicts(graph_of(scratch, {"x.yaml": "".join([WORKLOAD, *more])}))
    return next((status for status, all_ in given_to.items() if (rule_id, "llm") in all_), "none")


@pytest.mark.parametrize(
    ("group", "plural", "space", "said"),
    [
        ("kustomize.toolkit.fluxcd.io", "kustomizations", "models", "fail"),
        ("helm.toolkit.fluxcd.io", "helmreleases", "models", "fail"),
        ("argoproj.io", "applications", "argocd", "fail"),
        ("argoproj.io", "appprojects", "", "fail"),
        ("argoproj.io", "applications", "models", "not_assessed"),
        ("kyverno.io", "clusterpolicies", "", "fail"),
        ("apps.kruise.io", "sidecarsets", "", "fail"),
        ("apps.kruise.io", "clonesets", "models", "pass"),
        ("gateway.networking.k8s.io", "httproutes", "", "pass"),
        ("widgets.example.com", "widgets", "", "not_assessed"),
        ("widgets.example.com", "widgets", "models", "pass"),
        ("widgets.example.com", "widgets/status", "", "pass"),
    ],
)
def test_who_has_a_controller_act_has_what_the_controller_has(
    group: str, plural: str, space: str, said: str, tmp_path: Path
) -> None:
    assert verdict(tmp_path, PRIVILEGED, given(rule("create", plural, group), space)) == said
    reads = given(rule("get, list", plural, group), space)
    assert verdict(tmp_path, PRIVILEGED, reads) == "pass"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rule("create", "clonesets", "apps.kruise.io"), "fail"),
        (rule("create", "dynamographdeployments", "nvidia.com"), "fail"),
        (rule("create", "workspaces", "kaito.sh"), "fail"),
        (rule("create", "rayjobs", "ray.io"), "fail"),
        (rule("create", "policies", "kyverno.io"), "fail"),
        (rule("patch", "deployments", "apps", "own"), "fail"),
        (rule("create", "deployments", "apps", "own"), "pass"),
        (rule("create", "widgets", "widgets.example.com"), "not_assessed"),
        (rule("create", "'*'", "widgets.example.com"), "not_assessed"),
        (rule("get", "widgets", "widgets.example.com"), "pass"),
        (rule("create", "scaledobjects", "keda.sh"), "pass"),
        (rule("create", "configmaps", "*"), "pass"),
    ],
)
def test_right_on_a_kind_counts_for_what_its_controller_does(
    text: str, said: str, tmp_path: Path
) -> None:
    assert verdict(tmp_path, STARTS, given(text)) == said


@pytest.mark.parametrize(
    ("verbs", "resource", "names", "said"),
    [
        ("bind", "clusterroles", "view", "pass"),
        ("bind", "clusterroles", "edit", "fail"),
        ("bind", "clusterroles", "", "fail"),
        ("bind", "clusterroles", "'view', 'elsewhere'", "not_assessed"),
        ("bind", "clusterroles", "reader", "fail"),
        ("bind", "clusterroles", "looker", "pass"),
        ("escalate", "clusterroles", "view", "pass"),
        ("escalate, update", "clusterroles", "view", "fail"),
        ("'*'", "clusterroles", "view", "fail"),
    ],
)
def test_right_to_bind_a_role_counts_for_what_the_role_gives(
    verbs: str, resource: str, names: str, said: str, tmp_path: Path
) -> None:
    roles = "".join(
        f"---\napiVersion: {RBAC}/v1\nkind: ClusterRole\nmetadata: {{name: {name}}}\n"
        f"rules: [{text}]\n"
        for name, text in (("reader", SECRETS), ("looker", rule("get", "configmaps")))
    )
    found = given(rule(verbs, resource, RBAC, names))
    assert verdict(tmp_path, ESCALATES, roles, found) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (rule("patch", "namespaces"), "fail"),
        (rule("update", "namespaces", names="models"), "fail"),
        (rule("get, list, watch", "namespaces"), "pass"),
        (rule("create", "namespaces"), "pass"),
    ],
)
def test_who_labels_a_namespace_decides_who_is_let_in(text: str, said: str, tmp_path: Path) -> None:
    assert verdict(tmp_path, LABELS, given(text)) == said
    runs = (
        given(rule("create", "pods")).replace("name: r", "name: r2").replace("name: b", "name: b2")
    )
    both = verdict(tmp_path, PRIVILEGED, given(text), runs)
    assert both == ("fail" if said == "fail" else "pass")


@pytest.mark.parametrize(("name", "privileged"), [("boss", True), ("llm", False)])
def test_token_of_a_named_account_is_worth_what_that_account_may_do(
    name: str, privileged: bool, tmp_path: Path
) -> None:
    boss = ADMIN.replace("SPACE", "models")
    for right in (
        rule("create", "serviceaccounts/token", names=name),
        rule("impersonate", "serviceaccounts", names=name),
    ):
        found = account(tmp_path, given(right), boss)
        assert found.properties["is_privileged"] is privileged
        assert found.properties["can_escalate"] is privileged


@pytest.mark.parametrize("part", ["pods/exec", "pods/attach", "pods/ephemeralcontainers", "pods"])
def test_right_on_a_named_pod_is_unknown_where_a_powerful_account_may_run_it(
    part: str, tmp_path: Path
) -> None:
    text = given(rule("get, patch", part, names="boss-0"))
    boss = ADMIN.replace("SPACE", "models")
    assert verdict(tmp_path, PRIVILEGED, text, boss) == "not_assessed"
    assert verdict(tmp_path, PRIVILEGED, text) == "pass"


def test_who_makes_profiles_of_kubeflow_may_start_pods(tmp_path: Path) -> None:
    assert verdict(tmp_path, STARTS, given(rule("create", "profiles", "kubeflow.org"))) == (
        "not_assessed"
    )
