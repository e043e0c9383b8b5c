"""What Google says of a model's neighbours comes out as names that can be followed."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from mlsec.providers.gcp.shapes.table import SHAPES

_AR = "//artifactregistry.googleapis.com/projects"
_PATHS = {"/a": {"post": {"security": [{"k": []}]}, "get": {}}}


def openapi(**more: Any) -> list[dict[str, Any]]:
    kinds = {"k": {"type": "apiKey"}, "o": {"type": "oauth2"}}
    document = {"swagger": "2.0", "securityDefinitions": kinds, "paths": _PATHS, **more}
    contents = base64.b64encode(json.dumps(document).encode()).decode()
    return [{"document": {"contents": contents}}]


@pytest.mark.parametrize(
    ("shape", "raw", "value"),
    [
        ("gcs_bucket", "gs://weights/v1/model", "weights"),
        ("gcs_bucket", "https://example.com/x", None),
        ("kms_key", "projects/p/locations/l/keyRings/r/cryptoKeys/k/cryptoKeyVersions/3",
         "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r/cryptoKeys/k"),
        ("key_ring", "projects/p/locations/l/keyRings/r/cryptoKeys/k",
         "//cloudkms.googleapis.com/projects/p/locations/l/keyRings/r"),
        ("image_repository", "europe-docker.pkg.dev/p/serving/vllm@sha256:00",
         f"{_AR}/p/locations/europe/repositories/serving"),
        ("image_repository", "eu.gcr.io/p/vllm:1",
         f"{_AR}/p/locations/europe/repositories/eu.gcr.io"),
        ("image_repository", "docker.io/vllm/vllm", None),
        ("compute_link", "https://www.googleapis.com/compute/v1/projects/p/global/networks/n",
         "//compute.googleapis.com/projects/p/global/networks/n"),
        ("bq_dataset", "bq://shop.d.t", "//bigquery.googleapis.com/projects/shop/datasets/d"),
        ("labels", {"environment": "prod", "owner": "a"}, {"Environment": "prod", "owner": "a"}),
        ("policy_place", "organizations/1/policies/a.b", "organization/1"),
        ("whole_seconds", "7776000s", 7776000),
        ("client_limit", {"iosKeyRestrictions": {"allowedBundleIds": ["a"]}}, "ios"),
        ("client_limit", {"apiTargets": []}, None),
        ("own_account", "default", None),
        ("is_shared_issuer", "https://token.actions.githubusercontent.com", True),
        ("is_shared_issuer", "https://login.nordlicht.example", False),
        ("sink_dataset", "bigquery.googleapis.com/projects/p/datasets/d",
         "//bigquery.googleapis.com/projects/p/datasets/d"),
        ("sink_bucket", "logging.googleapis.com/projects/p/locations/l/buckets/b", None),
        ("is_foreign_sink", "logging.googleapis.com/projects/p/locations/l/buckets/b", False),
        ("includes_audit_logs", "", True),
        ("includes_audit_logs", 'severity>="ERROR"', False),
        ("log_bucket_kind", "projects/p/locations/global/buckets/_Required", "required"),
        ("watched_endpoints", [{"conditionThreshold": {"filter": 'endpoint_id="123456"'}}],
         ["123456"]),
        ("watches_models", [{"conditionSql": {"query": "SELECT 1 FROM aiplatform_log"}}], True),
        ("dataset_access", [{"view": {"tableId": "v"}}], []),
        ("dataset_access", [{"role": "WRITER", "iamMember": "allUsers"}],
         [{"role": "roles/bigquery.dataEditor", "member": "allUsers", "condition": None}]),
        ("has_accelerator", [{"machineType": "a3-highgpu-8g"}], True),
        ("has_accelerator", [{"machineType": "e2-standard-4"}], False),
        ("control_plane_allows_any_address", {}, True),
        ("control_plane_allows_any_address", {
            "privateClusterConfig": {"enablePrivateEndpoint": True}}, False),
        ("control_plane_allows_any_address", {"masterAuthorizedNetworksConfig": {
            "enabled": True, "cidrBlocks": [{"cidrBlock": "0.0.0.0/0"}]}}, True),
    ],
)  # fmt: skip
def test_value_comes_out_as_relations_and_rules_read_it(shape: str, raw: Any, value: Any) -> None:
    assert SHAPES[shape](raw) == value


@pytest.mark.parametrize(
    ("changes", "opened"),
    [
        ({}, ["tcp/22", "tcp/8000-8100"]),
        ({"disabled": True}, []),
        ({"direction": "EGRESS"}, []),
        ({"sourceRanges": ["10.0.0.0/8"]}, []),
        ({"allowed": [{"IPProtocol": "all"}]}, ["all"]),
        ({"allowed": [{"IPProtocol": "6", "ports": ["443"]}]}, ["tcp/443"]),
    ],
)
def test_firewall_opens_what_an_active_rule_for_the_world_allows(
    changes: dict[str, Any], opened: list[str]
) -> None:
    rule = {
        "direction": "INGRESS",
        "sourceRanges": ["0.0.0.0/0"],
        "allowed": [{"IPProtocol": "tcp", "ports": ["22", "8000-8100"]}],
    }
    assert SHAPES["public_port_ranges"]({**rule, **changes}) == opened


@pytest.mark.parametrize(
    ("more", "auth"),
    [
        ({}, ["none", "api_key"]),
        ({"security": [{"o": []}]}, ["jwt", "api_key"]),
        ({"security": [{}]}, ["none", "api_key"]),
    ],
)
def test_path_of_an_api_asks_as_its_weakest_requirement(
    more: dict[str, Any], auth: list[str]
) -> None:
    assert [route["auth"] for route in SHAPES["openapi_routes"](openapi(**more))] == auth


def test_backend_address_names_the_endpoint() -> None:
    address = "https://l-aiplatform.googleapis.com/v1/projects/p/locations/l/endpoints/7:predict"
    found = SHAPES["openapi_routes"](openapi(**{"x-google-backend": {"address": address}}))
    assert {route["endpoint"] for route in found} == {
        "//aiplatform.googleapis.com/projects/p/locations/l/endpoints/7"
    }


@pytest.mark.parametrize("contents", ["%%%", base64.b64encode(b"- a").decode()])
def test_document_that_is_no_api_is_refused(contents: str) -> None:
    with pytest.raises(ValueError, match=r"(?i)openapi|base64"):
        SHAPES["openapi_routes"]([{"document": {"contents": contents}}])
