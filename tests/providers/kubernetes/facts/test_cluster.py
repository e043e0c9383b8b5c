"""Derived facts of a cluster: what rights lead to, what leads to pods, what policies leave open."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from mlsec.core.resource import Resource
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.providers.kubernetes.facts.cloud_roles import CLOUDS
from mlsec.providers.kubernetes.facts.lookups import selecting
from mlsec.targets.facts import FACTS
from tests.providers.kubernetes.manifests import VOCABULARY, graph_of, inventory_of, of_type

WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: llm, namespace: models}
spec:
  template:
    metadata: {labels: {app: llm}}
    spec:
      serviceAccountName: llm
      containers:
        - {name: server, image: "vllm/vllm-openai:v1", ports: [{containerPort: 8000}]}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: llm, namespace: models}
"""


def account(scratch: Path, *more: str) -> Resource:
    graph = graph_of(scratch, {"x.yaml": "---\n".join([WORKLOAD, *more])})
    return of_type(graph, "service_account")["llm"]


def binding(role: str, *, wide: bool = False, subject: str = "") -> str:
    kind, space = ("ClusterRoleBinding", "") if wide else ("RoleBinding", ", namespace: models")
    who = subject or "{kind: ServiceAccount, name: llm, namespace: models}"
    return (
        f"apiVersion: rbac.authorization.k8s.io/v1\nkind: {kind}\nmetadata: {{name: b{space}}}\n"
        f"roleRef: {{kind: ClusterRole, name: {role}}}\nsubjects: [{who}]\n"
    )


def role(rules: str, name: str = "r", more: str = "") -> str:
    return (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\n"
        f"metadata: {{name: {name}{more}}}\nrules: {rules}\n"
    )


SECRETS = "[{apiGroups: [''], resources: [secrets], verbs: [get]}]"


def test_account_without_bindings_in_the_folder_has_no_rights(tmp_path: Path) -> None:
    assert account(tmp_path).properties["sensitive_permissions"] == []


def test_cluster_admin_is_known_although_no_folder_declares_it(tmp_path: Path) -> None:
    found = account(tmp_path, binding("cluster-admin", wide=True))
    assert (found.properties["is_admin"], found.properties["is_privileged"]) == (True, True)
    near = account(tmp_path, binding("cluster-admin"))
    assert (near.properties["is_admin"], near.properties["is_privileged"]) == (False, True)
    assert near.properties["escalation_paths"] == ["update|patch namespaces + create pods"]
    edits = account(tmp_path, binding("edit"))
    assert (edits.properties["is_admin"], edits.properties["is_privileged"]) == (False, False)


@pytest.mark.parametrize(
    ("rules", "wanted"),
    [
        (SECRETS, ["read_secrets"]),
        ("[{apiGroups: [''], resources: [secrets], verbs: [get], resourceNames: [a]}]", []),
        ("[{apiGroups: [apps], resources: [secrets], verbs: [get]}]", []),
        ("[{apiGroups: [''], resources: ['*/exec'], verbs: [create]}]", ["run_commands"]),
        ("[{apiGroups: [''], resources: [nodes/proxy], verbs: [get]}]", ["reach_nodes"]),
        ("[{apiGroups: ['*'], resources: [roles], verbs: [bind]}]", ["change_rights"]),
        ("[{apiGroups: [batch], resources: [jobs], verbs: ['*']}]", ["change_pods", "run_pods"]),
        ("[{apiGroups: [''], resources: [pods], verbs: [get, list]}]", []),
    ],
)
def test_rules_of_a_role_are_named_by_what_they_lead_to(
    rules: str, wanted: list[str], tmp_path: Path
) -> None:
    assert (
        account(tmp_path, role(rules), binding("r")).properties["sensitive_permissions"] == wanted
    )


def test_role_that_collects_others_allows_what_they_allow(tmp_path: Path) -> None:
    whole = (
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: whole}\n"
        "aggregationRule: {clusterRoleSelectors: [{matchLabels: {part: 'yes'}}]}\n"
    )
    part = role(SECRETS, "part", ", labels: {part: 'yes'}")
    found = account(tmp_path, whole, part, binding("whole"))
    assert found.properties["sensitive_permissions"] == ["read_secrets"]


