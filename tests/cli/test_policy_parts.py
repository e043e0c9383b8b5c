"""The AWS policy comes in documents that fit a managed policy and together allow the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlsec.cli.doctor import _COSTS
from mlsec.cli.main import main
from mlsec.cli.policy_parts import MANAGED_POLICY_CHARS, policy_parts, size_chars
from mlsec.core.installation import EXTRAS
from mlsec.targets.collectors import POLICIES


def rights(policy: str) -> set[tuple[str, str]]:
    """Give each action with all of its statement but the actions."""
    return {
        (action, json.dumps({key: statement[key] for key in sorted(statement) if key != "Action"}))
        for statement in json.loads(policy)["Statement"]
        for action in statement["Action"]
    }


@pytest.mark.parametrize("is_organisation", [False, True])
def test_policy_of_aws_comes_in_two_that_fit_and_allow_the_same(is_organisation: bool) -> None:
    whole = POLICIES["aws"](is_organisation=is_organisation)
    parts = policy_parts(whole)
    assert len(parts) == 2
    assert max(map(size_chars, parts)) <= MANAGED_POLICY_CHARS
    assert set().union(*map(rights, parts)) == rights(whole)
    assert sum(len(rights(part)) for part in parts) == len(rights(whole))


def test_policy_that_fits_stays_whole() -> None:
    small = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["s3:ListAllMyBuckets"]}]})
    assert [json.loads(part) for part in policy_parts(small)] == [json.loads(small)]


def test_policies_are_written_into_a_folder(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", "--policy", "aws", "-o", str(tmp_path / "new")]) == 0
    assert sorted(path.name for path in (tmp_path / "new").iterdir()) == [
        "mlsec-scan-aws-1.json", "mlsec-scan-aws-2.json",
    ]  # fmt: skip
    assert "aws iam create-policy" in capsys.readouterr().err
    assert main(["doctor", "--policy", "gcp", "-o", str(tmp_path / "new")]) == 0
    assert (tmp_path / "new" / "mlsec-scan-gcp.yaml").is_file()


def test_doctor_knows_what_each_missing_extra_costs() -> None:
    assert {*_COSTS} == {*EXTRAS}
