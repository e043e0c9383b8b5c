"""An account that a person made by clicking through: no alarm about a default that opens nothing.

The defaults are those of the providers' documentation (`tests/e2e/scenes/default_*.py` and
`tests/estate/seed_default.py` name the pages), served on loopback and scanned as a user would.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from mlsec.core.enums import Profile, Severity, Status
from mlsec.core.finding import Finding
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.clouds import Running
from tests.e2e.scenes import default_azure, default_gcp
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import World
from tests.estate.gcp_server import RunningGcp
from tests.estate.serve import RunningAws, Settings

_CLOUDS: Mapping[str, Callable[[], Running]] = {
    "aws": lambda: RunningAws(Settings(deployments=0, is_default=True)),
    "azure": lambda: RunningAzure(World(default_azure.items())),
    "gcp": lambda: RunningGcp(default_gcp.world()),
}
_FULL_ACCESS = "AmazonSageMakerFullAccess passes every role of the account to SageMaker"
_SHARED = "one role serves the endpoint and the notebook: code in the notebook replaces the weights"
_DOORS = "the default network lets the whole internet reach SSH and RDP of the notebook's machine"
_EDITOR = "the notebook runs as an editor of the project: who uses it may do what an editor may"
# What a default does open, and to whom: these are high, and nothing else is.
_OPENS: Mapping[str, Mapping[str, str]] = {
    "aws": {
        "iam/ml-role-can-escalate": _FULL_ACCESS,
        "paths/notebook-root-internet-escalation": _FULL_ACCESS,
        "paths/weights-writable-from-notebook": _SHARED,
    },
    "azure": {},
    "gcp": {
        "gcp-iam/ml-account-basic-role": _EDITOR,
        "gcp-iam/ml-account-can-escalate": _EDITOR,
        "gcp-vpc/ml-network-remote-administration-public": _DOORS,
        "paths/notebook-root-internet-escalation": _EDITOR,
        "workbench/instance-account-privileged": _EDITOR,
    },
}
# What remains at medium unless the strict profile is asked for.
_MEDIUM: Mapping[str, frozenset[str]] = {
    "aws": frozenset(
        {
            "bedrock-agent/agent-without-guardrail",
            "bedrock/calls-without-audit-log",
            "bedrock/region-without-invocation-log",
            "iam/ml-role-manages-ml-services",
            "iam/ml-role-passes-every-role",
            "iam/ml-role-trust-without-source",
            "paths/serving-role-shared-with-notebook",
            "s3/account-without-public-access-block",
            "s3/bucket-without-tls",
            "sagemaker/domain-direct-internet",
            "sagemaker/model-without-customer-network",
            "sagemaker/model-without-network-isolation",
            "sagemaker/notebook-direct-internet",
            "sagemaker/notebook-imdsv1",
            "sagemaker/notebook-root-access",
            "sagemaker/notebook-without-customer-network",
            "vpc/ml-subnet-assigns-public-ip",
        }
    ),
    "azure": frozenset(
        {
            "azure-ai/account-egress-unrestricted",
            "azure-ai/account-firewall-allows-by-default",
            "azure-ai/account-local-auth",
            "azure-ai/account-without-log",
            "azure-keyvault/vault-any-address",
            "azure-keyvault/vault-without-purge-protection",
            "azure-keyvault/vault-without-rbac",
            "azure-ml/compute-instance-public-ip",
            "azure-ml/compute-instance-root-access",
            "azure-ml/compute-instance-without-customer-network",
            "azure-ml/datastore-key-authentication",
            "azure-ml/deployment-egress-unrestricted",
            "azure-ml/endpoint-key-authentication",
            "azure-ml/endpoint-public-network",
            "azure-ml/endpoint-without-log",
            "azure-ml/environment-image-unpinned",
            "azure-ml/workspace-egress-unrestricted",
            "azure-ml/workspace-public-network",
            "azure-ml/workspace-storage-key-authentication",
            "azure-openai/filter-document-attacks-not-blocked",
            "azure-storage/account-any-address",
            "azure-storage/account-shared-key",
        }
    ),
    "gcp": frozenset(
        {
            "gcp-iam/ml-account-acts-as-any",
            "gcp-iam/ml-default-service-account",
            "gcp-project/vertex-calls-without-audit-log",
            "gcp-project/without-public-access-prevention",
            "vertex/endpoint-public-network",
            "workbench/instance-default-service-account",
            "workbench/instance-public-ip",
            "workbench/instance-root-access",
            "workbench/instance-shared-by-account",
        }
    ),
}


@pytest.fixture(scope="module", params=_CLOUDS)
def cloud(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def failed(cloud: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Finding, ...]:
    """What one scan of the account found."""
    out = tmp_path_factory.mktemp(cloud) / "out"
    with _CLOUDS[cloud]() as running:
        done = runs.mlsec("scan", cloud, "-o", out, "-f", "json", aws=running)
        assert done.returncode == (10 if _OPENS[cloud] else 0), done.stderr[-3000:]
        assert running.mistakes() == []
    findings = runs.load_assessment(out).findings
    return tuple(one for one in findings if one.status is Status.FAIL)


def test_no_default_is_high_that_opens_nothing(cloud: str, failed: tuple[Finding, ...]) -> None:
    grave = {one.rule for one in failed if one.severity in (Severity.CRITICAL, Severity.HIGH)}
    assert grave == _OPENS[cloud].keys()


def test_what_remains_at_medium_is_listed(
    cloud: str, failed: tuple[Finding, ...], ruleset: RuleSet
) -> None:
    medium = {one.rule for one in failed if one.severity is Severity.MEDIUM}
    assert {rule for rule in medium if not _is_strict(ruleset, rule)} == _MEDIUM[cloud]


def _is_strict(ruleset: RuleSet, rule_id: str) -> bool:
    rule = ruleset.by_id(rule_id)
    assert rule is not None
    return ruleset.frameworks.objectives[rule.objective].profile is Profile.STRICT
