"""Buckets of the invented company: each deployment keeps its weights and data in one."""

from __future__ import annotations

from typing import Any

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_items.hierarchy import COLLEAGUES, PARTNER
from tests.estate.gcp_kinds import LABELS, account_of, bucket_of, key_of
from tests.estate.gcp_world import HOME, NUMBER, PROJECT, Thing, Told

_OPEN_READ = ("gcs/bucket-public-read", "gcs/bucket-externally-readable",
              "gcs/bucket-without-public-access-prevention")  # fmt: skip
_OPEN_WRITE = ("gcs/bucket-public-write", "gcs/bucket-externally-writable",
               "gcs/bucket-without-public-access-prevention")  # fmt: skip
_STRUCK: tuple[tuple[str, ...], ...] = (
    _OPEN_READ,
    (
        "gcs/bucket-without-uniform-access",
        "gcs/bucket-externally-readable",
        "gcs/bucket-unversioned",
    ),
    _OPEN_WRITE,
    ("gcs/bucket-externally-writable", "gcs/bucket-without-customer-key"),
    ("gcs/bucket-without-soft-delete", "gcs/bucket-retention-unlocked"),
)  # fmt: skip
FAULTS: tuple[Planted, ...] = tuple(
    Planted(rule=rule, every=5, which=n) for n, rules in enumerate(_STRUCK) for rule in rules
)


def bucket_id(site: Site) -> str:
    """Give the full name of a deployment's bucket."""
    return f"//storage.googleapis.com/{bucket_of(site)}"


def of_company() -> list[Thing | Told]:
    names = ("scripts", "staging")
    key = f"projects/{PROJECT}/locations/{HOME}/keyRings/ml/cryptoKeys/shared"
    return [_bucket(name, _body(name, key), []) for name in names]


def of_deployment(site: Site) -> list[Thing | Told]:
    for fault in FAULTS:
        site.is_struck(fault, bucket_id(site))
    name = bucket_of(site)
    body = _body(name, key_of(site)["kmsKeyName"])
    bindings = [
        binding("roles/storage.objectViewer", f"serviceAccount:{account_of(site)}", COLLEAGUES),
        # Holders of the basic role editor of this very project: nobody from outside.
        binding("roles/storage.objectAdmin", f"projectEditor:{PROJECT}"),
    ]
    _change(site, body, bindings)
    return [_bucket(name, body, bindings)]


def _body(name: str, key: str) -> dict[str, Any]:
    return {
        "name": name,
        "projectNumber": NUMBER,
        "location": "EUROPE-WEST4",
        "labels": dict(LABELS),
        "iamConfiguration": {
            "publicAccessPrevention": "enforced",
            "uniformBucketLevelAccess": {"enabled": True},
        },
        "encryption": {"defaultKmsKeyName": key},
        "versioning": {"enabled": True},
        "softDeletePolicy": {"retentionDurationSeconds": "604800"},
    }


def _bucket(name: str, body: dict[str, Any], bindings: list[dict[str, Any]]) -> Thing:
    return Thing(
        document="storage.v1",
        schema="Bucket",
        path=f"b/{name}",
        body=body,
        policy={"bindings": bindings},
        asset="storage.googleapis.com/Bucket",
        asset_name=f"//storage.googleapis.com/{name}",
    )


def _change(site: Site, body: dict[str, Any], bindings: list[dict[str, Any]]) -> None:
    access = body["iamConfiguration"]
    match site.deployment.index % 5:
        case 0:
            access["publicAccessPrevention"] = "inherited"
            bindings.append(binding("roles/storage.objectViewer", "allUsers"))
        case 1:
            access["uniformBucketLevelAccess"] = {"enabled": False}
            body["acl"] = [
                {"entity": f"project-owners-{NUMBER}", "role": "OWNER"},
                {"entity": "user-someone@gmail.com", "role": "READER"},
            ]
            body["defaultObjectAcl"] = []
            del body["versioning"]
        case 2:
            access["publicAccessPrevention"] = "inherited"
            bindings.append(binding("roles/storage.objectCreator", "allAuthenticatedUsers"))
        case 3:
            bindings.append(binding("roles/storage.objectCreator", PARTNER))
            del body["encryption"]
        case 4:
            body["softDeletePolicy"] = {"retentionDurationSeconds": "0"}
            body["retentionPolicy"] = {"retentionPeriod": "86400", "isLocked": False}
            # Open by its words, closed by the prevention: a near miss.
            bindings.append(binding("roles/storage.objectViewer", "allUsers"))


def specimens() -> list[Thing | Told]:
    return []
