"""The fleet's part of the Helm chart: a migration, workers that scale by the queue, a planner."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from mlsec.cli.main import main
from mlsec.cli.parser import build_parser
from mlsec.fleet.config import config_of, read_config
from tests.deploy.test_chart import AZURE_ID, CHART, IMAGE, PYTHON, ROOT

CONFIG = {
    "organisation": "acme",
    "targets": [{"target": "aws", "organisation": True}],
    "store": "s3://acme-mlsec/shards",
    "owners": [{"name": "payments", "scopes": ["aws/1*"], "logins": ["of_payments"]}],
}
LEAST = {"enabled": True, "config": CONFIG, "database": {"existingSecret": "mlsec-fleet"}}
VALUES: dict[str, dict[str, Any]] = {
    "least": {"image": IMAGE, "fleet": LEAST},
    "all": {
        "image": {**IMAGE, "pullSecrets": ["registry"]},
        "identity": {"azure": {"clientId": AZURE_ID}},
        "notify": {"existingSecret": "mlsec-notify"},
        "fleet": {
            **LEAST,
            "database": {"existingSecret": "mlsec-fleet", "caSecret": "mlsec-ca", "port": 6432},
            "identitySecret": "mlsec-age",
            "worker": {"concurrency": 8, "autoscaling": {"enabled": True, "min": 1, "max": 50}},
        },
        "nodeSelector": {"disk": "ssd"},
        "tolerations": [{"key": "batch", "operator": "Exists"}],
    },
    "off": {"image": IMAGE},
}
PAGE = (ROOT / "docs" / "fleet.md").read_text()


def block(start: str) -> Any:
    """A YAML document of the page, with a digest where it leaves one out."""
    text = start + PAGE.partition(start)[2].partition("```")[0]
    return yaml.safe_load(text.replace("sha256:...", str(IMAGE["digest"])))


VALUES["the page"] = block("# values.yaml")
REFUSED: dict[str, tuple[Any, str]] = {
    "a store of one pod": ({**LEAST, "config": {**CONFIG, "store": "/var/lib/x"}}, "store"),
    "no database": ({"enabled": True, "config": CONFIG}, "existingSecret"),
    "a URL in plain sight": ({**LEAST, "config": {**CONFIG, "database": "postgresql://u:p@h/d"}},
                             "database"),
    "a misspelt key": ({**LEAST, "worker": {"concurency": 4}}, "concurency"),
    "no organisation": ({**LEAST, "config": {"targets": [], "store": "s3://x"}}, "organisation"),
}  # fmt: skip
pytestmark = pytest.mark.skipif(not PYTHON.exists(), reason="run make helm")


@pytest.fixture(scope="module")
def answered() -> dict[str, Any]:
    """What Helm makes of all of the values above."""
    refused = [{"image": IMAGE, "fleet": values} for values, _ in REFUSED.values()]
    done = subprocess.run(  # noqa: S603
        [PYTHON, "-I", ROOT / "tests" / "deploy" / "helm_tool.py", CHART],
        input=json.dumps([*VALUES.values(), *refused]), env={"PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    answer = json.loads(done.stdout)
    assert [one for one in answer["lint"]["messages"] if one["severity"] > 1] == []
    return dict(zip([*VALUES, *REFUSED], answer["answers"], strict=True))


def fleet(answer: dict[str, Any]) -> dict[str, Any]:
    """The fleet's manifests by kind."""
    assert "error" not in answer, answer["error"]
    component = "app.kubernetes.io/component"
    return {
        manifest["kind"]: manifest
        for manifest in answer["manifests"]
        if component in manifest["metadata"]["labels"]
    }


def pods(manifests: dict[str, Any]) -> dict[str, Any]:
    """The spec of each pod: of the migration, the worker and the planner."""
    return {
        "init": manifests["Job"]["spec"]["template"]["spec"],
        "worker": manifests["Deployment"]["spec"]["template"]["spec"],
        "run": manifests["CronJob"]["spec"]["jobTemplate"]["spec"]["template"]["spec"],
    }


def variables(pod: dict[str, Any]) -> dict[str, str]:
    """The names of a pod's variables, with the key of the secret that they come from."""
    return {
        one["name"]: one.get("valueFrom", {}).get("secretKeyRef", {}).get("key", "")
        for one in pod["containers"][0]["env"]
    }


def test_there_is_no_fleet_unless_it_is_asked_for(answered: dict[str, Any]) -> None:
    assert fleet(answered["off"]) == {}
    assert [*fleet(answered["least"])] == [
        "ConfigMap", "Job", "Deployment", "CronJob", "PersistentVolumeClaim",
    ]  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_values_that_cannot_work_are_refused_by_name(name: str, answered: dict[str, Any]) -> None:
    assert REFUSED[name][1] in answered[name]["error"]