@pytest.mark.parametrize("group", ["system:authenticated", "system:serviceaccounts:models"])
def test_account_has_what_its_groups_are_given(group: str, tmp_path: Path) -> None:
    subject = f"{{kind: Group, name: '{group}'}}"
    found = account(tmp_path, role(SECRETS), binding("r", wide=True, subject=subject))
    assert found.properties["sensitive_permissions"] == ["read_secrets (everywhere)"]


def test_role_that_is_declared_nowhere_is_unknown_and_not_empty(tmp_path: Path) -> None:
    found = account(tmp_path, binding("operators-own", wide=True))
    assert {"sensitive_permissions", "is_privileged"} <= found.unread.keys()


def test_right_that_is_known_decides_whatever_else_is_not(tmp_path: Path) -> None:
    wide = binding("cluster-admin", wide=True).replace("name: b", "name: c")
    found = account(tmp_path, binding("operators-own"), wide)
    assert found.properties["is_admin"] is True


def test_account_that_nobody_declares_is_there_and_its_rights_are_unknown(tmp_path: Path) -> None:
    text = WORKLOAD.split("---", maxsplit=1)[0]
    found = of_type(graph_of(tmp_path, {"x.yaml": text}), "service_account")["llm"]
    assert found.properties["is_declared"] is False
    assert "is_privileged" in found.unread


def service(kind: str = "LoadBalancer", more: str = "", notes: str = "{}") -> str:
    return (
        "apiVersion: v1\nkind: Service\n"
        f"metadata: {{name: s, namespace: models, annotations: {notes}}}\n"
        f"spec: {{type: {kind}, selector: {{app: llm}}, ports: [{{port: 80, targetPort: 8000}}]"
        f"{more}}}\n"
    )


def served(scratch: Path, *more: str) -> Graph:
    return graph_of(scratch, {"x.yaml": "---\n".join([WORKLOAD, *more])})


INTERNAL = "{service.beta.kubernetes.io/azure-load-balancer-internal: 'true'}"
NEW_AWS = "{service.beta.kubernetes.io/aws-load-balancer-type: external}"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (service(), True),
        (service("ClusterIP"), False),
        (service("NodePort"), None),
        (service(notes=INTERNAL), False),
        (service(notes=NEW_AWS), False),
        (service(more=", loadBalancerSourceRanges: [10.0.0.0/8]"), False),
        (service(more=", loadBalancerSourceRanges: [0.0.0.0/0]"), True),
    ],
)
def test_service_is_on_the_internet_or_not_or_nobody_can_tell(
    text: str, wanted: bool | None, tmp_path: Path
) -> None:
    found = of_type(served(tmp_path, text), "service")["s"]
    assert found.properties.get("is_public") is wanted
    assert ("is_public" in found.unread) is (wanted is None)
    assert found.properties["leads_to_ml"] is True


def test_policy_of_the_mesh_that_demands_a_caller_closes_the_door(tmp_path: Path) -> None:
    policy = (
        "apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\n"
        "metadata: {name: p, namespace: models}\nspec: {selector: {matchLabels: {app: llm}},"
        " rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}\n"
    )
    found = of_type(served(tmp_path, service(), policy), "service")["s"]
    assert (found.properties["requires_auth"], found.properties["is_public"]) == (True, False)
    open_to_all = policy.replace("[{from: [{source: {requestPrincipals: ['*']}}]}]", "[{}]")
    near = of_type(served(tmp_path, service(), open_to_all), "service")["s"]
    assert (near.properties["requires_auth"], near.properties["is_public"]) == (False, True)


def ingress(notes: str) -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\n"
        f"metadata: {{name: i, namespace: models, annotations: {notes}}}\n"
        "spec: {defaultBackend: {service: {name: s, port: {number: 80}}}}\n"
    )


@pytest.mark.parametrize(
    ("notes", "public", "asks"),
    [
        ("{alb.ingress.kubernetes.io/scheme: internet-facing}", True, False),
        ("{alb.ingress.kubernetes.io/scheme: internal}", False, False),
        ("{}", None, False),
        ("{nginx.ingress.kubernetes.io/auth-url: 'https://a/'}", False, True),
        ("{traefik.ingress.kubernetes.io/router.middlewares: a@b}", None, None),
    ],
)
def test_ingress_is_judged_by_what_its_annotations_say(
    notes: str, public: bool | None, asks: bool | None, tmp_path: Path
) -> None:
    found = of_type(served(tmp_path, service("ClusterIP"), ingress(notes)), "ingress")["i"]
    assert found.properties.get("is_public") is public
    assert found.properties.get("requires_auth") is asks
    assert found.properties["leads_to_ml"] is True


