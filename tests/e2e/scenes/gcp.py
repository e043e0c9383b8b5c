"""The path rules on Google Cloud: a few resources for each rule, served on loopback and scanned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.assessment import Assessment
from mlsec.engine.model.rule import RuleSet
from tests.e2e import runs
from tests.e2e.scenes import Scene, Stage
from tests.e2e.scenes.gcp_things import (
    HERE,
    PARTNER,
    RING,
    VERTEX,
    account,
    app,
    batch,
    bucket,
    corpus,
    dataset,
    door,
    email,
    key,
    member,
    notebook,
    project,
    repository,
    tuning,
    vertex,
)
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import binding
from tests.estate.gcp_kinds import DIGEST, RECENT
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import HOME, PROJECT, Thing, Told, World

_PARTNER_EMAIL = PARTNER.partition(":")[2]
# The endpoints with open weights; the last two serve as powerful accounts.
_OPEN = ("open-weights", "taken-over", "wide-open")
_POWERFUL = ("taken-over", "wide-open", "lab-powerful")
_ENDPOINTS = (
    "quiet", *_OPEN, "shared-weights", "foreign-image", "lost-key", "twin", "told-tales",
    "prod-from-test", "prod-from-prod", "hider", "caller",
)  # fmt: skip
_LABELS: Mapping[str, Mapping[str, str]] = {
    "prod-from-test": {"environment": "production"},
    "prod-from-prod": {"environment": "production"},
}


def endpoint(name: str) -> list[Thing | Told]:
    """Give an endpoint with its model: bucket, account, image and key have its name."""
    model = f"{HERE}/models/{name}"
    account = "twin-lab" if name == "twin" else name
    repository = "foreign-image" if name == "foreign-image" else "quiet"
    version = {
        "name": f"{model}@1",
        "displayName": name,
        "versionId": "1",
        "versionCreateTime": RECENT,
        "artifactUri": f"gs://{PROJECT}-{name}/model",
        "containerSpec": {
            "imageUri": f"{HOME}-docker.pkg.dev/{PROJECT}/{repository}/serve@{DIGEST}"
        },
    }
    log = {
        "enabled": True,
        "samplingRate": 1.0,
        "bigqueryDestination": {
            "outputUri": f"bq://{PROJECT}.{'told_tales' if name == 'told-tales' else 'quiet'}.log"
        },
    }
    callers = [binding("roles/aiplatform.user", member("wide-open-door"))]
    return [
        vertex("models", "Model", name, displayName=name),
        Told(
            document="aiplatform.v1",
            schema=f"{VERTEX}ListModelVersionsResponse",
            path=f"{model}:listVersions",
            body={"models": [version]},
        ),
        vertex(
            "endpoints",
            "Endpoint",
            name,
            {"bindings": callers if name == "wide-open" else []},
            displayName=name,
            labels=dict(_LABELS.get(name, {})),
            encryptionSpec={
                "kmsKeyName": f"{RING}/cryptoKeys/{'lost' if name == 'lost-key' else 'kept'}"
            },
            predictRequestResponseLoggingConfig=log,
            deployedModels=[
                {
                    "id": "1",
                    "model": f"{model}@1",
                    "modelVersionId": "1",
                    "serviceAccount": email(account),
                }
            ],
        ),
    ]


def buckets() -> Iterable[Thing]:
    creator, viewer = "roles/storage.objectCreator", "roles/storage.objectViewer"
    environments = {"prod-from-test": "test", "prod-from-prod": "production"}
    for name in _ENDPOINTS:
        role = creator if name in _OPEN else viewer
        more = [binding("roles/storage.objectAdmin", member("lab-writer"))]
        yield bucket(
            name,
            binding(role, PARTNER),
            # The writer reads everywhere and writes in one place only.
            *(more if name == "shared-weights" else [binding(viewer, member("lab-writer"))]),
            environment=environments.get(name, ""),
        )
    yield bucket("results-read", binding(viewer, PARTNER))
    yield bucket("results-kept", binding(creator, PARTNER))
    for name in ("open-knowledge", "tuned-on-open"):
        yield bucket(name, binding(creator, PARTNER))
    for name in ("own-knowledge", "tuned-on-own"):
        yield bucket(name, binding(viewer, PARTNER))


def _project() -> Iterable[Thing | Told]:
    """Give the project's policy and roles: who is powerful, and who can misuse and hide it."""
    hides = ("roles/aiplatform.user", "roles/modelarmor.admin", "roles/logging.admin")
    held = {
        **dict.fromkeys(_POWERFUL, ("roles/editor",)),
        "hider": hides,
        "caller": hides[:2],
    }
    bindings = [
        binding(role, member(name)) for name, roles in sorted(held.items()) for role in roles
    ]
    return project(bindings)


