"""Keys and image repositories of the invented company: one of each for a deployment."""

from __future__ import annotations

from typing import Any

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_items.hierarchy import COLLEAGUES, PARTNER
from tests.estate.gcp_kinds import LABELS, account_of, key_of
from tests.estate.gcp_world import HOME, PROJECT, Thing, Told

_KEYS: tuple[tuple[str, ...], ...] = (
    ("gcp-kms/key-unusable",),
    ("gcp-kms/key-externally-usable",),
    ("gcp-kms/key-not-rotated",),
    ("gcp-kms/key-public", "gcp-kms/key-externally-usable"),
    ("gcp-kms/key-destruction-delay-short",),
)
_REPOSITORIES: tuple[tuple[str, ...], ...] = (
    ("artifact-registry/repository-public",),
    ("artifact-registry/repository-externally-pushable",),
    ("artifact-registry/repository-tags-mutable",),
    ("artifact-registry/repository-unscanned",),
    ("artifact-registry/repository-without-customer-key",),
)


def _planted(table: tuple[tuple[str, ...], ...]) -> tuple[Planted, ...]:
    return tuple(
        Planted(rule=rule, every=5, which=n) for n, rules in enumerate(table) for rule in rules
    )


FAULTS: tuple[Planted, ...] = (*_planted(_KEYS), *_planted(_REPOSITORIES))
_USES = "roles/cloudkms.cryptoKeyEncrypterDecrypter"


def of_company() -> list[Thing | Told]:
    ring = f"projects/{PROJECT}/locations/{HOME}/keyRings/ml"
    return [
        Thing(
            document="cloudkms.v1",
            schema="KeyRing",
            path=ring,
            body={"name": ring},
            policy={"bindings": [binding("roles/viewer", COLLEAGUES)]},
            asset="cloudkms.googleapis.com/KeyRing",
        ),
        _as_key(_key_body(f"{ring}/cryptoKeys/shared"), []),
        _as_repository(
            _repository_body(
                f"projects/{PROJECT}/locations/{HOME}/repositories/shared",
                f"{ring}/cryptoKeys/shared",
            ),
            [],
        ),
    ]


def of_deployment(site: Site) -> list[Thing | Told]:
    return [_key(site), _repository(site)]


def _key(site: Site) -> Thing:
    path = key_of(site)["kmsKeyName"]
    for fault in _planted(_KEYS):
        site.is_struck(fault, f"//cloudkms.googleapis.com/{path}")
    body = _key_body(path)
    bindings = [binding(_USES, f"serviceAccount:{account_of(site)}")]
    match site.deployment.index % 5:
        case 0:
            body["primary"]["state"] = "DESTROY_SCHEDULED"
        case 1:
            bindings.append(binding(_USES, PARTNER))
        case 2:
            del body["rotationPeriod"]
        case 3:
            bindings.append(binding(_USES, "allAuthenticatedUsers"))
        case 4:
            body["destroyScheduledDuration"] = "86400s"
    return _as_key(body, bindings)


def _key_body(path: str) -> dict[str, Any]:
    return {
        "name": path,
        "purpose": "ENCRYPT_DECRYPT",
        "primary": {"name": f"{path}/cryptoKeyVersions/1", "state": "ENABLED"},
        "versionTemplate": {
            "protectionLevel": "SOFTWARE",
            "algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION",
        },
        "rotationPeriod": "7776000s",
        "destroyScheduledDuration": "2592000s",
        "labels": dict(LABELS),
    }


def _as_key(body: dict[str, Any], bindings: list[dict[str, Any]]) -> Thing:
    return Thing(
        document="cloudkms.v1",
        schema="CryptoKey",
        path=body["name"],
        body=body,
        policy={"bindings": bindings},
        asset="cloudkms.googleapis.com/CryptoKey",
    )


def _repository(site: Site) -> Thing:
    path = f"projects/{PROJECT}/locations/{site.region}/repositories/{site.name}"
    for fault in _planted(_REPOSITORIES):
        site.is_struck(fault, f"//artifactregistry.googleapis.com/{path}")
    body = _repository_body(path, key_of(site)["kmsKeyName"])
    bindings = [
        binding("roles/artifactregistry.reader", f"serviceAccount:{account_of(site)}", PARTNER)
    ]
    match site.deployment.index % 5:
        case 0:
            bindings.append(binding("roles/artifactregistry.reader", "allUsers"))
        case 1:
            bindings.append(binding("roles/artifactregistry.writer", PARTNER))
        case 2:
            body["dockerConfig"] = {"immutableTags": False}
        case 3:
            body["vulnerabilityScanningConfig"] = {"enablementState": "SCANNING_DISABLED"}
        case 4:
            del body["kmsKeyName"]
    return _as_repository(body, bindings)


def _repository_body(path: str, key: str) -> dict[str, Any]:
    return {
        "name": path,
        "format": "DOCKER",
        "mode": "STANDARD_REPOSITORY",
        "dockerConfig": {"immutableTags": True},
        "kmsKeyName": key,
        "vulnerabilityScanningConfig": {"enablementState": "SCANNING_ACTIVE"},
        "labels": dict(LABELS),
    }


def _as_repository(body: dict[str, Any], bindings: list[dict[str, Any]]) -> Thing:
    return Thing(
        document="artifactregistry.v1",
        schema="Repository",
        path=body["name"],
        body=body,
        policy={"bindings": bindings},
        asset="artifactregistry.googleapis.com/Repository",
    )


def specimens() -> list[Thing | Told]:
    return []
