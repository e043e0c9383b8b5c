"""What lies in tests, examples, copies and the like is folded: shown, and fails nothing."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from mlsec.cli.assess_options import FOLDED
from mlsec.cli.main import main
from mlsec.repository.folders.classes import BY_NAME, CLASSES, FolderClass

ROOT = Path(__file__).resolve().parents[2]

NOTEBOOK = """\
resource "aws_sagemaker_notebook_instance" "n" {
  name                   = "n"
  instance_type          = "ml.t3.medium"
  role_arn               = "arn:aws:iam::111122223333:role/x"
  direct_internet_access = "Enabled"
}
"""
WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: serve, namespace: ml}}
spec:
  selector: {{matchLabels: {{app: serve}}}}
  template:
    metadata: {{labels: {{app: serve}}}}
    spec:
      containers:
        - name: vllm
          image: vllm/vllm-openai:{tag}
          securityContext: {{privileged: true}}
"""


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "code").mkdir()
    monkeypatch.chdir(tmp_path)


def write(text: str, *names: str) -> None:
    for name in names:
        path = Path("code", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def scan(*words: str, code: int | None = 0, target: str = "code") -> dict[str, Any]:
    options = ("--fail-on", "medium", "--min-coverage", "0.1", "-q", "-o", "out")
    exit_code = main(["scan", target, *options, *words])
    assert code is None or exit_code == code
    return json.loads(Path("out/assessment.json").read_text())


def places(document: dict[str, Any]) -> dict[str, set[str]]:
    """Give the files with findings by their class, "" for those that count."""
    result: dict[str, set[str]] = {}
    folding = document["folding"] or {"findings": []}
    for finding in (*document["findings"], *folding["findings"]):
        result.setdefault(finding.get("folded", ""), set()).add(finding["resource"]["file"])
    return result


def test_each_class_of_folder_is_folded_and_fails_nothing() -> None:
    write(
        NOTEBOOK, "tests/main.tf", "a/examples/b/main.tf", "docs/main.tf", "vendor/x/main.tf",
        "hack/main.tf", "third_party/tests/main.tf",
    )  # fmt: skip
    write(NOTEBOOK.replace("Enabled", "Disabled"), *(f"app{n}/main.tf" for n in range(3)))
    found = places(scan("--select", "sagemaker/notebook-direct-internet"))
    assert {name: files for name, files in found.items() if name} == {
        "tests": {"tests/main.tf"},
        "examples": {"a/examples/b/main.tf"},
        "documentation": {"docs/main.tf"},
        "vendored": {"vendor/x/main.tf", "third_party/tests/main.tf"},
        "development": {"hack/main.tf"},
    }


LOADS = """\
from transformers import AutoModel
AutoModel.from_pretrained("org/model", trust_remote_code=True)
"""


def notebook(*cells: str) -> str:
    shown = [
        {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": 1, "source": cell}
        for cell in cells
    ]
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": shown})


ENDPOINT = """\
import boto3
client = boto3.client("sagemaker")
client.create_endpoint_config(
    EndpointConfigName="c",
    ProductionVariants=[{"VariantName": "a", "ModelName": "m", "InitialInstanceCount": 1,
                         "InstanceType": "ml.g5.xlarge"}],
)
client.create_notebook_instance(
    NotebookInstanceName="n", InstanceType="ml.t3.medium", DirectInternetAccess="Enabled",
    RoleArn="arn:aws:iam::111122223333:role/x",
)
"""


@pytest.mark.parametrize("beside", ["app/main.tf", "docs/main.tf"])
def test_of_a_notebook_what_is_below_high_is_folded(beside: str) -> None:
    write(notebook(ENDPOINT, LOADS), "walk.ipynb", "workshops/a/walk.ipynb")
    write(NOTEBOOK.replace("Enabled", "Disabled"), beside)
    document = scan(code=10)
    folded = {f["rule"] for f in document["folding"]["findings"] if f["folded"] == "notebooks"}
    counted = {f["rule"] for f in document["findings"] if f["resource"]["file"] == "walk.ipynb"}
    assert {
        "sagemaker/endpoint-config-without-capture",
        "sagemaker/notebook-direct-internet",
        "sagemaker/notebook-root-access",
    } <= folded
    assert "python-file/remote-code-unpinned" in counted
    assert not counted & folded
    whole = scan("--unfold", "notebooks", code=10)
    assert "notebooks" not in places(whole)
    assert "sagemaker/endpoint-config-without-capture" in {f["rule"] for f in whole["findings"]}


def test_examples_that_count_leave_their_tests_and_notebooks_folded() -> None:
    write(NOTEBOOK, "examples/a/main.tf", "examples/a/tests/main.tf")
    write(notebook(ENDPOINT), "examples/a/walk.ipynb")
    found = places(scan(code=10))
    assert found[""] == {"examples/a/main.tf", "examples/a/walk.ipynb"}
    assert found["tests"] == {"examples/a/tests/main.tf"}
    assert found["notebooks"] == {"examples/a/walk.ipynb"}


def test_notebook_that_cannot_be_read_is_no_less_of_a_gap() -> None:
    write('{"cells": ["import sagemaker, boto3, torch"', "walk.ipynb")
    write(NOTEBOOK.replace("Enabled", "Disabled"), "main.tf")
    document = scan(code=None)
    assert any(gap["subject"].endswith("walk.ipynb") for gap in document["gaps"])


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("config/example-services/main.yaml", "examples"),
        ("config/chat-example/main.yaml", "examples"),
        ("config/serve.example.yaml", "examples"),
        ("example-serve.yaml", "examples"),
        ("workshops/a/serve.yaml", "examples"),
        (".archive/serve.yaml", "archives"),
        ("apps/_archived/a/serve.yaml", "archives"),
        ("x_archive/a/serve.yaml", "archives"),
        ("test-configs/a/serve.yaml", "tests"),
        ("etc/test-images/serve.yaml", "tests"),
        ("controllers/loadtest/serve.yaml", "tests"),
        ("app/mock-backend/serve.yaml", "tests"),
        ("training-sample/serve.yaml", "examples"),
        ("bold/serve.yaml", ""),
        ("dev_tools/serve.yaml", "development"),
        ("devspace.yaml", "development"),
        ("values-dev/serve.yaml", ""),
        ("overlays/dev/serve.yaml", ""),
        ("examplesque.yaml", ""),
    ],
)
def test_names_of_examples_and_of_developers_tools(path: str, name: str) -> None:
    write(WORKLOAD.format(tag="0.9.0"), path, *(f"app{n}/serve.yaml" for n in range(4)))
    assert path in places(scan("--select", "k8s-pod/*", code=None))[name]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("tools.Dockerfile", ""),
        ("Dockerfile.dev", "development"),
        ("build/base/intel-builder.Dockerfile", "development"),
        (".devcontainer/Dockerfile", "development"),
    ],
)
def test_images_of_developers_and_of_builds_are_folded(path: str, name: str) -> None:
    write("FROM python:3.13\nRUN pip install vllm\n", path, "app/Dockerfile")
    assert path in places(scan("--select", "dockerfile/*", code=None))[name]