def test_each_pod_runs_a_command_of_mlsec_with_its_own_login(answered: dict[str, Any]) -> None:
    for name in ("least", "all", "the page"):
        for command, pod in pods(fleet(answered[name])).items():
            args = build_parser("fleet").parse_args(pod["containers"][0]["args"])
            assert args.run is not None
            assert pod["containers"][0]["args"][:2] == ["fleet", command]
    keys = {command: variables(pod) for command, pod in pods(fleet(answered["least"])).items()}
    assert keys["init"]["MLSEC_FLEET_DATABASE"] == "owner-url"
    assert keys["worker"]["MLSEC_FLEET_DATABASE"] == "worker-url"
    assert keys["run"]["MLSEC_FLEET_DATABASE"] == keys["run"]["MLSEC_HISTORY"] == "planner-url"
    assert "MLSEC_FLEET_SALT" not in keys["init"]
    assert "MLSEC_HISTORY" not in keys["worker"]


def test_only_who_judges_has_the_key_of_the_shards_and_the_receivers(
    answered: dict[str, Any],
) -> None:
    found = {command: variables(pod) for command, pod in pods(fleet(answered["all"])).items()}
    for name in ("MLSEC_FLEET_IDENTITY", "MLSEC_NOTIFY"):
        assert [command for command in found if name in found[command]] == ["run"]
    secrets = [
        volume["secret"]["secretName"]
        for pod in pods(fleet(answered["all"])).values()
        for volume in pod["volumes"]
        if "secret" in volume
    ]
    assert secrets == ["mlsec-age"]


def test_pods_meet_the_restricted_standard(answered: dict[str, Any]) -> None:
    """Source: Kubernetes, Pod Security Standards, "restricted"."""
    for pod in pods(fleet(answered["all"])).values():
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        [container] = pod["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "privileged": False,
            "capabilities": {"drop": ["ALL"]},
        }  # fmt: skip
        assert {*container["resources"]} == {"requests", "limits"}


def test_workers_scale_by_the_queue_that_the_view_counts(answered: dict[str, Any]) -> None:
    manifests = fleet(answered["all"])
    scaled = manifests["ScaledObject"]["spec"]
    assert "replicas" not in manifests["Deployment"]["spec"]
    assert scaled["scaleTargetRef"]["name"] == manifests["Deployment"]["metadata"]["name"]
    [trigger] = scaled["triggers"]
    assert trigger["metadata"]["targetQueryValue"] == "8"
    assert "mlsec_fleet_v1.queue" in trigger["metadata"]["query"]
    [secret] = manifests["TriggerAuthentication"]["spec"]["secretTargetRef"]
    assert (secret["key"], secret["parameter"]) == ("reader-url", "connection")
    ports = answered["all"]["manifests"]
    [policy] = [one for one in ports if one["kind"] == "NetworkPolicy"]
    assert {"protocol": "TCP", "port": 6432} in policy["spec"]["egress"][1]["ports"]
    assert fleet(answered["least"])["Deployment"]["spec"]["replicas"] == 2


def test_planners_never_overlap_and_a_verdict_is_not_driven_again(
    answered: dict[str, Any],
) -> None:
    spec = fleet(answered["least"])["CronJob"]["spec"]
    assert spec["concurrencyPolicy"] == "Forbid"
    rules = spec["jobTemplate"]["spec"]["podFailurePolicy"]["rules"]
    assert [one["onExitCodes"]["values"] for one in rules if one["action"] == "FailJob"] == [
        [2, 11]
    ]


def test_the_configuration_is_what_the_fleet_reads(
    answered: dict[str, Any], tmp_path: Path
) -> None:
    file = tmp_path / "fleet.yaml"
    file.write_text(fleet(answered["least"])["ConfigMap"]["data"]["fleet.yaml"])
    config = read_config(file)
    assert (config.organisation, config.reports) == ("acme", "/var/lib/mlsec/reports")
    assert [owner.logins for owner in config.owners] == [("of_payments",)]


def test_the_configuration_of_the_page_is_one() -> None:
    assert [target.target for target in config_of(block("# fleet.yaml")).targets] == [
        "aws", "azure", "gcp", "kubernetes", "/srv/repositories",
    ]  # fmt: skip


def test_mlsec_finds_nothing_wrong_with_it(answered: dict[str, Any], tmp_path: Path) -> None:
    for name in ("least", "all", "the page"):
        folder = tmp_path / name
        folder.mkdir()
        manifests = copy.deepcopy(answered[name]["manifests"])
        (folder / "all.yaml").write_text(yaml.safe_dump_all(manifests))
        words = ["scan", str(folder), "--profile", "strict", "--fail-on", "medium"]
        assert main([*words, "-q", "--config", "none"]) == 0
