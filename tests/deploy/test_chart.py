"""The Helm chart: rendered by Helm's engine, valid for Kubernetes, clean by mlsec's own rules."""

from __future__ import annotations

import copy
import json
import re
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsec.cli.main import main
from mlsec.targets.collectors import POLICIES

ROOT = Path(__file__).resolve().parents[2]
CHART = ROOT / "deploy" / "helm" / "mlsec"
PYTHON = ROOT / ".venv-helm" / "bin" / "python"
IMAGE = {"repository": "registry.example.com/platform/mlsec", "digest": f"sha256:{'a' * 64}"}
AZURE_ID = "11111111-2222-3333-4444-555555555555"
VALUES: dict[str, dict[str, Any]] = {
    "least": {"image": IMAGE},
    "all": {
        "image": {**IMAGE, "pullSecrets": ["registry"]},
        "config": {"targets": ["aws", "azure", "gcp", "kubernetes"], "fail-on": "medium"},
        "args": ["--profile=strict"],
        "identity": {
            "aws": {"roleArn": "arn:aws:iam::111122223333:role/mlsec-scan"},
            "azure": {"clientId": AZURE_ID, "tenantId": AZURE_ID},
            "gcp": {"serviceAccount": "mlsec@my-project.iam.gserviceaccount.com"},
        },
        "serviceAccount": {"annotations": {"team": "platform"}},
        "notify": {"existingSecret": "mlsec-notify"},
        "history": {"existingSecret": "mlsec-history", "port": 6432},
        "storage": {"className": "fast", "size": "10Gi"},
        "env": [{"name": "AWS_REGION", "value": "eu-west-1"}],
        "networkPolicy": {"egress": [{"ports": [{"protocol": "TCP", "port": 8443}]}]},
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "batch", "operator": "Exists"}],
    },
    "bare": {
        "image": IMAGE,
        "storage": {"enabled": False},
        "clusterRole": {"create": False},
        "networkPolicy": {"create": False},
        "serviceAccount": {"create": False, "name": "of-mine"},
        "config": {"targets": ["aws"]},
    },
}  # fmt: skip
PAGE = (ROOT / "docs" / "schedule.md").read_text()


def block(start: str, end: str) -> Any:
    """A YAML document of the page, with a digest where it leaves one out."""
    text = textwrap.dedent(start + PAGE.partition(start)[2].partition(end)[0])
    return yaml.safe_load(text.replace("sha256:...", str(IMAGE["digest"])))