def test_unfolded_class_counts_and_the_others_stay_folded() -> None:
    write(NOTEBOOK, "tests/main.tf", "docs/main.tf", "main.tf")
    document = scan("--unfold", "tests", code=10)
    assert places(document)["documentation"] == {"docs/main.tf"}
    assert {"main.tf", "tests/main.tf"} <= places(document)[""]
    assert "documentation" not in places(scan("--unfold", "all", code=10))


def test_every_report_says_what_is_folded_and_how_to_count_it() -> None:
    write(NOTEBOOK, "tests/main.tf", "main.tf")
    scan("-f", "json,markdown,text,html,sarif,sarif-full", code=10)
    for name in ("summary.md", "report.txt", "report.html", "results.sarif"):
        words = " ".join(Path("out", name).read_text().split())
        assert "--unfold tests" in words, name
    run = json.loads(Path("out/results.sarif").read_text())["runs"][0]
    counts = run["invocations"][0]["properties"]["mlsec/folded"]
    assert list(counts) == ["tests"]
    assert not any("tests/main.tf" in json.dumps(item) for item in run["results"])
    archive = json.loads(Path("out/results-full.sarif").read_text())["runs"]
    kept = [item for run in archive for item in run["results"] if "suppressions" in item]
    assert {item["properties"]["folded"] for item in kept} == {"tests"}


