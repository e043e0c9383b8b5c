"""A cluster is read over its API: only GET, whole lists, no secret kept, no silence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
import yaml

from mlsec.cli import exits
from mlsec.cli.main import main
from mlsec.collect.settings import CollectSettings
from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Inventory
from mlsec.core.strict_yaml import parse
from mlsec.graph.build import build_graph
from mlsec.providers.kubernetes.policy import least_privilege_role
from mlsec.providers.kubernetes.tables import CORE, GROUPS, KINDS_OF, VERSION, table_of
from mlsec.providers.kubernetes.target import ClusterTarget, parse_target
from mlsec.repository.clusters import read_clusters
from mlsec.snapshot.records import CallStatus
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from mlsec.targets.facts import FACTS
from tests.e2e import runs
from tests.estate.kube_estate import TOKEN, zoo
from tests.estate.kube_server import KubeWorld, RunningKube
from tests.providers.kubernetes.manifests import VOCABULARY, verdicts

SETTINGS = CollectSettings(
    vocabulary=VOCABULARY, tries=1, hash_salt="5a17", read_timeout_s=5.0, has_configmaps=True
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[RunningKube]:
    with RunningKube(KubeWorld(zoo())) as running:
        yield running


@pytest.fixture(autouse=True)
def kubeconfig(cluster: RunningKube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBECONFIG", str(cluster.kubeconfig(tmp_path)))
    cluster.faults.clear()
    cluster.requests.clear()
    cluster.asked.clear()
    cluster.page_size = 0


def collect(
    path: Path, target: str = "kubernetes", settings: CollectSettings = SETTINGS,
    *, resume: bool = False,
) -> Inventory:  # fmt: skip
    opened = Snapshot.resume(path) if resume else Snapshot.create(path)
    with opened as snapshot:
        COLLECTORS["kubernetes"].collect(target, snapshot, settings, None)
        snapshot.finish()
    with Snapshot.open(path) as snapshot:
        return read_clusters(snapshot, VOCABULARY)


def outline(inventory: Inventory) -> object:
    return sorted(
        (r.id, r.type, repr(sorted(r.properties.items())), sorted(r.unread))
        for r in inventory.resources
    )


def test_every_call_of_the_table_is_made_and_none_but_get(
    cluster: RunningKube, tmp_path: Path
) -> None:
    collect(tmp_path / "x.mlsnap")
    assert {method for method, _, _ in cluster.requests} == {"GET"}
    assert set(cluster.asked) == set(table_of(has_configmaps=True))
    assert {token for _, _, token in cluster.requests} == {"Bearer t0ken"}


def test_secrets_are_never_asked_for_and_config_maps_only_when_wanted(
    cluster: RunningKube, tmp_path: Path
) -> None:
    collect(
        tmp_path / "x.mlsnap",
        settings=msgspec.structs.replace(SETTINGS, has_configmaps=False),
    )
    paths = [path for _, path, _ in cluster.requests]
    assert not [path for path in paths if "secrets" in path or "configmaps" in path]


def test_token_in_environment_annotation_and_config_map_is_not_kept(tmp_path: Path) -> None:
    path = tmp_path / "x.mlsnap"
    inventory = collect(path)
    with Snapshot.open(path) as snapshot:
        bodies = [snapshot.payload_bytes(c.payload) for c in snapshot.calls() if c.payload]
    assert not [body for body in bodies if TOKEN.encode() in body or b"managedFields" in body]
    (server,) = [r for r in inventory.resources if r.name == "llm:server"
                 and r.type == "kubernetes.container"]  # fmt: skip
    kept = {each["name"]: each for each in server.properties["env"]}
    assert kept["HF_TOKEN"]["secret_kind"] == "huggingface-token"
    assert kept["VLLM_LOGGING_LEVEL"]["value"] == "DEBUG"


def test_server_that_a_container_starts_is_read_as_a_server(tmp_path: Path) -> None:
    inventory = collect(tmp_path / "x.mlsnap")
    assert [r.type for r in inventory.resources if r.type.startswith("serving.")] == [
        "serving.vllm"
    ]


def test_pages_are_joined_and_a_list_that_expired_is_begun_again(
    cluster: RunningKube, tmp_path: Path
) -> None:
    whole = outline(collect(tmp_path / "whole.mlsnap"))
    cluster.page_size = 1
    cluster.stale_once = {"rbac.authorization.k8s.io:ListClusterRole", "apps:ListReplicaSet"}
    assert outline(collect(tmp_path / "paged.mlsnap")) == whole


def test_what_its_owner_holds_is_counted_and_not_read_twice(tmp_path: Path) -> None:
    inventory = collect(tmp_path / "x.mlsnap")
    names = [r.name for r in inventory.resources if r.type == "kubernetes.workload"]
    assert "llm" in names
    assert "llm-1" not in names
    (row,) = [c for c in inventory.coverage.rows if c.type == "kubernetes.workload"]
    assert row.excluded == 1


def test_kind_that_nobody_reads_is_told(tmp_path: Path) -> None:
    (found,) = [
        r for r in collect(tmp_path / "x.mlsnap").resources if r.type == "kubernetes.cluster"
    ]
    whats = [each["what"] for each in found.properties["skipped_objects"]]
    assert "Odd.odd.example.com: no reader of this kind" in whats


WORLD = """
- {apiVersion: v1, kind: Namespace, metadata: {name: models}}
- apiVersion: v1
  kind: Pod
  metadata: {name: llm, namespace: models, labels: {app: llm}}
  spec: {containers: [{name: c, image: "vllm/vllm-openai:v0.10.0"}]}
