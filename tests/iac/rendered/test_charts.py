"""What a chart renders to is judged, on the lines of its templates; nothing of it steers a scan."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.core.finding import Finding
from tests.e2e import runs

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("helm_python") is None, reason="install the extra helm"
)
CHART = "apiVersion: v2\nname: llm\nversion: 0.1.0\n"
DEPLOYMENT = """\
{{- if .Values.enabled }}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ .Release.Name }}
  labels:
    {{- include "llm.labels" . | nindent 4 }}
spec:
  selector:
    matchLabels: {app: llm}
  template:
    metadata:
      labels: {app: llm}
    spec:
      containers:
        - name: side
          image: busybox:1.36
        - name: vllm
          image: "vllm/vllm-openai:{{ .Values.tag }}"
          securityContext:
            privileged: {{ .Values.privileged }}
{{- end }}
"""
FILES = {
    "charts/llm/Chart.yaml": CHART,
    "charts/llm/values.yaml": "enabled: true\ntag: v0.6.0\nprivileged: false\n",
    "charts/llm/templates/_helpers.tpl": '{{ define "llm.labels" }}app: llm{{ end }}',
    "charts/llm/templates/deployment.yaml": DEPLOYMENT,
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


def details(made: Assessment) -> str:
    return " | ".join(gap.detail for gap in made.gaps)


def test_a_value_stands_on_its_line_of_the_template_and_a_missing_one_at_what_holds_it(
    tmp_path: Path,
) -> None:
    values = FILES["charts/llm/values.yaml"].replace("privileged: false", "privileged: true")
    made = scanned(tmp_path, {**FILES, "charts/llm/values.yaml": values})
    (finding,) = failed(made, "k8s-pod/container-privileged")
    assert finding.evidence[0].source.endswith("charts/llm/templates/deployment.yaml:21:13")
    (finding,) = failed(made, "k8s-workload/default-service-account")
    assert finding.resource.file.endswith("charts/llm/templates/deployment.yaml")
    assert finding.resource.line == 2
    assert {row.errored for row in made.coverage.rows} == {0}


def test_each_file_of_values_is_a_scenario_and_one_finding_names_them(tmp_path: Path) -> None:
    made = scanned(
        tmp_path,
        {
            **FILES,
            "charts/llm/.helmignore": "# what is not packed\nvalues-*.yaml\n",
            "charts/llm/values-prod.yaml": "privileged: true\n",
            "charts/llm/values.schema.yaml": "privileged: true\n",
            "charts/llm/values/dev.yaml": "tag: latest\nprivileged: true\n",
        },
    )
    (finding,) = failed(made, "k8s-pod/container-privileged")
    assert finding.scenarios == ("values-prod.yaml", "values/dev.yaml")
    assert finding.message.endswith("(with values-prod.yaml and values/dev.yaml)")
    (finding,) = failed(made, "k8s-pod/image-latest")
    assert "values/dev.yaml" in finding.resource.id
    assert finding.scenarios == ("values/dev.yaml",)
    assert finding.message.endswith("(with values/dev.yaml)")


def test_what_is_so_with_the_values_of_the_chart_alone_names_no_file(tmp_path: Path) -> None:
    values = FILES["charts/llm/values.yaml"].replace("privileged: false", "privileged: true")
    given = {
        "charts/llm/values.yaml": values,
        "charts/llm/values-safe.yaml": "privileged: false\n",
    }
    made = scanned(tmp_path, {**FILES, **given})
    (finding,) = failed(made, "k8s-pod/container-privileged")
    assert not finding.scenarios
    assert "values.yaml" not in finding.message


def test_what_one_file_of_values_alone_makes_names_it_in_each_report(tmp_path: Path) -> None:
    given = {
        "charts/llm/values.yaml": "enabled: false\ntag: v0.6.0\nprivileged: false\n",
        "charts/llm/values-gke.yaml": "enabled: true\nprivileged: true\n",
    }
    made = scanned(tmp_path, {**FILES, **given}, "-f", "json,sarif,html,text")
    (finding,) = failed(made, "k8s-pod/container-privileged")
    assert finding.scenarios == ("values-gke.yaml",)
    for name in ("results.sarif", "report.html", "report.txt"):
        assert "(with values-gke.yaml)" in " ".join((tmp_path / "out" / name).read_text().split())


def test_what_a_template_requires_is_a_gap_with_its_words(tmp_path: Path) -> None:
    text = (
        'apiVersion: v1\nkind: Service\nmetadata: {name: {{ required "set the name" .Values.n }}}\n'
    )
    made = scanned(tmp_path, {**FILES, "charts/llm/templates/service.yaml": text})
    assert "set the name" in details(made)
    assert any(row.errored for row in made.coverage.rows)


def test_dependencies_are_never_fetched_and_named(tmp_path: Path) -> None:
    chart = CHART + (
        "dependencies:\n"
        "  - {name: redis, version: 1.2.3, repository: 'https://example.invalid/charts'}\n"
        "  - {name: off, version: 1.0.0, repository: 'https://example.invalid/x', "
        "condition: off.on}\n"
        "  - {name: common, version: 1.0.0, repository: 'file://../common'}\n"
    )
    made = scanned(
        tmp_path,
        {
            **FILES,
            "charts/llm/Chart.yaml": chart,
            "charts/llm/values.yaml": FILES["charts/llm/values.yaml"] + "off: {on: false}\n",
            "charts/common/Chart.yaml": CHART.replace("llm", "common"),
            "charts/common/templates/s.yaml": (
                "apiVersion: v1\nkind: Service\nmetadata: {name: s-{{ .Release.Name }}}\n"
                "spec: {type: LoadBalancer, ports: [{port: 80}]}\n"
            ),
        },
    )
    assert "redis 1.2.3; run helm dependency build charts/llm" in details(made)
    assert "off" not in details(made).partition("redis")[2].partition(";")[0]
    assert "common" not in details(made)


def test_templates_of_a_library_are_no_root(tmp_path: Path) -> None:
    made = scanned(tmp_path, {**FILES, "charts/llm/Chart.yaml": CHART + "type: library\n"})
    assert not made.findings
    assert not made.gaps


def test_nothing_in_a_chart_reaches_beyond_it(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("apiVersion: v1\nkind: Service\nmetadata: {name: leaked}\n")
    (tmp_path / "repo/charts/llm/templates").mkdir(parents=True)
    (tmp_path / "repo/charts/llm/templates/link.yaml").symlink_to(tmp_path / "secret")
    (tmp_path / "repo/charts/llm/out").symlink_to("/etc")
    reaching = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: x
  annotations:
    a: {{ .Files.Get "out/passwd" | quote }}
    b: {{ .Files.Get "../../../secret" | quote }}
    c: {{ lookup "v1" "Secret" "kube-system" "" | toJson | quote }}
    d: {{ getHostByName "example.com" | quote }}
    e: {{ (.Files.Glob "**/passwd").AsConfig | quote }}
"""
    made = scanned(tmp_path, {**FILES, "charts/llm/templates/reach.yaml": reaching})
    text = (tmp_path / "out/assessment.json").read_text()
    assert "root:" not in text
    assert "leaked" not in text
    assert failed(made, "k8s-workload/default-service-account")