@pytest.mark.parametrize(
    ("path", "beside", "name"),
    [
        ("infra/test/main.tf", "infra/prod/main.tf", ""),
        ("envs/test/main.tf", "envs/dev/main.tf", ""),
        ("apps/overlays/test/main.tf", "apps/base/main.tf", ""),
        ("infra/test/main.tf", "infra/modules/main.tf", "tests"),
        ("infra/test-eu/main.tf", "infra/prod-eu/main.tf", ""),
        ("infra/test-eu/main.tf", "infra/modules/main.tf", "tests"),
        ("llm/ci/main.tf", "llm/Chart.yaml", "tests"),
        ("llm/ci/main.tf", "llm/values.tf", ""),
        ("demo/main.tf", "live/main.tf", ""),
        ("docs/prod/main.tf", "app/main.tf", "documentation"),
    ],
)
def test_environment_that_is_named_test_is_deployed(path: str, beside: str, name: str) -> None:
    write(NOTEBOOK, path)
    write(NOTEBOOK.replace("Enabled", "Disabled"), beside, "z/main.tf")
    assert path in places(scan(code=None))[name]


def test_repository_of_examples_is_judged_as_what_it_is() -> None:
    write(NOTEBOOK, *(f"examples/{n}/main.tf" for n in range(24)))
    write("FROM scratch\n", "Dockerfile")
    document = scan(code=10)
    assert set(places(document)) == {""}
    assert "examples count here" in document["folding"]["kept"]


def test_what_is_scanned_beside_a_repository_of_examples_folds_nothing_in_it() -> None:
    write(NOTEBOOK, *(f"examples/{n}/main.tf" for n in range(24)))
    write(NOTEBOOK, "../other/infra/main.tf", "../other/examples/main.tf")
    assert main(["scan", "code", "other", "--fail-on", "medium", "-q", "-o", "out"]) == 10
    document = json.loads(Path("out/assessment.json").read_text())
    counted = {finding["resource"]["scope"] for finding in document["findings"]}
    assert counted == {"code/code", "code/other"}
    folded = {finding["resource"]["scope"] for finding in document["folding"]["findings"]}
    assert folded == {"code/other"}
    assert "examples count in code: less than a tenth" in document["folding"]["kept"]


def test_target_within_such_a_folder_is_judged() -> None:
    write(NOTEBOOK, "examples/a/main.tf")
    assert places(scan(code=10, target="code/examples"))[""] == {"a/main.tf"}


def test_newest_version_is_judged_and_older_copies_are_folded() -> None:
    for tag in ("0.9.0", "0.10.0", "0.11.0-rc1"):
        write(WORKLOAD.format(tag=tag), f"install/v{tag}/serve.yaml")
    write(NOTEBOOK, "install/v0.9.0/other.tf")
    found = places(scan(code=10))
    assert found["copies"] == {"install/v0.9.0/serve.yaml", "install/v0.10.0/serve.yaml"}
    assert found[""] == {"install/v0.11.0-rc1/serve.yaml", "install/v0.9.0/other.tf"}


ACCOUNT = """\
resource ai 'Microsoft.CognitiveServices/accounts@2023-05-01' = {
  name: 'ai'
  location: 'westeurope'
  kind: 'OpenAI'
  sku: { name: 'S0' }
  properties: { disableLocalAuth: true, publicNetworkAccess: 'Disabled' }
}
"""


def template(compiler: str = "bicep") -> str:
    account = {
        "type": "Microsoft.CognitiveServices/accounts", "apiVersion": "2023-05-01", "name": "ai",
        "location": "westeurope", "kind": "OpenAI", "sku": {"name": "S0"},
        "properties": {"disableLocalAuth": False, "publicNetworkAccess": "Enabled"},
    }  # fmt: skip
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    made_by = {"_generator": {"name": compiler, "version": "0.30.23"}}
    return json.dumps({"$schema": schema, "metadata": made_by, "resources": [account]}, indent=1)


@pytest.mark.parametrize(
    "name", ["infra/main.json", "infra/arm/main.json", "infra/azuredeploy.json"]
)
def test_template_that_bicep_made_is_folded_beside_its_source(name: str) -> None:
    write(ACCOUNT, "infra/main.bicep")
    write(template(), name)
    subprocess.run(["git", "init", "-q", "code"], check=True)  # noqa: S607
    subprocess.run(["git", "-C", "code", "add", "-A"], check=True)  # noqa: S607
    document = scan(code=None)
    assert places(document)["compiled"] == {name}
    folded = [item for item in document["folding"]["findings"] if item["folded"] == "compiled"]
    assert not {"critical", "high"} & {item["severity"] for item in folded}


@pytest.mark.parametrize(
    ("name", "compiler"), [("apps/other/main.json", "bicep"), ("infra/x/other.json", "bicep"),
                           ("infra/main.json", "a hand")],
)  # fmt: skip
def test_template_without_its_source_or_of_another_hand_is_judged(name: str, compiler: str) -> None:
    write(ACCOUNT, "infra/main.bicep")
    write(template(compiler), name)
    found = places(scan(code=10))
    assert name in found[""]