def test_ports_behind_a_service_are_told_by_product(tmp_path: Path) -> None:
    text = WORKLOAD.replace("vllm/vllm-openai:v1", "rayproject/ray:2.9").replace("8000}]", "8265}]")
    graph = graph_of(tmp_path, {"x.yaml": f"{text}---\n{service().replace('8000', '8265')}"})
    found = of_type(graph, "service")["s"]
    assert found.properties["exposed_products"] == [
        {"product": "ray", "port": 8265, "what": "code"}
    ]


def test_service_without_pods_in_the_folder_is_unknown_and_not_harmless(tmp_path: Path) -> None:
    found = of_type(graph_of(tmp_path, {"x.yaml": service()}), "service")["s"]
    assert {"leads_to_ml", "exposed_products"} <= found.unread.keys()


def test_labels_mean_the_pods_that_stand_nearest(tmp_path: Path) -> None:
    other = WORKLOAD.replace("vllm/vllm-openai:v1", "nginx:1")
    files = {
        "a/llm.yaml": WORKLOAD, "a/service.yaml": service(), "b/llm.yaml": other,
        "b/service.yaml": service(),
    }  # fmt: skip
    services = graph_of(tmp_path, files).of_type("kubernetes.service")
    assert [each.properties["leads_to_ml"] for each in services] == [True, False]


def policy(spec: str) -> str:
    return (
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n"
        f"metadata: {{name: p, namespace: models}}\nspec: {{podSelector: {spec}}}\n"
    )


BUT_ONE = "{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [169.254.169.254/32]}}]}"
OTHER = "{matchLabels: {app: other}}"


@pytest.mark.parametrize(
    ("spec", "isolated", "metadata"),
    [
        ("{matchLabels: {app: llm}}", True, True),
        ("{}, ingress: [{}]", False, True),
        (OTHER, False, True),
        ("{matchExpressions: [{key: app, operator: Exists}]}", True, True),
        ("{}, policyTypes: [Egress]", False, False),
        ("{}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", False, True),
        (f"{{}}, policyTypes: [Egress], egress: [{BUT_ONE}]", False, False),
        ("{}, policyTypes: [Egress], egress: [{ports: [{port: 53}]}]", False, False),
    ],
)
def test_network_policy_limits_what_it_says(
    spec: str, isolated: bool, metadata: bool, tmp_path: Path
) -> None:
    found = of_type(served(tmp_path, policy(spec)), "workload")["llm"]
    assert found.properties["is_isolated"] is isolated
    assert found.properties["reaches_metadata"] is metadata


def test_folder_without_any_network_policy_does_not_say_that_there_is_none(tmp_path: Path) -> None:
    found = of_type(served(tmp_path), "workload")["llm"]
    assert {"is_isolated", "reaches_metadata"} <= found.unread.keys()


def test_token_is_mounted_unless_pod_or_account_refuse_it(tmp_path: Path) -> None:
    assert of_type(served(tmp_path), "workload")["llm"].properties["has_token"] is True
    refused = WORKLOAD + "automountServiceAccountToken: false\n"
    graph = graph_of(tmp_path, {"x.yaml": refused})
    assert of_type(graph, "workload")["llm"].properties["has_token"] is False


RAY = """\
apiVersion: ray.io/v1
kind: RayCluster
metadata: {name: r, namespace: models}
spec:
  headGroupSpec:
    template: {spec: {containers: [{name: head, image: "rayproject/ray:2.40"}]}}
  workerGroupSpecs:
    - groupName: w
      template: {spec: {containers: [{name: worker, image: "rayproject/ray:2.40"}]}}
"""


def test_ingress_to_the_service_that_the_operator_makes_leads_to_the_head(tmp_path: Path) -> None:
    door = ingress("{}").replace(
        "name: s, port: {number: 80}", "name: r-head-svc, port: {number: 8265}"
    )
    graph = graph_of(tmp_path, {"x.yaml": f"{RAY}---\n{door}"})
    found = of_type(graph, "ingress")["i"]
    assert found.properties["leads_to_ml"] is True
    assert {"product": "ray", "port": 8265, "what": "code"} in found.properties["exposed_products"]
    near = graph_of(tmp_path, {"x.yaml": f"{RAY}---\n{ingress('{}')}"})
    assert "exposed_products" in of_type(near, "ingress")["i"].unread


