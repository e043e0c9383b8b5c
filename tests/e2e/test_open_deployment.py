"""One deployment that anybody takes over: as Terraform, and the same as it runs in an account."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.retold import Edit, retell

_CODE = Path(__file__).with_name("open_deployment")
_BUCKET, _ROLE = "nordlicht-fraud-0001-artifacts", "fraud-0001-execution"
_PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"
_AUDIENCE = {"StringEquals": {"token.actions.githubusercontent.com:aud": "sts.amazonaws.com"}}
_OWNER = {"StringLike": {"token.actions.githubusercontent.com:sub": "repo:nordlicht/*"}}
# Findings by the former ids that issue trackers and waivers know.
OPEN_ROLE, OPEN_BUCKET = (
    ("iam/ml-role-trust-unrestricted",),
    ("s3/bucket-public-write", "s3/bucket-public-read", "s3/bucket-externally-writable"),
)


def _failed(assessment: Assessment, name: str) -> set[str]:
    return {
        finding.rule
        for finding in assessment.findings
        if finding.status is Status.FAIL and finding.resource.name == name
    }


def _trust(*conditions: dict[str, Any]) -> Edit:
    """Let tokens of GitHub take on the role."""
    statement = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": _PROVIDER},
        "Condition": {key: value for condition in conditions for key, value in condition.items()},
    }

    def change(answer: dict[str, Any]) -> None:
        for role in answer["RoleDetailList"]:
            if role["RoleName"] == _ROLE:
                role["AssumeRolePolicyDocument"]["Statement"].append(statement)

    return Edit(operation="GetAccountAuthorizationDetails", change=change)


def _policy(principal: Any) -> Edit:
    """Let somebody write below ``public/``, and nobody elsewhere."""
    public = f"arn:aws:s3:::{_BUCKET}/public/*"
    writes = ["s3:GetObject", "s3:PutObject"]
    statements = [
        {"Effect": "Allow", "Principal": principal, "Action": writes, "Resource": public},
        {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "NotResource": public},
    ]

    def change(answer: dict[str, Any]) -> None:
        answer["Policy"] = json.dumps({"Version": "2012-10-17", "Statement": statements})

    return Edit(operation="GetBucketPolicy", params={"Bucket": _BUCKET}, change=change)


def _unblocked() -> Edit:
    return Edit(
        operation="GetPublicAccessBlock",
        params={"Bucket": _BUCKET},
        change=lambda answer: answer["PublicAccessBlockConfiguration"].update(
            BlockPublicPolicy=False, RestrictPublicBuckets=False
        ),
    )


@pytest.fixture(scope="module")
def live(ruleset: RuleSet, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Assessment]:
    def judged(*edits: Edit) -> Assessment:
        path = tmp_path_factory.mktemp("live") / "open.mlsnap"
        retell(runs.ROOT / "fixtures" / "demo", path, edits)
        return runs.judge(path, ruleset)

    return judged


def test_terraform_that_opens_role_and_bucket_fails_for_both(tmp_path: Path) -> None:
    done = runs.mlsec("scan", _CODE, "-f", "json", "-o", tmp_path, "--fail-on", "none")
    assert done.returncode in (0, 11), done.stderr
    assessment = runs.load_assessment(tmp_path)
    assert set(OPEN_ROLE) <= _failed(assessment, "training")
    assert set(OPEN_BUCKET) <= _failed(assessment, "acme-models")


def test_the_same_in_an_account_fails_for_both(live: Callable[..., Assessment]) -> None:
    assessment = live(_trust(_AUDIENCE), _policy("*"), _unblocked())
    assert set(OPEN_ROLE) <= _failed(assessment, _ROLE)
    assert set(OPEN_BUCKET) <= _failed(assessment, _BUCKET)


def test_a_repository_owner_and_an_own_role_close_both(live: Callable[..., Assessment]) -> None:
    own = {"AWS": f"arn:aws:iam::123456789012:role/{_ROLE}"}
    assessment = live(_trust(_AUDIENCE, _OWNER), _policy(own), _unblocked())
    assert not set(OPEN_ROLE) & _failed(assessment, _ROLE)
    assert not set(OPEN_BUCKET) & _failed(assessment, _BUCKET)