def items() -> list[Thing | Told]:
    """Everything that the scenes need."""
    accounts = (
        *(name for name in _ENDPOINTS if name != "twin"),
        "lab-powerful", "lab-weak", "lab-writer", "twin-lab", "wide-open-door",
    )  # fmt: skip
    ring = {"name": RING}
    return [
        *_project(),
        *(part for name in accounts for part in account(name)),
        *buckets(),
        Thing(document="cloudkms.v1", schema="KeyRing", path=RING, body=ring, policy={}),
        key("kept", "ENABLED"),
        key("lost", "DESTROY_SCHEDULED"),
        repository("quiet", "roles/artifactregistry.reader"),
        repository("foreign-image", "roles/artifactregistry.writer"),
        dataset("quiet"),
        dataset("told_tales", {"role": "READER", "userByEmail": _PARTNER_EMAIL}),
        *(part for name in _ENDPOINTS for part in endpoint(name)),
        notebook("lab", "lab-powerful", is_open=True),
        notebook("lab-near", "lab-weak", is_open=True),
        notebook("writer", "lab-writer", is_open=False),
        notebook("twin-lab", "twin-lab", is_open=False),
        *corpus("open-knowledge"),
        *corpus("own-knowledge"),
        batch("told-tales", "results-read"),
        batch("quiet", "results-kept"),
        tuning("tuned-on-open"),
        tuning("tuned-on-own"),
        door("wide-open-door"),
        *app("pays-anybody", is_open=True),
        *app("pays-us", is_open=False),
        *app("reads-anything", is_open=False, corpus="open-knowledge"),
        *app("reads-own", is_open=False, corpus="own-knowledge"),
        *app("overheard", is_open=False, log="told_tales"),
    ]


SCENES: Mapping[str, Scene] = {
    "weights-externally-writable": Scene(fires=_OPEN, near=("quiet",)),
    "weights-writable-from-notebook": Scene(fires=("shared-weights",), near=("quiet",)),
    "privileged-role-weights-externally-writable": Scene(
        fires=("taken-over", "wide-open"), near=("open-weights",)
    ),
    "public-endpoint-weights-externally-writable": Scene(
        fires=("wide-open",), near=("taken-over",)
    ),
    "serving-image-externally-pushable": Scene(fires=("foreign-image",), near=("quiet",)),
    "serving-key-unusable": Scene(fires=("lost-key",), near=("quiet",)),
    "serving-role-shared-with-notebook": Scene(fires=("twin",), near=("quiet",)),
    "captured-data-externally-readable": Scene(fires=("told-tales",), near=("quiet",)),
    "async-results-externally-readable": Scene(fires=("told-tales",), near=("quiet",)),
    "production-serves-from-test-bucket": Scene(
        fires=("prod-from-test",), near=("prod-from-prod",)
    ),
    "notebook-root-internet-escalation": Scene(fires=("lab",), near=("lab-near",)),
    "training-data-externally-writable": Scene(fires=("tuned-on-open",), near=("tuned-on-own",)),
    "knowledge-externally-writable": Scene(fires=("open-knowledge",), near=("own-knowledge",)),
    "public-agent-without-confirmation": Scene(fires=("pays-anybody",), near=("pays-us",)),
    "externally-writable-knowledge-reaches-tools": Scene(
        fires=("reads-anything",), near=("reads-own",)
    ),
    "prompt-log-externally-readable": Scene(fires=("overheard",), near=("pays-us",)),
    "role-can-misuse-and-hide": Scene(fires=(email("hider"),), near=(email("caller"),)),
}


def _play(ruleset: RuleSet, folder: Path) -> Assessment:
    path = folder / "scenes.mlsnap"
    settings = CollectSettings(vocabulary=ruleset.vocabulary, **{**runs.QUICK, **runs.THOROUGH})
    with pytest.MonkeyPatch.context() as patch, RunningGcp(World(items())) as gcp:
        for name, value in gcp.environment().items():
            patch.setenv(name, value)
        # The scenes are told by the services themselves; the inventory has its own tests.
        gcp.set_faults(Fault(kind=Kind.DENY, operation="cloudasset:*"))
        pipeline.collect(("gcp",), path, settings, resume=False, say=lambda *_: None)
        assert gcp.mistakes() == []
    return runs.judge(path, ruleset)


STAGE = Stage(play=_play, scenes=SCENES)
