"""Workflows that ship models: long-lived keys, actions that move, and what waits for a person."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlsec.cli.main import main

HEAD = "name: deploy\non: {trigger}\njobs:\n  ship:\n    runs-on: ubuntu-latest\n{more}    steps:\n"
COMMIT = "a" * 40
KEYS = (
    f"      - uses: aws-actions/configure-aws-credentials@{COMMIT}\n"
    "        with:\n"
    "          aws-access-key-id: ${{ secrets.AWS_ACCESS_KEY_ID }}\n"
    "          aws-secret-access-key: ${{ secrets.AWS_SECRET_ACCESS_KEY }}\n"
    "          aws-region: eu-west-1\n"
)
ROLE = (
    f"      - uses: aws-actions/configure-aws-credentials@{COMMIT}\n"
    "        with: {role-to-assume: 'arn:aws:iam::111122223333:role/ci', aws-region: eu-west-1}\n"
)
OPEN = "      - uses: actions/checkout@v4\n      - uses: owner/tool@v1\n"
OWN_CLUSTER = f"      - uses: helm/kind-action@{COMMIT}\n"
DEPLOY = "      - run: aws sagemaker update-endpoint --endpoint-name chat\n"
KEY, ACTION, APPROVAL = (
    "workflow/cloud-key-long-lived",
    "workflow/action-unpinned",
    "workflow/deployment-without-approval",
)


def failing(tmp_path: Path, text: str, name: str = ".github/workflows/deploy.yml") -> set[str]:
    """Give the rules that fail on one workflow."""
    path = tmp_path / "code" / name
    path.parent.mkdir(parents=True)
    path.write_text(text)
    words = ("--select", "workflow/*", "--fail-on", "none", "--min-coverage", "0", "-q")
    assert main(["scan", str(tmp_path / "code"), *words, "-o", str(tmp_path / "out")]) == 0
    document = json.loads((tmp_path / "out" / "assessment.json").read_text())
    return {finding["rule"] for finding in document["findings"]}


@pytest.mark.parametrize(
    ("trigger", "more", "steps", "expected"),
    [
        ("push", "", KEYS + DEPLOY, {KEY, APPROVAL}),
        ("push", "", ROLE + DEPLOY, {APPROVAL}),
        ("push", "    environment: production\n", ROLE + DEPLOY, set()),
        ("workflow_dispatch", "", ROLE + DEPLOY, set()),
        ("[push, workflow_dispatch]", "", ROLE + DEPLOY, {APPROVAL}),
        ("{push: {tags: ['v*']}}", "", ROLE + DEPLOY, set()),
        ("{push: {branches: [main], tags: ['v*']}}", "", ROLE + DEPLOY, {APPROVAL}),
        ("workflow_dispatch", "", OPEN + DEPLOY, {ACTION}),
        ("push", "", "      - run: helm upgrade llm ./llm\n", {APPROVAL}),
        ("push", "", OWN_CLUSTER + "      - run: helm upgrade llm ./llm\n", set()),
        ("push", "", OWN_CLUSTER + DEPLOY, {APPROVAL}),
        ("push", "", OPEN + "      - run: docker push r/llm-server:1\n", {ACTION}),
        ("push", "", KEYS + OPEN + "      - run: make test\n", set()),
    ],
)
def test_job_of_github(
    tmp_path: Path, trigger: str, more: str, steps: str, expected: set[str]
) -> None:
    assert failing(tmp_path, HEAD.format(trigger=trigger, more=more) + steps) == expected


def test_key_that_a_session_token_ends_is_not_long_lived(tmp_path: Path) -> None:
    token = "          aws-session-token: ${{ secrets.AWS_SESSION_TOKEN }}\n"
    text = HEAD.format(trigger="workflow_dispatch", more="") + KEYS + token + DEPLOY
    assert failing(tmp_path, text) == set()


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        ("  script: [az ml online-deployment create -f d.yml]\n", {APPROVAL}),
        ("  when: manual\n  script: [az ml online-deployment create -f d.yml]\n", set()),
        ("  environment: prod\n  script: [echo $AWS_SECRET_ACCESS_KEY, modal deploy x]\n", {KEY}),
        (
            (
                "  environment: prod\n  id_tokens: {T: {aud: x}}\n"
                "  script: [echo $AWS_SECRET_ACCESS_KEY, modal deploy x]\n"
            ),
            set(),
        ),
        ("  script: [make test]\n", set()),
    ],
)
def test_job_of_gitlab(tmp_path: Path, job: str, expected: set[str]) -> None:
    assert failing(tmp_path, f"stages: [a]\nship:\n{job}", ".gitlab-ci.yml") == expected


def test_workflow_that_is_no_yaml_is_a_gap(tmp_path: Path) -> None:
    path = tmp_path / ".github/workflows/deploy.yml"
    path.parent.mkdir(parents=True)
    path.write_text("jobs: [\n# aws sagemaker create-endpoint\n")
    assert main(["scan", str(tmp_path)]) == 11


ENDPOINT = 'resource "aws_sagemaker_endpoint" "e" {\n  name = "chat"\n}\n'
APPLIED = "      - run: {command}\n        working-directory: {folder}\n"


@pytest.mark.parametrize(
    ("command", "folder", "code", "expected"),
    [
        ("terraform apply -auto-approve", "./infra", ENDPOINT, {KEY}),
        ("tofu -chdir=infra apply", ".", ENDPOINT, {KEY}),
        ("cd infra && terraform apply", ".", ENDPOINT, {KEY}),
        ("terraform apply", ".", ENDPOINT, {KEY}),
        ("terraform plan", "./infra", ENDPOINT, set()),
        ("terraform apply", "./network", ENDPOINT, set()),
        ("terraform apply", "./infra", 'resource "aws_vpc" "v" {}\n', set()),
    ],
)
def test_a_job_that_applies_terraform_ships_the_models_that_it_declares(
    tmp_path: Path, command: str, folder: str, code: str, expected: set[str]
) -> None:
    (tmp_path / "code" / "infra").mkdir(parents=True)
    (tmp_path / "code" / "infra" / "main.tf").write_text(code)
    text = HEAD.format(trigger="workflow_dispatch", more="") + KEYS
    assert failing(tmp_path, text + APPLIED.format(command=command, folder=folder)) == expected
