"""What an overlay builds is judged, on the lines of its bases and patches; nothing is fetched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import GapReason, Status
from mlsec.core.finding import Finding
from tests.e2e import runs

pytestmark = pytest.mark.skipif(shutil.which("kustomize") is None, reason="install kustomize")
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: llm
spec:
  selector: {matchLabels: {app: llm}}
  template:
    metadata: {labels: {app: llm}}
    spec:
      containers:
      - name: side
        image: busybox:1.36
      - name: vllm
        image: vllm/vllm-openai:v0.6.0
"""
PATCH = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: llm
spec:
  template:
    spec:
      containers:
      - name: vllm
        securityContext:
          privileged: true
"""
OVERLAY = (
    "namePrefix: {0}-\nnamespace: {0}\nresources: [../../base]\npatches: [{{path: patch.yaml}}]\n"
)
FILES = {
    "base/kustomization.yaml": "resources: [deployment.yaml]\n",
    "base/deployment.yaml": DEPLOYMENT,
    "overlays/dev/kustomization.yaml": OVERLAY.format("dev"),
    "overlays/dev/patch.yaml": PATCH,
    "overlays/prod/kustomization.yaml": OVERLAY.format("prod"),
    "overlays/prod/patch.yaml": PATCH.replace("true", "false"),
}


def scanned(folder: Path, files: dict[str, str], *words: str) -> Assessment:
    for path, text in files.items():
        place = folder / "repo" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    out = folder / "out"
    runs.mlsec("scan", folder / "repo", "-o", out, "-f", "json", "--profile", "strict", *words)
    return runs.load_assessment(folder / "out")


def failed(made: Assessment, rule: str) -> list[Finding]:
    return [item for item in made.findings if item.rule == rule and item.status is Status.FAIL]


def gaps_of(made: Assessment) -> list[tuple[str, GapReason]]:
    return [(gap.detail, gap.reason) for gap in made.gaps if gap.wanted == "kustomization"]


def test_a_patched_value_stands_in_the_patch_and_the_base_is_judged_as_it_is_used(
    tmp_path: Path,
) -> None:
    made = scanned(tmp_path, FILES)
    (finding,) = failed(made, "k8s-pod/container-privileged")
    assert finding.evidence[0].source.endswith("overlays/dev/patch.yaml:11:11")
    findings = failed(made, "k8s-pod/image-unpinned")
    assert {item.resource.line for item in findings} == {11, 13}
    assert all(item.scenarios == ("overlays/dev", "overlays/prod") for item in findings)
    assert all(item.message.endswith("(with overlays/dev and overlays/prod)") for item in findings)
    assert not gaps_of(made)


def test_what_lies_elsewhere_is_named_and_lowers_the_coverage(tmp_path: Path) -> None:
    remote = "github.com/owner/repo//base?ref=v1"
    made = scanned(tmp_path, {**FILES, "base/kustomization.yaml": f"resources: [{remote}]\n"})
    (gap, *_) = gaps_of(made)
    assert remote in gap[0]
    assert any(row.errored for row in made.coverage.rows)


HOSTILE = {
    "a file of the system": "resources: [/etc/passwd]\n",
    "a file above": "resources: [../../../../../../../../etc/passwd]\n",
    "a link": "resources: [link.yaml]\n",
    "a program": "generators: [plugin.yaml]\n",
    "a chart to fetch": "helmCharts: [{name: x, repo: 'https://example.invalid', version: '1'}]\n",
    "a circle": "resources: [../base]\n",
    "an empty file": "",
    "no mapping": "- a\n",
    "a bomb of aliases": "a: &a [x,x,x,x,x,x,x,x,x]\n"
    + "".join(
        f"{n}: &{n} [{','.join([f'*{p}'] * 9)}]\n"
        for p, n in zip("abcdefgh", "bcdefghi", strict=True)
    ),
}
PLUGIN = """\
apiVersion: example.com/v1
kind: Plugin
metadata:
  name: x
  annotations:
    config.kubernetes.io/function: |
      exec: {path: /bin/touch}
"""


def test_where_a_root_cannot_be_built_its_parts_are(tmp_path: Path) -> None:
    root = "resources: [overlays/dev, github.com/owner/repo//base?ref=v1]\n"
    made = scanned(tmp_path, FILES | {"kustomization.yaml": root})
    assert len(failed(made, "k8s-pod/container-privileged")) == 1
    findings = failed(made, "k8s-pod/image-unpinned")
    assert {item.scenarios for item in findings} == {("overlays/dev", "overlays/prod")}
    ((detail, reason),) = gaps_of(made)
    assert "never fetched" in detail
    assert reason is GapReason.UNSUPPORTED


@pytest.mark.parametrize("name", HOSTILE)
def test_nothing_in_a_kustomization_reaches_beyond_its_folder(name: str, tmp_path: Path) -> None:
    (tmp_path / "repo/base").mkdir(parents=True)
    (tmp_path / "repo/base/link.yaml").symlink_to("/etc/passwd")
    files = {"base/kustomization.yaml": HOSTILE[name], "base/plugin.yaml": PLUGIN}
    made = scanned(tmp_path, files)
    assert gaps_of(made)
    assert "root:" not in (tmp_path / "out/assessment.json").read_text()


def test_route_of_one_kustomization_means_the_service_of_another(tmp_path: Path) -> None:
    service = (
        "apiVersion: v1\nkind: Service\nmetadata: {name: llm}\n"
        "spec: {selector: {app: llm}, ports: [{port: 80, targetPort: 8000}]}\n"
    )
    route = (
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: v}\n"
        "spec: {gateways: [g], http: [{route: [{destination: {host: llm.prod.svc}}]}]}\n"
    )
    files = {
        "base/kustomization.yaml": "resources: [deployment.yaml, service.yaml]\n",
        "base/deployment.yaml": DEPLOYMENT,
        "base/service.yaml": service,
        "overlays/prod/kustomization.yaml": "namespace: prod\nresources: [../../base]\n",
        "options/istio/kustomization.yaml": "namespace: prod\nresources: [route.yaml]\n",
        "options/istio/route.yaml": route,
    }
    (found,) = failed(scanned(tmp_path, files), "k8s-network/route-without-authentication")
    assert found.resource.name == "v"
