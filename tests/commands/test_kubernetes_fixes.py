"""The commands of Kubernetes fixes, run on the manifests that failed: the findings end."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from mlsec.core.fix_template import CHOICE
from mlsec.core.strict_yaml import parse
from mlsec.render.command import fill_command
from tests.commands.kubectl_of_files import merged
from tests.e2e import runs
from tests.shipped import shipped_rules

# What a person would put into the choices of the commands.
CHOSEN = {
    "<count>": "1", "<user-id>": "1000", "<cpu>": "4", "<memory>": "24Gi", "<size>": "8Gi",
    "<image-with-digest>": "registry.example.com/vllm@sha256:" + "a" * 64,
    "<image-in-your-registry>": "registry.example.com/vllm@sha256:" + "a" * 64,
    "<health-path>": "/health", "<port>": "8000", "<account-name>": "llm", "<claim>": "weights",
    "<app-of-the-caller>": "gateway", "<address-range>": "10.0.0.0/8", "<tls-secret>": "llm-tls",
    "<principal>": "cluster.local/ns/web/sa/gateway", "<secret-name>": "llm-token",
    "<sign-in-check>": "https://sign-in.example.com/auth",
    "<sign-in-page>": "https://sign-in.example.com/start",
    "<file-with-the-new-value>": "/dev/null", "<new-name>": "llm", "<selector>": "app=llm",
    "<address-in-the-cluster>": "http://logger.models.svc.cluster.local",
}  # fmt: skip
# What the manifests below are made to fail, and what the commands end.
ENDED = """
k8s-cluster/volume-of-system-folder k8s-namespace/ml-namespace-without-default-deny
k8s-namespace/ml-namespace-without-pod-security-standard k8s-network/external-addresses
k8s-network/ingress-snippet k8s-network/ingress-without-authentication
k8s-network/ingress-without-tls k8s-network/mesh-policy-allows-all k8s-network/mesh-without-mtls
k8s-network/policy-allows-all-ingress k8s-network/service-exposed k8s-pod/container-apparmor-off
k8s-pod/container-can-escalate k8s-pod/container-dangerous-capability
k8s-pod/container-keeps-capabilities k8s-pod/container-privileged k8s-pod/container-root-allowed
k8s-pod/container-seccomp-off k8s-pod/container-unmasked-proc k8s-pod/container-without-seccomp
k8s-pod/container-writable-root k8s-pod/cpu-without-limit k8s-pod/host-path-writable
k8s-pod/host-port k8s-pod/image-from-public-registry k8s-pod/image-latest
k8s-pod/memory-without-limit k8s-pod/memory-without-request k8s-pod/secret-in-environment
k8s-pod/server-without-liveness-probe k8s-pod/server-without-readiness-probe
k8s-ray/dashboard-exposed-by-ingress k8s-ray/head-exposed k8s-rbac/binding-to-all-accounts
k8s-rbac/binding-to-anonymous k8s-rbac/binding-to-masters k8s-rbac/default-account-with-rights
k8s-rbac/model-account-admin k8s-workload/default-service-account
k8s-workload/egress-unrestricted k8s-workload/host-ipc k8s-workload/host-network
k8s-workload/host-pid k8s-workload/metadata-reachable k8s-workload/runtime-socket-mounted
k8s-workload/shared-memory-without-limit k8s-workload/shares-process-namespace
k8s-workload/single-replica k8s-workload/system-path-mounted k8s-workload/token-mounted
k8s-workload/unsafe-sysctl k8s-workload/without-network-policy
"""
MANIFESTS = Path(__file__).with_name("failing_manifests.yaml")
# What an operator makes from another object: it ends with the change of that one.
BY_OPERATORS = {"ray-head-svc"}
TOKEN = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz0123456789"


def objects() -> list[dict[str, Any]]:
    """Give the manifests, with a token where they say so."""
    text = MANIFESTS.read_text("utf-8").replace("TOKEN}", f"{TOKEN}}}")
    given: list[dict[str, Any]] = parse(text, MANIFESTS.name).value
    return given


def failures(folder: Path, snapshot: Path) -> list[Finding]:
    """Scan a folder; give what failed of the rules of clusters."""
    rules = shipped_rules()
    runs.collect(snapshot, rules, target=str(folder))
    assessment: Assessment = runs.judge(snapshot, rules)
    return [
        finding
        for finding in assessment.findings
        if finding.status is Status.FAIL and finding.rule.startswith("k8s-")
    ]


def pasted(finding: Finding) -> str:
    """Give the command as it is printed, with the choices made."""
    rule = next(rule for rule in shipped_rules().rules if rule.id == finding.rule)
    printed = fill_command(rule.fix.on("kubernetes").cli, finding)
    return CHOICE.sub(lambda mark: CHOSEN.get(mark[0], mark[0]), printed)


def is_ended_by_another(finding: Finding, findings: list[Finding]) -> bool:
    """Whether another command ends it too: policies of one workload add up."""
    same = {other.rule for other in findings if other.resource.id == finding.resource.id}
    is_metadata = finding.rule == "k8s-workload/metadata-reachable"
    is_closed = is_metadata and "k8s-workload/egress-unrestricted" in same
    return is_closed or finding.resource.name in BY_OPERATORS


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """Put a kubectl on a path of its own, beside jq."""
    jq = shutil.which("jq")
    if jq is None:
        pytest.skip("jq is not installed")
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "jq").symlink_to(jq)
    kubectl = programs / "kubectl"
    script = Path(__file__).with_name("kubectl_of_files.py")
    kubectl.write_text(f'#!/bin/sh\nexec "{sys.executable}" "{script}" "$@"\n')
    kubectl.chmod(0o755)
    return programs


def run_all(findings: list[Finding], cluster: Path, shell: Path) -> None:
    """Run the command of each finding that none of the others ends."""
    for finding in findings:
        if finding.rule in ENDED.split() and not is_ended_by_another(finding, findings):
            run = subprocess.run(  # noqa: S603 - a command of our own rules
                ["/bin/sh", "-c", pasted(finding)],
                cwd=cluster,
                env={"PATH": str(shell)},
                capture_output=True,
                text=True,
                check=False,
            )
            assert (run.returncode, run.stderr) == (0, ""), (finding.rule, pasted(finding))


def test_every_command_ends_the_finding_that_printed_it(tmp_path: Path, shell: Path) -> None:
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    for number, each in enumerate(objects()):
        (cluster / f"{number:02d}.json").write_text(json.dumps(each))
    before = failures(cluster, tmp_path / "before.mlsnap")
    run_all(before, cluster, shell)
    # A container that may no longer be root is asked whether it can become root.
    again = failures(cluster, tmp_path / "again.mlsnap")
    run_all(again, cluster, shell)
    assert sorted(set(ENDED.split()) - {finding.rule for finding in (*before, *again)}) == []
    left = failures(cluster, tmp_path / "after.mlsnap")
    assert sorted({f"{f.rule} {f.resource.name}" for f in left if f.rule in ENDED.split()}) == []


def test_both_egress_rules_make_the_same_policy() -> None:
    made = {rule.id: rule.fix.cli for rule in shipped_rules().rules}
    rules = "k8s-workload/egress-unrestricted", "k8s-workload/metadata-reachable"
    assert made[rules[0]] == made[rules[1]]
    assert 'if $store == "0.0.0.0/0" then {except: ["169.254.169.254/32"]}' in made[rules[0]]


def test_every_configuration_ends_the_finding_when_it_is_merged_in(tmp_path: Path) -> None:
    rules = {rule.id: rule for rule in shipped_rules().rules if rule.fix.on("kubernetes").config}
    of_clusters = {id_: rule for id_, rule in rules.items() if id_.startswith("k8s-")}
    cluster = tmp_path / "cluster"
    cluster.mkdir()
    for number, each in enumerate(objects()):
        changed = each
        for rule in of_clusters.values():
            patch = parse(str(rule.fix.config), rule.id).value
            changed = patched(changed, rule.resource, patch)
        (cluster / f"{number:02d}.json").write_text(json.dumps(changed))
    assert len(of_clusters) > 25
    left = failures(cluster, tmp_path / "after.mlsnap")
    assert sorted({f"{f.rule} {f.resource.name}" for f in left if f.rule in of_clusters}) == []


def patched(value: Any, resource: str, patch: Any) -> Any:
    """Merge a patch into the objects that it is for, wherever they stand in a manifest."""
    kinds = {"service": "Service", "mesh_policy": "PeerAuthentication", "ray": "RayCluster"}
    kinds["namespace"] = "Namespace"
    word = resource.partition(".")[2]
    if isinstance(value, list):
        return [patched(each, resource, patch) for each in value]
    if not isinstance(value, dict):
        return value
    value = {key: patched(each, resource, patch) for key, each in value.items()}
    if word == "workload" and isinstance(value.get("containers"), list):
        return merged(value, patch)
    if word == "container" and "image" in value:
        return merged(value, patch)
    return merged(value, patch) if value.get("kind") == kinds.get(word, "") else value


def test_every_command_is_one_of_kubectl() -> None:
    verb = re.compile(r"kubectl (get|replace|create|patch|label|annotate|scale|delete) ")
    commands = {
        rule.id: rule.fix.cli
        for rule in shipped_rules().rules
        if rule.resource.startswith("kubernetes.") and rule.fix.cli
    }
    assert len(commands) > 80
    assert [rule for rule, command in commands.items() if not verb.search(command)] == []
