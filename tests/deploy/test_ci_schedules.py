"""The schedules for GitHub and GitLab: what they sign in with is what the SDKs take."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from google.auth import identity_pool

from mlsec.cli.config.schedules import CLOUDS, github_schedule, gitlab_schedule
from mlsec.cli.parser import build_parser

ROOT = Path(__file__).resolve().parents[2]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text())
EACH: tuple[dict[str, str], ...] = ({}, *({cloud: cloud} for cloud in CLOUDS))
ALL = {"aws": "aws", "azure": "azure", "gcp": "gcp://my-project"}


def github_job(clouds: dict[str, str], folders: tuple[str, ...] = (".",)) -> Any:
    return yaml.safe_load(github_schedule(folders, clouds))["jobs"]["scan"]


def gitlab_job(clouds: dict[str, str], folders: tuple[str, ...] = (".",)) -> Any:
    return yaml.safe_load(gitlab_schedule(folders, clouds))["mlsec-scheduled"]


@pytest.mark.parametrize("clouds", EACH, ids=str)
def test_a_job_asks_for_a_token_only_where_a_cloud_is_scanned(clouds: dict[str, str]) -> None:
    assert ("id-token" in github_job(clouds)["permissions"]) == bool(clouds)
    assert ("id_tokens" in gitlab_job(clouds)) == bool(clouds)
    assert len(gitlab_job(clouds).get("id_tokens", ())) == len(clouds)


def test_actions_are_pinned_by_commit_and_inputs_are_those_of_ours() -> None:
    steps = github_job(ALL)["steps"]
    for one in steps:
        name, _, commit = one.get("uses", "x@" + "0" * 40).partition("@")
        assert name.endswith("/mlsec") or len(commit) == 40
        if name.endswith("/mlsec"):
            assert {*one["with"]} <= {*ACTION["inputs"]}
            assert one["with"]["targets"].splitlines() == [".", "aws", "azure", "gcp://my-project"]
            assert build_parser().parse_args(["scan", *one["with"]["args"].split()]).history


def test_the_history_is_kept_when_findings_fail_the_job() -> None:
    *_, last = github_job(ALL)["steps"]
    assert (last["uses"].partition("@")[0], last["if"]) == ("actions/cache/save", "${{ always() }}")
    assert gitlab_job(ALL)["cache"]["when"] == "always"


def test_two_scans_never_record_at_the_same_time() -> None:
    workflow = yaml.safe_load(github_schedule((".",), ALL))
    assert workflow["concurrency"]["cancel-in-progress"] is False
    assert gitlab_job(ALL)["resource_group"]


@pytest.mark.parametrize("name", ["${{ secrets.TOKEN }}", "a$HOME", " b", "c\nd", "e\r"])
def test_a_folder_is_never_an_expression_of_the_host(name: str) -> None:
    expected = [".", *ALL.values()]
    assert gitlab_job(ALL, (name,))["variables"]["MLSEC_TARGETS"].splitlines() == expected
    [own] = [one for one in github_job(ALL, (name,))["steps"] if "mlsec@" in one.get("uses", "")]
    assert own["with"]["targets"].splitlines() == expected


def test_what_gitlab_writes_is_taken_by_the_sdks(tmp_path: Path) -> None:
    job = gitlab_job(ALL)
    *sign_in, make, scan = job["script"]
    assert (make, scan.partition(" ")[0]) == ("mkdir -p mlsec-history", "bash")
    variables = {
        name: value.replace("/tmp/", f"{tmp_path}/") for name, value in job["variables"].items()
    }
    tokens = {name: f"jwt-{name}" for name in job["id_tokens"]}
    script = "\n".join(["set -eu", *sign_in]).replace("/tmp/", f"{tmp_path}/")
    subprocess.run(  # noqa: S603
        ["bash", "-c", script],  # noqa: S607
        env={"PATH": os.environ["PATH"], **variables, **tokens}, cwd=tmp_path, check=True,
    )  # fmt: skip
    for name in ("AWS_WEB_IDENTITY_TOKEN_FILE", "AZURE_FEDERATED_TOKEN_FILE"):
        path = Path(variables[name])
        assert path.read_text() in tokens.values()
        assert path.stat().st_mode & 0o077 == 0
    place = variables["GOOGLE_APPLICATION_CREDENTIALS"]
    credentials = identity_pool.Credentials.from_file(place)  # type: ignore[no-untyped-call]
    assert credentials.service_account_email == variables["GCP_SERVICE_ACCOUNT"]
    source = json.loads(Path(place).read_text())["credential_source"]["file"]
    assert Path(source).read_text() == "jwt-TOKEN_FOR_GCP"
