"""A value that the text does not say may make a failure unknown, and nothing else."""

from __future__ import annotations

import pytest

from mlsec.core.enums import Status
from tests.attacks.limited import TERRAFORM
from tests.metamorphic.comparing import GONE, PASSES, hidden
from tests.metamorphic.literals import FORMS, form_of
from tests.metamorphic.scanning import Scan, Scanner

ROLE = """\
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  name: everything
rules:
  - apiGroups: ["*"]
    resources: ["*"]
    verbs: ["*"]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: all
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: everything
subjects:
  - kind: Group
    name: system:serviceaccounts
"""
TEMPLATE = """\
Resources:
  N:
    Type: AWS::SageMaker::NotebookInstance
    Properties:
      InstanceType: ml.t3.medium
      RoleArn: arn:aws:iam::111122223333:role/n
      DirectInternetAccess: Enabled
"""
FILES = {"role.yaml": ROLE, "main.tf": TERRAFORM, "template.yaml": TEMPLATE}


@pytest.fixture(scope="module")
def scanner(tmp_path_factory: pytest.TempPathFactory) -> Scanner:
    return Scanner(tmp_path_factory.mktemp("metamorphic"))


@pytest.fixture(scope="module")
def scans(scanner: Scanner) -> dict[str, Scan]:
    return {name: scanner.scan({name: text}) for name, text in FILES.items()}


def test_what_is_compared_fails_before(scans: dict[str, Scan]) -> None:
    assert [name for name, scan in scans.items() if not scan.failed] == []


@pytest.mark.parametrize("name", FILES)
def test_no_literal_that_is_not_known_hides_a_failure(
    name: str, scanner: Scanner, scans: dict[str, Scan]
) -> None:
    text = FILES[name]
    mutants = list(FORMS[form_of(name, text)](text))
    assert len(mutants) >= 3
    harms = {
        f"{name}:{mutant.line}: {mutant.what}": found
        for mutant in mutants
        if (found := hidden(scans[name], scanner.scan({name: mutant.text})))
    }
    assert harms == {}


def test_a_scan_that_hides_is_told(scanner: Scanner, scans: dict[str, Scan]) -> None:
    mended = scanner.scan({"main.tf": TERRAFORM.replace('"Enabled"', '"Disabled"')})
    harms = hidden(scans["main.tf"], mended)
    assert [
        harm.kind for harm in harms if harm.check[0] == "sagemaker/notebook-direct-internet"
    ] == [PASSES]
    gone = scanner.scan({"main.tf": 'resource "aws_s3_bucket" "b" {}\n'})
    assert {harm.kind for harm in hidden(scans["main.tf"], gone)} >= {GONE}


RULE = '  - apiGroups: ["*"]\n    resources: ["*"]\n    verbs: ["*"]\n'
GROUP = "  - kind: Group\n    name: system:serviceaccounts\n"
AGGREGATED = 'rules: []\naggregationRule: {clusterRoleSelectors: [{matchLabels: {a: "${L}"}}]}\n'
# What stands in for a part of the role, or of whom it is given to.
STANDING_IN = {
    "one of the verbs": ('verbs: ["*"]', 'verbs: ["get", "${V}"]'),
    "all verbs": ('verbs: ["*"]', 'verbs: "${V}"'),
    "verbs that are no list": ('verbs: ["*"]', 'verbs: "*"'),
    "a rule": (RULE, '  - "${R}"\n'),
    "a rule that is no object": (RULE, "  - 7\n"),
    "labels of the roles that it collects": (f"rules:\n{RULE}", AGGREGATED),
    "whom it is given to": (GROUP, '  - "${S}"\n'),
}


@pytest.mark.parametrize("name", STANDING_IN)
def test_a_role_that_is_known_in_part_passes_nothing_that_it_may_fail(
    name: str, scanner: Scanner, scans: dict[str, Scan]
) -> None:
    old, new = STANDING_IN[name]
    assert old in ROLE
    after = scanner.scan({"role.yaml": ROLE.replace(old, new)})
    statuses = {check: after.status(check) for check in scans["role.yaml"].failed}
    assert Status.NOT_ASSESSED in statuses.values()
    assert set(statuses.values()) <= {Status.NOT_ASSESSED, Status.FAIL}
