"""Every rule on a project fires in a bare one, and not in one that its organisation keeps tight."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.core.enums import Status
from tests.e2e import runs
from tests.estate.gcp_estate import binding
from tests.estate.gcp_items import hierarchy
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import (
    FOLDER,
    HOME,
    ORGANIZATION,
    PROJECT,
    Project,
    Thing,
    Told,
    World,
)
from tests.shipped import shipped_rules

_ON = {"enforce": True}
# What an organisation of some care sets once, for all of its projects.
_CONSTRAINTS: Mapping[str, Mapping[str, Any]] = {
    "storage.publicAccessPrevention": _ON,
    "iam.managed.disableServiceAccountKeyCreation": _ON,
    "iam.automaticIamGrantsForDefaultServiceAccounts": _ON,
    "ainotebooks.restrictPublicIp": _ON,
    "ainotebooks.disableRootAccess": _ON,
    "ainotebooks.disableFileDownloads": _ON,
    "iam.allowedPolicyMemberDomains": {"values": {"allowedValues": ["C0nordlicht"]}},
    "vertexai.allowedModels": {"values": {"allowedValues": ["publishers/google/models/a:predict"]}},
    "gcp.resourceLocations": {"values": {"allowedValues": ["in:eu-locations"]}},
    "gcp.restrictNonCmekServices": {"values": {"deniedValues": ["aiplatform.googleapis.com"]}},
    "ainotebooks.restrictVpcNetworks": {"values": {"allowedValues": [f"under:{ORGANIZATION}"]}},
}
_GEMINI = "generativelanguage.googleapis.com"
_AUDITED = (
    {
        "service": "allServices",
        "auditLogConfigs": [{"logType": "DATA_READ"}, {"logType": "DATA_WRITE"}],
    },
)


def used() -> list[Thing]:
    """What a project's settings matter for: a model server with its bucket, and an API key."""
    service = f"projects/{PROJECT}/locations/{HOME}/services/vllm"
    key = f"projects/{PROJECT}/locations/global/keys/maps"
    template = {
        "nodeSelector": {"accelerator": "nvidia-l4"},
        "volumes": [{"name": "weights", "gcs": {"bucket": "weights"}}],
    }
    return [
        Thing(
            document="run.v2",
            schema="GoogleCloudRunV2Service",
            path=service,
            body={"name": service, "template": template},
        ),
        Thing(document="storage.v1", schema="Bucket", path="b/weights", body={"name": "weights"}),
        Thing(
            document="apikeys.v2",
            schema="V2Key",
            path=key,
            body={"name": key, "displayName": "maps", "restrictions": {}},
        ),
    ]


def world_of(things: list[Thing | Told]) -> World:
    roles = [hierarchy.role(name, held) for name, held in hierarchy.ROLES.items()]
    made = World([*things, *roles, *used()], projects=(Project(parent=FOLDER),))
    made.folders = {ORGANIZATION: (FOLDER,)}
    return made


def bare() -> World:
    """Nothing is set anywhere, the Gemini API is on, and strangers are owners."""
    bindings = [
        binding("roles/owner", "user:someone@gmail.com"),
        binding("roles/aiplatform.user", "domain:nordlicht.example"),
    ]
    return world_of(
        [
            hierarchy.policy(f"projects/{PROJECT}", bindings),
            hierarchy.services(*hierarchy.SERVICES, _GEMINI),
        ]
    )


def tight() -> World:
    """The same project, with what an organisation can do about it from above."""
    alert, sink = f"projects/{PROJECT}/alertPolicies/1", f"projects/{PROJECT}/sinks/audit"
    metric = 'metric.type="aiplatform.googleapis.com/prediction/online/error_count"'
    bindings = [
        binding("roles/owner", hierarchy.COLLEAGUES),
        binding("roles/aiplatform.user", hierarchy.COLLEAGUES),
    ]
    return world_of(
        [
            hierarchy.policy(f"projects/{PROJECT}", bindings),
            hierarchy.policy(ORGANIZATION, [], _AUDITED),
            hierarchy.services(*hierarchy.SERVICES),
            *(hierarchy.constraint(n, rule, ORGANIZATION) for n, rule in _CONSTRAINTS.items()),
            *hierarchy.perimeter(),
            Thing(
                document="logging.v2",
                schema="LogSink",
                path=sink,
                body={
                    "name": "audit",
                    "destination": "storage.googleapis.com/nordlicht-audit",
                    "filter": 'logName:"cloudaudit.googleapis.com"',
                },
            ),
            Thing(
                document="monitoring.v3",
                schema="AlertPolicy",
                path=alert,
                body={
                    "name": alert,
                    "displayName": "errors",
                    "enabled": True,
                    "conditions": [{"conditionThreshold": {"filter": metric}}],
                },
            ),
        ]
    )


RULESET = shipped_rules()
# Those of other types that the project decides.
_BELOW = (
    "apikeys/key-allows-gemini-implicitly", "gcs/bucket-without-access-log",
    "gcs/bucket-without-service-perimeter",
)  # fmt: skip
RULES = sorted(rule.id for rule in RULESET.rules if rule.resource == "gcp.project")


def judged(world: World, folder: Path) -> Assessment:
    path = folder / "a.mlsnap"
    settings = CollectSettings(vocabulary=RULESET.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with pytest.MonkeyPatch.context() as patch, RunningGcp(world) as gcp:
        for name, value in gcp.environment().items():
            patch.setenv(name, value)
        pipeline.collect(("gcp",), path, settings, resume=False, say=lambda *_: None)
        assert gcp.mistakes() == []
    return runs.judge(path, RULESET)


@pytest.fixture(scope="module")
def in_bare(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(bare(), tmp_path_factory.mktemp("bare"))


@pytest.fixture(scope="module")
def in_tight(tmp_path_factory: pytest.TempPathFactory) -> Assessment:
    return judged(tight(), tmp_path_factory.mktemp("tight"))


@pytest.mark.parametrize("rule", [*RULES, *_BELOW])
def test_bare_project_fails_and_a_tight_one_passes(
    rule: str, in_bare: Assessment, in_tight: Assessment
) -> None:
    assert Status.FAIL in {f.status for f in in_bare.findings if f.rule == rule}
    assert in_tight.passed.get(rule)