def test_account_without_a_namespace_is_not_that_of_another_part_of_the_repository(
    tmp_path: Path,
) -> None:
    plain = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: llm}\n"
    files = {
        "samples/account.yaml": plain,
        "install/rights.yaml": binding("cluster-admin", wide=True),
    }
    accounts = graph_of(tmp_path, files).of_type("kubernetes.service_account")
    found = {a.properties["is_declared"]: a.properties.get("is_admin") for a in accounts}
    assert found == {True: False, False: True}
    near = {"install/account.yaml": plain, "install/rights.yaml": files["install/rights.yaml"]}
    (own,) = graph_of(tmp_path, near).of_type("kubernetes.service_account")
    assert own.properties["is_admin"] is True


ANNOTATIONS = {
    "aws_role": ("eks.amazonaws.com/role-arn", "arn:aws:iam::111122223333:role/llm"),
    "gcp_account": ("iam.gke.io/gcp-service-account", "llm@p.iam.gserviceaccount.com"),
    "azure_client": ("azure.workload.identity/client-id", "0b0b0b0b-1111-2222-3333-444444444444"),
}


@pytest.mark.parametrize("cloud", CLOUDS)
def test_account_is_joined_to_the_identity_of_its_cloud(cloud: str, tmp_path: Path) -> None:
    kind, (annotation, named) = CLOUDS[cloud], ANNOTATIONS[cloud]
    account = f"""\
apiVersion: v1
kind: ServiceAccount
metadata: {{name: llm, namespace: models, annotations: {{{annotation}: "{named}"}}}}
"""
    provider = kind.to.partition(".")[0]
    of_cloud = [
        Resource(
            id=name if kind.match == "id" else f"/{name}",
            type=kind.to,
            provider=provider,
            scope=f"{provider}/1",
            name=name if kind.match == "name" else "x",
            properties={} if kind.match in {"id", "name"} else {kind.match: name},
        )
        for name in (named, "another")
    ]
    read = inventory_of(tmp_path, {"a.yaml": account})
    whole = msgspec.structs.replace(read, resources=(*read.resources, *of_cloud))
    graph = build_graph(VOCABULARY, whole, FACTS)
    (found,) = graph.targets(of_type(graph, "service_account")["llm"], "cloud_roles").resources
    assert (found.id, found.is_stub) == (of_cloud[0].id, False)


SERVICE = """\
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: models}}
spec: {{selector: {selector}, ports: [{{port: 80}}]}}
"""


@pytest.mark.parametrize(
    ("labels", "selector", "is_meant"),
    [
        ("{app: llm, tier: gpu}", "{app: llm}", True),
        ("{app: llm, tier: gpu}", "{tier: gpu, app: llm}", True),
        ("{app: llm}", "{app: llm, tier: gpu}", False),
        ("{app: llm}", "{app: other}", False),
        ("{app: llm}", "{}", False),
        ("{app: [llm]}", "{app: [llm]}", False),  # no label: the API refuses it
        ("{app: [llm]}", "{app: [other]}", False),
        ("{app: llm}", "{app: [llm]}", False),
    ],
)
def test_a_service_means_the_pods_that_carry_all_of_its_labels(
    tmp_path: Path, labels: str, selector: str, *, is_meant: bool
) -> None:
    workload = WORKLOAD.replace("{app: llm}", labels)
    service = SERVICE.format(name="front", selector=selector)
    graph = graph_of(tmp_path, {"x.yaml": f"{workload}---\n{service}"})
    found = graph.targets(of_type(graph, "workload")["llm"], "entry_points").resources
    assert [each.name for each in found] == (["front"] if is_meant else [])


def test_only_services_that_share_a_label_are_looked_at(tmp_path: Path) -> None:
    others = [SERVICE.format(name=f"s{n}", selector=f"{{app: a{n}}}") for n in range(30)]
    own = SERVICE.format(name="own", selector="{app: llm}")
    graph = graph_of(tmp_path, {"x.yaml": "---\n".join([WORKLOAD, own, *others])})
    near = selecting(graph, "kubernetes.service", of_type(graph, "workload")["llm"], {"app": "llm"})
    assert [each.name for each in near] == ["own"]