CHART = {
    "charts/llm/Chart.yaml": "apiVersion: v2\nname: llm\nversion: 1.0.0\n",
    "charts/llm/values.yaml": "tag: latest\n",
    "charts/llm/templates/serve.yaml": WORKLOAD.format(tag="{{ .Values.tag }}"),
}


@pytest.mark.parametrize(
    ("chart", "place", "name"),
    [("llm", "examples", "compiled"), ("llm", "deploy", ""), ("other", "examples", "")],
)
def test_stored_output_of_a_chart_is_folded_among_examples(
    chart: str, place: str, name: str
) -> None:
    for path, text in CHART.items():
        write(text, path)
    output = f"---\n# Source: {chart}/templates/serve.yaml\n{WORKLOAD.format(tag='0.9.0')}"
    outputs = {f"{place}/output-{n}.yaml" for n in range(24)}
    write(output, *outputs)
    found = places(scan("--select", "k8s-pod/container-root-allowed", code=10))
    assert "charts/llm/templates/serve.yaml" in found[""]
    # One finding stands for what the files of a folder have alike.
    assert found.get(name, set()) & outputs


def test_interfaces_v1_and_v2_are_no_copies() -> None:
    write(WORKLOAD.format(tag="0.9.0"), "api/v1/serve.yaml", "api/v2/serve.yaml")
    assert places(scan(code=10)).keys() == {""}


def test_live_token_counts_wherever_it_lies() -> None:
    token = "hf_" + "aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3z"
    write(f"HF_TOKEN={token}\nDB_PASSWORD=correct-horse-9\n", "tests/.env")
    write("DB_PASSWORD=correct-horse-9\n", "tests/b/.env")
    found = places(scan(code=10))
    assert found[""] == {"tests/.env"}
    assert found["tests"] == {"tests/b/.env"}


def test_harmful_model_counts_wherever_it_lies() -> None:
    path = Path("code/tests/fixtures/model.pkl")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"cos\nsystem\n(S'id'\ntR.")
    document = scan(code=10)
    assert "artifact/calls-dangerous-code" in {item["rule"] for item in document["findings"]}


def test_unread_file_of_a_test_does_not_make_a_scan_incomplete() -> None:
    write("apiVersion: v1\nkind: [\n", "tests/broken.yaml")
    write(NOTEBOOK.replace("Enabled", "Disabled"), "main.tf")
    options = ("--fail-on", "none", "-q", "-o", "out")
    folded = main(["scan", "code", *options])
    counted = main(["scan", "code", *options, "--unfold", "tests"])
    assert (folded, counted) == (0, 11)


def test_folder_without_anything_to_assess_is_clean_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("print('hello')\n", "src/app.py")
    assert main(["scan", "code"]) == 0
    assert "Nothing to assess: of 1 file none is a model" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize("kind", CLASSES, ids=lambda kind: kind.name)
def test_documentation_and_option_name_every_class(kind: FolderClass) -> None:
    page = (ROOT / "docs" / "scan-repository.md").read_text()
    row = next(line for line in page.splitlines() if line.startswith(f"| `{kind.name}` |"))
    assert all(f"`{name}" in row for name in (*kind.folders, *kind.files))
    assert kind.why in row
    assert (*BY_NAME, "all") == FOLDED


def test_module_goes_with_the_root_that_calls_it() -> None:
    write(NOTEBOOK, "vendor/deployed/main.tf", "modules/shown/main.tf")
    write('module "a" {\n  source = "../vendor/deployed"\n}\n', "infra/main.tf")
    write('module "a" {\n  source = "../../modules/shown"\n}\n', "tests/try/main.tf")
    write(NOTEBOOK.replace("Enabled", "Disabled"), "z/main.tf")
    found = places(scan("--select", "sagemaker/notebook-direct-internet", code=10))
    assert found == {"": {"vendor/deployed/main.tf"}, "tests": {"modules/shown/main.tf"}}


def test_model_that_stays_with_its_service_is_no_download() -> None:
    call = 'm = {name}.from_pretrained("text-embedding")\n'
    write(
        "from vertexai.language_models import TextEmbeddingModel\n"
        + call.format(name="TextEmbeddingModel"),
        "a.py",
    )
    write("from transformers import AutoModel\n" + call.format(name="AutoModel"), "b.py")
    found = places(scan("--select", "python-file/hub-download-unpinned", code=10))
    assert found == {"": {"b.py"}}
