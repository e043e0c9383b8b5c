"""Of a collection of samples what is high or infrastructure counts; the rest is folded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mlsec.cli.main import main
from mlsec.targets.identity import repository_name
from tests.cli.test_folding import ENDPOINT, LOADS, NOTEBOOK, WORKLOAD, notebook

SERVE = WORKLOAD.format(tag="latest")


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_WORKSPACE", "CI_PROJECT_DIR", "BUILD_SOURCESDIRECTORY", "WORKSPACE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def repository(name: str, files: dict[str, str], origin: str = "") -> None:
    settings = f'[remote "origin"]\n\turl = {origin}\n' if origin else ""
    for path, text in {**files, ".git/config": settings, ".git/HEAD": "ref: x\n"}.items():
        place = Path(name, path)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)


def scan(target: str, *words: str) -> dict[str, Any]:
    main(["scan", target, "--fail-on", "none", "--min-coverage", "0.1", "-q", "-o", "out", *words])
    return json.loads(Path("out/assessment.json").read_text())


def counted(document: dict[str, Any]) -> set[tuple[str, str]]:
    """Give the files and severities of the failures that count."""
    return {
        (item["resource"]["file"], item["severity"])
        for item in document["findings"]
        if item["status"] == "fail"
    }


@pytest.mark.parametrize(
    ("folder", "origin", "is_collection"),
    [
        ("kubeflow-examples", "", True),
        ("x", "git@github.com:acme/ml_samples.git", True),
        ("ml-examples", "https://example.org/acme/serving.git", False),
        ("acme-samples+serving", "", False),
        ("acme+serving-workshop", "", True),
        # One sample is an application; a word within another says nothing.
        ("sample-agent", "", False),
        ("counterexamples", "", False),
    ],
)
def test_name_of_the_repository_alone_says_that_it_is_a_collection(
    folder: str, origin: str, is_collection: bool
) -> None:
    repository(folder, {"serve.yaml": SERVE, "main.tf": NOTEBOOK}, origin)
    document = scan(folder)
    severities = {severity for file, severity in counted(document) if file == "serve.yaml"}
    assert "high" in severities
    assert ("medium" not in severities) is is_collection
    # What Terraform declares is deployed by those who follow the collection.
    assert ("main.tf", "medium") in counted(document)
    folded = document["folding"]["findings"] if document["folding"] else []
    assert {item["folded"] for item in folded} == ({"collections"} if is_collection else set())


def test_collection_that_is_unfolded_or_named_in_part_counts_whole() -> None:
    repository("ml-examples", {"serve.yaml": SERVE, "a/serve.yaml": SERVE})
    assert ("serve.yaml", "medium") in counted(scan("ml-examples", "--unfold", "collections"))
    assert ("a/serve.yaml", "medium") in counted(scan("ml-examples/a"))


def test_examples_in_a_collection_leave_what_is_high() -> None:
    repository("ml-examples", {"examples/serve.yaml": SERVE})
    assert {severity for _, severity in counted(scan("ml-examples"))} == {"high"}


def test_folder_that_is_no_repository_is_no_collection() -> None:
    Path("samples").mkdir()
    Path("samples/serve.yaml").write_text(SERVE)
    assert ("serve.yaml", "medium") in counted(scan("samples"))


def test_job_says_what_its_repository_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository("work", {})
    monkeypatch.setenv("CI_PROJECT_DIR", str(tmp_path / "work"))
    monkeypatch.setenv("CI_PROJECT_URL", "https://gitlab.example/acme/ml-tutorials")
    assert repository_name(Path("work")) == "ml-tutorials"


@pytest.mark.parametrize(("folders", "is_collection"), [(9, False), (10, True)])
def test_scripts_go_with_the_notebooks_of_many_folders(folders: int, is_collection: bool) -> None:
    files = {f"{n}/walk.ipynb": notebook(LOADS) for n in range(folders)}
    scripts = dict.fromkeys(("0/a/deploy.py", "deploy.py", "other/deploy.py"), ENDPOINT)
    repository("x", {**files, **scripts, "1/serve.yaml": SERVE, "1/main.tf": NOTEBOOK})
    document = scan("x")
    medium = {file for file, severity in counted(document) if severity == "medium"}
    assert {"deploy.py", "other/deploy.py", "1/serve.yaml", "1/main.tf"} <= medium
    assert ("0/a/deploy.py" not in medium) is is_collection


def test_cdk_app_in_a_collection_counts() -> None:
    app = (
        "from aws_cdk import Stack, aws_sagemaker as sagemaker\n\n\n"
        "class Studio(Stack):\n"
        "    def __init__(self, scope, id):\n"
        "        super().__init__(scope, id)\n"
        '        sagemaker.CfnNotebookInstance(self, "N", instance_type="ml.t3.medium",\n'
        '            role_arn="arn:aws:iam::111122223333:role/x",\n'
        '            direct_internet_access="Enabled")\n'
    )
    repository("cdk-samples", {"a/cdk.json": '{"app": "python app.py"}', "a/stack.py": app})
    assert ("a/stack.py", "medium") in counted(scan("cdk-samples"))
