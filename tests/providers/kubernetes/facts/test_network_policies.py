"""What network policies leave open: each kind of mistake as its smallest case."""

from __future__ import annotations

from pathlib import Path

import pytest

from mlsec.core.resource import Resource
from tests.providers.kubernetes.manifests import graph_of, of_type, verdicts

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm, namespace: models}
spec:
  template:
    metadata: {labels: {app: llm}}
    spec:
      containers:
        - {name: server, image: "vllm/vllm-openai:v1", ports: [{containerPort: 8000, name: http}]}
"""
ALL_BUT_METADATA = "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}"
NOT_SYSTEM = "{key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system]}"
OF_SYSTEM = "{matchLabels: {kubernetes.io/metadata.name: kube-system}}"
FACTS = ("is_isolated", "limits_egress", "reaches_metadata")


def policy(spec: str, name: str = "p", namespace: str = "models") -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: {name}, namespace: {namespace}}}\nspec: {spec}\n"
    )


def workload(scratch: Path, *more: str) -> Resource:
    graph = graph_of(scratch, {"x.yaml": "---\n".join([WORKLOAD, *more])})
    return of_type(graph, "workload")["llm"]


def egress(rules: str) -> str:
    return policy(f"{{podSelector: {{}}, policyTypes: [Egress], egress: {rules}}}")


def ingress(rules: str) -> str:
    return policy(f"{{podSelector: {{}}, ingress: {rules}}}")


@pytest.mark.parametrize(
    ("rules", "limits", "metadata"),
    [
        (f"[{ALL_BUT_METADATA}]", False, False),
        ("[{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", False, True),
        ("[{to: [{ipBlock: {cidr: 0.0.0.0/1}}, {ipBlock: {cidr: 128.0.0.0/1}}]}]", False, True),
        ("[{ports: [{port: 53, protocol: UDP}, {port: 53}]}]", True, False),
        ("[{ports: [{port: 53, endPort: 443}]}]", False, True),
        ("[{ports: [{port: 443}]}]", False, False),
        ("[{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", True, False),
        ("[{to: [{ipBlock: {cidr: 52.94.5.0/24}}]}]", True, False),
        ("[{to: [{namespaceSelector: {}}]}]", True, False),
        ("[{to: [{ipBlock: {cidr: 169.254.169.254/32}}], ports: [{port: 80}]}]", True, True),
        ("[]", True, False),
    ],
)
def test_egress_is_limited_where_no_port_that_carries_data_leads_to_the_internet(
    rules: str, limits: bool, metadata: bool, tmp_path: Path
) -> None:
    found = workload(tmp_path, egress(rules)).properties
    assert (found["limits_egress"], found["reaches_metadata"]) == (limits, metadata)


@pytest.mark.parametrize(
    ("rules", "isolated"),
    [
        ("[{}]", False),
        ("[{from: [{namespaceSelector: {}}]}]", False),
        (f"[{{from: [{{namespaceSelector: {{matchExpressions: [{NOT_SYSTEM}]}}}}]}}]", False),
        (f"[{{from: [{{namespaceSelector: {OF_SYSTEM}}}]}}]", True),
        ("[{from: [{podSelector: {}}]}]", True),
        ("[{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}]}]", True),
        ("[{from: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]", False),
        ("[{ports: [{port: http}]}]", False),
        ("[{ports: [{port: 9090}]}]", True),
        ("[{ports: [{port: 7999, endPort: 8001}]}]", False),
        ("[{ports: [{port: 8000, protocol: UDP}]}]", True),
    ],
)
def test_pods_are_isolated_where_no_unrelated_pod_reaches_a_port_that_they_serve(
    rules: str, isolated: bool, tmp_path: Path
) -> None:
    assert workload(tmp_path, ingress(rules)).properties["is_isolated"] is isolated


def test_policies_add_up(tmp_path: Path) -> None:
    closed = policy("{podSelector: {}}", "closed")
    opened = policy("{podSelector: {matchLabels: {app: llm}}, ingress: [{}]}", "opened")
    assert workload(tmp_path, closed).properties["is_isolated"] is True
    assert workload(tmp_path, closed, opened).properties["is_isolated"] is False


def test_empty_list_of_egress_rules_without_types_restricts_no_egress(tmp_path: Path) -> None:
    found = workload(tmp_path, policy("{podSelector: {}, egress: []}"))
    assert found.properties["limits_egress"] is False
    near = workload(tmp_path, policy("{podSelector: {}, egress: [], policyTypes: [Egress]}"))
    assert near.properties["limits_egress"] is True


def test_policy_of_one_folder_says_nothing_of_the_rest_of_the_repository(tmp_path: Path) -> None:
    plain = WORKLOAD.replace(", namespace: models", "")
    files = {
        "examples/a/llm.yaml": plain,
        "examples/b/policy.yaml": policy("{podSelector: {}}", namespace="''"),
        "charts/other/policy.yaml": policy("{podSelector: {}}", namespace="other"),
    }
    found = of_type(graph_of(tmp_path, files), "workload")["llm"]
    assert found.unread.keys() >= set(FACTS)
    beside = {
        "examples/a/llm.yaml": plain,
        "examples/a/policy.yaml": files["examples/b/policy.yaml"],
    }
    near = of_type(graph_of(tmp_path, beside), "workload")["llm"]
    assert [near.properties[fact] for fact in FACTS] == [True, False, True]


def test_policy_of_its_namespace_that_leaves_a_workload_out_leaves_it_open(tmp_path: Path) -> None:
    found = workload(tmp_path, policy("{podSelector: {matchLabels: {app: web}}}"))
    assert [found.properties[fact] for fact in FACTS] == [False, False, True]
    plain = WORKLOAD.replace(", namespace: models", "")
    text = f"{plain}---\n{policy('{podSelector: {matchLabels: {app: web}}}')}"
    unstated = of_type(graph_of(tmp_path, {"x.yaml": text}), "workload")["llm"]
    assert unstated.unread.keys() >= set(FACTS)
    elsewhere = workload(tmp_path, policy("{podSelector: {}}", namespace="other"))
    assert elsewhere.unread.keys() >= set(FACTS)


def test_policy_of_another_kind_leaves_what_policies_say_open(tmp_path: Path) -> None:
    admin = (
        "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\n"
        "metadata: {name: admin}\nspec: {priority: 1, subject: {namespaces: {}}}\n"
    )
    for rules in ("[{}]", "[]"):
        assert "is_isolated" in workload(tmp_path, ingress(rules), admin).unread


@pytest.mark.parametrize(
    ("policies", "denies"),
    [
        (["{podSelector: {}}"], True),
        (["{podSelector: {}}", "{podSelector: {matchLabels: {app: web}}, ingress: [{}]}"], True),
        (["{podSelector: {}}", "{podSelector: {}, ingress: [{}]}"], False),
        (["{podSelector: {matchLabels: {app: web}}}"], False),
        (["{podSelector: {matchExpressions: [{key: app, operator: Exists}]}}",
          "{podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}}"], True),
        (["{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: [b]}]}}"], False),
        (["{podSelector: {}, policyTypes: [Egress]}"], False),
    ],
)  # fmt: skip
def test_namespace_denies_by_default_where_every_pod_is_closed_until_a_policy_names_it(
    policies: list[str], denies: bool, tmp_path: Path
) -> None:
    namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: models}\n"
    texts = [policy(spec, f"p{number}") for number, spec in enumerate(policies)]
    graph = graph_of(tmp_path, {"x.yaml": "---\n".join([WORKLOAD, namespace, *texts])})
    assert of_type(graph, "namespace")["models"].properties["denies_by_default"] is denies


def test_dns_only_rule_raises_no_alarm(tmp_path: Path) -> None:
    text = f"{WORKLOAD}---\n{egress('[{ports: [{port: 53, protocol: UDP}, {port: 53}]}]')}"
    passed = verdicts(graph_of(tmp_path, {"x.yaml": text}))["pass"]
    assert {rule for rule, _ in passed} >= {
        "k8s-workload/egress-unrestricted",
        "k8s-workload/metadata-reachable",
    }