- apiVersion: v1
  kind: Service
  metadata: {name: s, namespace: models}
  spec: {selector: {app: llm}, ports: [{port: 8000}]}
"""
DOOR = "server/public-entry-point-without-authentication"


@pytest.mark.parametrize(
    ("more", "labels", "status"),
    [
        ("", "", "pass"),
        ("- {apiVersion: odd.example.com/v1, kind: Odd, metadata: {name: o}}", "", "pass"),
        ("- {apiVersion: odd.example.com/v1, kind: OddTunnel, metadata: {name: o}}", "",
         "not_assessed"),
        ("", ", serving.knative.dev/service: x", "not_assessed"),
        ("", ", serving.knative.dev/service: x, networking.knative.dev/visibility: cluster-local",
         "pass"),
    ],
)  # fmt: skip
def test_door_that_may_be_there_is_never_a_closed_one(
    more: str, labels: str, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = WORLD.replace("labels: {app: llm}", f"labels: {{app: llm{labels}}}")
    with RunningKube(KubeWorld(yaml.safe_load(text + more))) as running:
        monkeypatch.setenv("KUBECONFIG", str(running.kubeconfig(tmp_path)))
        main(["scan", "kubernetes", "-o", str(tmp_path / "out"), "--select", DOOR, "-f", "json"])
    said = json.loads((tmp_path / "out" / "assessment.json").read_text())
    found = {f["status"] for f in said["findings"] if f["rule"] == DOOR}
    assert found == ({status} if status != "pass" else set())
    assert bool(said["passed"].get(DOOR)) is (status == "pass")


def test_named_namespaces_are_asked_one_by_one_and_the_rest_is_told(
    cluster: RunningKube, tmp_path: Path
) -> None:
    inventory = collect(tmp_path / "x.mlsnap", "kubernetes://lab/models,other")
    pods = [path for _, path, _ in cluster.requests if path.partition("?")[0].endswith("/pods")]
    assert sorted(path.partition("?")[0] for path in pods) == [
        "/api/v1/namespaces/models/pods",
        "/api/v1/namespaces/other/pods",
    ]
    (found,) = [r for r in inventory.resources if r.type == "kubernetes.cluster"]
    assert "other namespaces than models, other" in str(found.properties["skipped_objects"])


class Whole(msgspec.Struct):
    """A complete collection, and what was said of it."""

    path: Path
    verdicts: dict[str, set[tuple[str, str]]]
    gaps: set[str]


@pytest.fixture(scope="module")
def whole(cluster: RunningKube, tmp_path_factory: pytest.TempPathFactory) -> Whole:
    folder = tmp_path_factory.mktemp("whole")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("KUBECONFIG", str(cluster.kubeconfig(folder)))
        inventory = collect(folder / "x.mlsnap")
    return Whole(
        path=folder / "x.mlsnap",
        verdicts=verdicts(build_graph(VOCABULARY, inventory, FACTS)),
        gaps={gap.id for gap in inventory.gaps},
    )


FAULTS = {
    "cut": GapReason.MALFORMED, "garbage": GapReason.MALFORMED,
    "throttle": GapReason.THROTTLED, "error": GapReason.TIMEOUT,
}  # fmt: skip
LABELS = sorted(table_of(has_configmaps=True))


def broken(whole: Whole, cluster: RunningKube, label: str, kind: str, path: Path) -> Inventory:
    """Collect again with every answer known but that of one call, which is broken."""
    runs.forget(whole.path, path, (label,))
    cluster.faults = {label: kind}
    return collect(path, resume=True)


@pytest.mark.parametrize("label", LABELS)
def test_call_that_is_denied_or_broken_never_makes_a_verdict(
    label: str, whole: Whole, cluster: RunningKube, tmp_path: Path
) -> None:
    denied = broken(whole, cluster, label, "deny", tmp_path / "denied.mlsnap")
    after = verdicts(build_graph(VOCABULARY, denied, FACTS))
    assert after["fail"] - whole.verdicts["fail"] == set()
    # What holds passes also where it is no longer known whether the rule applies.
    was_open = whole.verdicts["fail"] | whole.verdicts["not_assessed"]
    assert (after["pass"] - whole.verdicts["pass"]) & was_open == set()
    fresh = {gap.reason for gap in denied.gaps if gap.id not in whole.gaps}
    # Config maps only add to what is known of servers, and the version to what is shown.
    is_aside = label in (VERSION.label, "core:ListConfigMap")
    assert GapReason.DENIED in fresh or is_aside
    assert any(not row.is_complete for row in denied.coverage.rows) or is_aside
    kind = list(FAULTS)[LABELS.index(label) % len(FAULTS)]
    other = broken(whole, cluster, label, kind, tmp_path / "broken.mlsnap")
    assert outline(other) == outline(denied)
    assert is_aside or FAULTS[kind] in {g.reason for g in other.gaps if g.id not in whole.gaps}


def test_denied_list_names_the_right_that_is_missing(cluster: RunningKube, tmp_path: Path) -> None:
    cluster.faults = {"networking.k8s.io:ListNetworkPolicy": "deny"}
    gaps = collect(tmp_path / "x.mlsnap").gaps
    assert "list networkpolicies.networking.k8s.io" in {gap.missing_right for gap in gaps}


def test_interrupted_collection_asks_only_what_is_missing(
    cluster: RunningKube, tmp_path: Path
) -> None:
    path = tmp_path / "x.mlsnap"
    cluster.faults = {"core:ListService": "throttle"}
    with Snapshot.create(path) as snapshot:
        COLLECTORS["kubernetes"].collect("kubernetes", snapshot, SETTINGS, None)
    cluster.faults = {}
    cluster.asked.clear()
    resumed = collect(path, resume=True)
    assert set(cluster.asked) == {"core:ListService"}
    assert outline(resumed) == outline(collect(tmp_path / "fresh.mlsnap"))


def test_role_that_doctor_prints_allows_each_call_and_nothing_else() -> None:
    role = parse(least_privilege_role(has_configmaps=True), "role").value
    listed = {
        f"list {kind}.{rule['apiGroups'][0]}".rstrip(".")
        for rule in role["rules"]
        if "resources" in rule
        for kind in rule["resources"]
    }
    discovery = {VERSION.label, CORE.label, GROUPS.label, KINDS_OF.label}
    asked = {
        o.right for label, o in table_of(has_configmaps=True).items() if label not in discovery
    }
    assert listed == asked
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"list", "get"}
    assert "secrets" not in least_privilege_role(has_configmaps=True)
    assert "configmaps" not in least_privilege_role()


EKS = "arn:aws:eks:eu-west-1:111122223333:cluster/prod"


@pytest.mark.parametrize(
    ("text", "contexts", "wanted"),
    [
        ("kubernetes", (), ClusterTarget()),
        ("kubernetes://lab", ("lab",), ClusterTarget(context="lab")),
        ("kubernetes://lab/a,b", ("lab",), ClusterTarget(context="lab", namespaces=("a", "b"))),
        (f"kubernetes://{EKS}", (EKS,), ClusterTarget(context=EKS)),
        (f"kubernetes://{EKS}/ns", (EKS,), ClusterTarget(context=EKS, namespaces=("ns",))),
        ("kubernetes://in-cluster/ns", (), ClusterTarget(context="in-cluster", namespaces=("ns",))),
    ],
)
def test_target_may_name_context_and_namespaces(
    text: str, contexts: tuple[str, ...], wanted: ClusterTarget
) -> None:
    assert parse_target(text, contexts) == wanted


@pytest.mark.parametrize("text", ["kubernetes:///", "kubernetes://lab/A_B", "kube://lab"])
def test_wrong_target_is_refused(text: str) -> None:
    with pytest.raises(MlsecError):
        parse_target(text, ("lab",))


def test_context_that_is_not_there_is_refused_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MlsecError, match="no context") as refused:
        collect(tmp_path / "x.mlsnap", "kubernetes://prod")
    assert "lab" in (refused.value.hint or "")


def test_server_that_is_not_there_is_a_mistake_and_no_empty_cluster(
    cluster: RunningKube, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = json.loads(Path(cluster.kubeconfig(tmp_path)).read_text("utf-8"))
    config["clusters"][0]["cluster"]["server"] = "http://127.0.0.1:9"
    (tmp_path / "dead").write_text(json.dumps(config))
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "dead"))
    with pytest.raises(MlsecError, match="answered nothing"):
        collect(tmp_path / "x.mlsnap")


def test_redirect_is_not_followed(cluster: RunningKube, tmp_path: Path) -> None:
    cluster.faults = {"core:ListPod": "redirect"}
    path = tmp_path / "x.mlsnap"
    collect(path)
    assert "elsewhere" not in {target for _, target, _ in cluster.requests}
    with Snapshot.open(path) as snapshot:
        ended = {c.operation: c.status for c in snapshot.calls()}
    assert ended["ListPod"] is CallStatus.GAP


def test_command_says_incomplete_and_names_the_right(
    cluster: RunningKube, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.faults = {"core:ListServiceAccount": "deny"}
    out = tmp_path / "out"
    words = ("scan", "kubernetes://lab/models", "-o", str(out), "-f", "json,text", "--tries", "1")
    assert main((*words, "--fail-on", "none")) == exits.INCOMPLETE
    capsys.readouterr()
    assert "list serviceaccounts" in (out / "report.txt").read_text("utf-8")
    assert main(("scan", str(out / "evidence.mlsnap"), "--offline", "--fail-on", "none")) == 11
