"""A grant with a condition counts for the thing by the name under which Google's pages know it."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mlsec.core.resource import Resource
from tests.providers.gcp.facts.gcp import PROJECT, bind, fact, graph_of, node, thing

_GUEST = "user:someone@gmail.com"
_RIGHTS = {
    "gcp.kms.key": "cloudkms.cryptoKeyVersions.useToDecrypt",
    "gcp.secretmanager.secret": "secretmanager.versions.access",
    "gcp.bigquery.dataset": "bigquery.tables.getData",
    "gcp.artifactregistry.repository": "artifactregistry.repositories.uploadArtifacts",
}
_FACTS = {
    "gcp.kms.key": "has_external_users",
    "gcp.secretmanager.secret": "has_external_members",
    "gcp.bigquery.dataset": "has_external_readers",
    "gcp.artifactregistry.repository": "has_external_pushers",
}
_KEY = "//cloudkms.googleapis.com/projects/shop/locations/eu/keyRings/r/cryptoKeys/models"
_SECRET = "//secretmanager.googleapis.com/projects/shop/secrets/token"
_DATASET = "//bigquery.googleapis.com/projects/shop/datasets/train"
_IMAGES = "//artifactregistry.googleapis.com/projects/shop/locations/eu/repositories/images"


def held(kind: str, identity: str) -> Resource:
    holder = {"access": []} if kind == "gcp.bigquery.dataset" else {"bindings": []}
    bare = thing(kind, identity.rpartition("/")[2], **holder, ring_name=None)
    return msgspec.structs.replace(bare, id=identity)


@pytest.mark.parametrize(
    ("kind", "identity", "condition", "is_open"),
    [
        ("gcp.kms.key", _KEY, f'resource.name == "{_KEY[26:]}"', True),
        ("gcp.kms.key", _KEY, f'resource.name == "{_KEY[26:]}2"', False),
        ("gcp.kms.key", _KEY, 'resource.type == "cloudkms.googleapis.com/KeyRing"', False),
        # Secrets are named by the number of their project.
        ("gcp.secretmanager.secret", _SECRET,
         'resource.name.startsWith("projects/111222333444/secrets/token/versions/")', True),
        ("gcp.secretmanager.secret", _SECRET,
         'resource.name.startsWith("projects/111222333444/secrets/other/")', False),
        ("gcp.bigquery.dataset", _DATASET,
         'resource.name.startsWith("projects/shop/datasets/train/tables/raw")', True),
        ("gcp.bigquery.dataset", _DATASET,
         'resource.type == "bigquery.googleapis.com/Dataset"', False),
        # Nothing says whether Artifact Registry names its repositories to conditions.
        ("gcp.artifactregistry.repository", _IMAGES,
         'resource.name.endsWith("/repositories/images")', "unread"),
    ],
)  # fmt: skip
def test_condition_is_asked_of_the_documented_name(
    kind: str, identity: str, condition: str, is_open: Any
) -> None:
    role = thing("gcp.iam.role", "roles/uses", permissions=[_RIGHTS[kind]])
    above = node("project", PROJECT, bind("roles/uses", _GUEST, condition=condition))
    found = held(kind, identity)
    assert fact(graph_of(found, above, role), found, _FACTS[kind]) == is_open