VALUES["the page"] = block("    # values.yaml", "```")
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "no image": ({}, "image"),
    "a tag": ({"image": {**IMAGE, "digest": "latest"}}, "digest"),
    "a misspelt key": ({"image": IMAGE, "shedule": "@daily"}, "shedule"),
    "no cron": ({"image": IMAGE, "schedule": "nightly"}, "schedule"),
    "no role": ({"image": IMAGE, "identity": {"aws": {"roleArn": "mlsec-scan"}}}, "roleArn"),
    "a history": ({"image": IMAGE, "config": {"targets": ["aws"], "history": "x"}}, "history"),
    "a history in plain sight": (
        {"image": IMAGE, "history": {"url": "postgresql://u:p@db/mlsec"}}, "url",
    ),
    "no account": ({"image": IMAGE, "serviceAccount": {"create": False}}, "serviceAccount.name"),
}  # fmt: skip
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="run make helm")


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """What Helm makes of all of the values above."""
    given = [*VALUES.values(), *(values for values, _ in REFUSED.values())]
    done = subprocess.run(  # noqa: S603
        [PYTHON, "-I", ROOT / "tests" / "deploy" / "helm_tool.py", CHART],
        input=json.dumps(given), env={"PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    names = [*VALUES, *REFUSED]
    return {**dict(zip(names, answer["answers"], strict=True)), "lint": answer["lint"]}


def kinds(answer: dict[str, Any]) -> dict[str, Any]:
    """The manifests by kind."""
    assert "error" not in answer, answer["error"]
    return {one["kind"]: one for one in answer["manifests"]}


def pod(manifests: dict[str, Any]) -> Any:
    """The pod of the CronJob: its template."""
    return manifests["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]


def test_helm_has_nothing_to_say_and_all_is_valid_for_kubernetes(answered: dict[str, Any]) -> None:
    assert [one for one in answered["lint"]["messages"] if one["severity"] > 1] == []
    assert [*kinds(answered["least"])] == [
        "PersistentVolumeClaim", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "CronJob",
        "NetworkPolicy", "ServiceAccount",
    ]  # fmt: skip
    assert [*kinds(answered["bare"])] == ["ConfigMap", "CronJob"]


@pytest.mark.parametrize("name", REFUSED)
def test_values_that_cannot_work_are_refused_by_name(name: str, answered: dict[str, Any]) -> None:
    assert REFUSED[name][1] in answered[name]["error"]


def test_scans_never_overlap_and_a_verdict_is_not_tried_again(answered: dict[str, Any]) -> None:
    spec = kinds(answered["least"])["CronJob"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    rules = spec["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert [one["onExitCodes"]["values"] for one in rules if one["action"] == "FailJob"] == [
        [2, 10, 11]
    ]


@pytest.mark.parametrize("name", VALUES)
def test_pod_meets_the_restricted_standard_and_cannot_write_to_its_image(
    name: str, answered: dict[str, Any]
) -> None:
    """Source: Kubernetes, Pod Security Standards, "restricted"."""
    spec = pod(kinds(answered[name]))["spec"]
    assert spec["securityContext"] == {
        "runAsNonRoot": True, "runAsUser": 10001, "runAsGroup": 10001, "fsGroup": 10001,
        "fsGroupChangePolicy": "OnRootMismatch", "seccompProfile": {"type": "RuntimeDefault"},
    }  # fmt: skip
    [container] = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "privileged": False,
        "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert {*container["resources"]} == {"requests", "limits"}
    assert all(
        {*one} & {"configMap", "persistentVolumeClaim", "emptyDir"} for one in spec["volumes"]
    )
    is_reading_the_cluster = name != "bare"
    assert spec["automountServiceAccountToken"] is is_reading_the_cluster
    user = (ROOT / "Containerfile").read_text().partition("\nUSER ")[2].split()[0]
    assert user == "10001:10001"


def test_pod_of_the_page_that_copies_reports_is_confined_alike(answered: dict[str, Any]) -> None:
    reader = block("apiVersion: v1\nkind: Pod", "END")["spec"]
    spec = pod(kinds(answered["least"]))["spec"]
    changed = {"fsGroupChangePolicy": "OnRootMismatch"}
    assert {**reader["securityContext"], **changed} == spec["securityContext"]
    [container], [own] = reader["containers"], spec["containers"]
    changed = {"privileged": False}
    assert {**container["securityContext"], **changed} == own["securityContext"]
    claims = [one.get("persistentVolumeClaim") for one in (*reader["volumes"], *spec["volumes"])]
    assert [one["claimName"] for one in claims if one] == ["mlsec", "mlsec"]


def test_each_cloud_gets_its_identity(answered: dict[str, Any]) -> None:
    manifests = kinds(answered["all"])
    assert manifests["ServiceAccount"]["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": AZURE_ID,
        "azure.workload.identity/tenant-id": AZURE_ID,
        "eks.amazonaws.com/role-arn": "arn:aws:iam::111122223333:role/mlsec-scan",
        "iam.gke.io/gcp-service-account": "mlsec@my-project.iam.gserviceaccount.com",
        "team": "platform",
    }
    assert pod(manifests)["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    assert "annotations" not in kinds(answered["least"])["ServiceAccount"]["metadata"]


def test_receivers_come_from_a_secret_of_the_user(answered: dict[str, Any]) -> None:
    for name, expected in (("all", {"name": "mlsec-notify", "key": "urls"}), ("least", None)):
        [container] = pod(kinds(answered[name]))["spec"]["containers"]
        given = {one["name"]: one for one in container["env"]}.get("MLSEC_NOTIFY")
        assert (given and given["valueFrom"]["secretKeyRef"]) == expected


def test_role_is_that_of_the_scan(answered: dict[str, Any]) -> None:
    policy = yaml.safe_load(POLICIES["kubernetes"](is_organisation=False))
    assert kinds(answered["least"])["ClusterRole"]["rules"] == policy["rules"]


def test_settings_and_arguments_are_what_mlsec_takes(
    answered: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    secret = "postgresql://mlsec:secret@db.example.com/mlsec?sslmode=verify-full"
    for name in VALUES:
        manifests = kinds(answered[name])
        config = tmp_path / "mlsec.yaml"
        config.write_text(manifests["ConfigMap"]["data"]["mlsec.yaml"])
        [container] = pod(manifests)["spec"]["containers"]
        words = [
            word.replace("/etc/mlsec", str(tmp_path)).replace("/var/lib/mlsec", str(tmp_path))
            for word in container["args"]
        ]
        monkeypatch.delenv("MLSEC_HISTORY", raising=False)
        is_in_database = any(one["name"] == "MLSEC_HISTORY" for one in container["env"])
        if is_in_database:
            monkeypatch.setenv("MLSEC_HISTORY", secret)
        assert main([*words, "--print-config"]) == 0
        shown = capsys.readouterr().out
        kept = (
            "postgresql://db.example.com/mlsec" if is_in_database else f"{tmp_path}/history.sqlite"
        )
        assert re.search(rf'^history: "?{re.escape(kept)}"? ', shown, re.MULTILINE)
        assert "secret@" not in shown


def test_mlsec_finds_nothing_wrong_with_it(answered: dict[str, Any], tmp_path: Path) -> None:
    for name in VALUES:
        folder = tmp_path / name
        folder.mkdir()
        manifests = copy.deepcopy(answered[name]["manifests"])
        (folder / "all.yaml").write_text(yaml.safe_dump_all(manifests))
        words = ["scan", str(folder), "--profile", "strict", "--fail-on", "medium"]
        assert main([*words, "-q", "--config", "none"]) == 0


def test_a_history_in_postgresql_comes_from_a_secret_alone(answered: dict[str, Any]) -> None:
    whole, least = kinds(answered["all"]), kinds(answered["least"])
    [container] = pod(whole)["spec"]["containers"]
    variables = {one["name"]: one for one in container["env"]}
    assert variables["MLSEC_HISTORY"]["valueFrom"] == {
        "secretKeyRef": {"name": "mlsec-history", "key": "url"}
    }
    assert not [word for word in container["args"] if "history" in word]
    assert {"protocol": "TCP", "port": 6432} in whole["NetworkPolicy"]["spec"]["egress"][1]["ports"]
    [container] = pod(least)["spec"]["containers"]
    assert "--history=/var/lib/mlsec/history.sqlite" in container["args"]
    assert "MLSEC_HISTORY" not in {one["name"] for one in container["env"]}
    assert all(one["port"] != 5432 for one in least["NetworkPolicy"]["spec"]["egress"][1]["ports"])
