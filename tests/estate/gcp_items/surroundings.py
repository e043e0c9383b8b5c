"""What surrounds the deployments of the invented company: networks, logs, alerts, keys, secrets."""

from __future__ import annotations

from typing import Any

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_items.hierarchy import COLLEAGUES, PARTNER
from tests.estate.gcp_kinds import FEW, LABELS, RECENT, account_of, bucket_of, key_of
from tests.estate.gcp_world import HOME, PROJECT, Thing, Told

_COMPUTE = "compute.googleapis.com"
_GEMINI = "generativelanguage.googleapis.com"
_TABLE: tuple[tuple[str, ...], ...] = (
    ("gcp-vpc/ml-subnetwork-without-flow-log", "gcp-monitoring/ml-alert-off",
     "gcp-logging/log-bucket-retention-short", "secretmanager/secret-public",
     "secretmanager/secret-externally-usable", "bigquery/ml-dataset-public",
     "bigquery/ml-dataset-externally-readable", "gcp-logging/sink-dataset-externally-readable",
     "gcp-logging/sink-bucket-externally-readable", "apikeys/key-without-api-limit"),
    ("gcp-vpc/ml-subnetwork-without-private-access",
     "gcp-logging/sink-bucket-externally-readable", "gcp-monitoring/ml-alert-without-recipient",
     "secretmanager/secret-externally-usable", "bigquery/ml-dataset-externally-writable",
     "bigquery/ml-dataset-externally-readable", "gcp-logging/sink-dataset-externally-readable",
     "apikeys/model-key-unrestricted"),
    ("gcp-vpc/model-port-public", "secretmanager/secret-not-rotated",
     "bigquery/ml-dataset-without-customer-key", "apikeys/key-old"),
    ("gcp-vpc/ml-network-remote-administration-public", "bigquery/ml-dataset-without-expiry"),
    ("gcp-vpc/ml-network-auto-subnets",),
)  # fmt: skip
FAULTS: tuple[Planted, ...] = tuple(
    Planted(rule=rule, every=5, which=n) for n, rules in enumerate(_TABLE) for rule in rules
)


def _strike(site: Site, group: str, resource_id: str) -> int:
    """Note the faults of a group of rules in this resource; give which fault it has."""
    for fault in FAULTS:
        if fault.rule.startswith(group):
            site.is_struck(fault, resource_id)
    return site.deployment.index % 5


def of_company() -> list[Thing | Told]:
    kept = {"_Required": 400, "_Default": 90}
    here = f"projects/{PROJECT}/locations/global/buckets"
    tables = [f"projects/{PROJECT}/datasets/{name}" for name in ("features", "prediction_log")]
    key = f"projects/{PROJECT}/locations/{HOME}/keyRings/ml/cryptoKeys/shared"
    datasets = [Thing(document="bigquery.v2", schema="Dataset", path=path,
                      body=_dataset(path, key)) for path in tables]  # fmt: skip
    buckets = [
        Thing(
            document="logging.v2",
            schema="LogBucket",
            path=f"{here}/{name}",
            body={"name": f"{here}/{name}", "retentionDays": days, "lifecycleState": "ACTIVE"},
        )
        for name, days in kept.items()
    ]
    return [*datasets, *buckets]


def of_deployment(site: Site) -> list[Thing | Told]:
    if site.deployment.index >= FEW:
        return []
    return [*_network(site), *_logs(site), *_datasets(site), _alert(site), _api_key(site),
            _secret(site)]  # fmt: skip


def _network(site: Site) -> list[Thing | Told]:
    network = f"projects/{PROJECT}/global/networks/{site.name}"
    subnetwork = f"projects/{PROJECT}/regions/{site.region}/subnetworks/{site.name}"
    firewall = f"projects/{PROJECT}/global/firewalls/{site.name}"
    which = _strike(site, "gcp-vpc/ml-subnetwork", f"//{_COMPUTE}/{subnetwork}")
    _strike(site, "gcp-vpc/ml-network-auto", f"//{_COMPUTE}/{network}")
    _strike(site, "gcp-vpc/model-port", f"//{_COMPUTE}/{firewall}")
    _strike(site, "gcp-vpc/ml-network-remote", f"//{_COMPUTE}/{firewall}")
    base = "https://www.googleapis.com/compute/v1"
    opened = {2: "8000-8080", 3: "22"}.get(which, "443")
    return [
        Thing(
            document="compute.v1",
            schema="Network",
            path=network,
            body={
                "name": site.name,
                "selfLink": f"{base}/{network}",
                "autoCreateSubnetworks": which == 4,
            },
        ),
        Thing(
            document="compute.v1",
            schema="Subnetwork",
            path=subnetwork,
            body={
                "name": site.name,
                "selfLink": f"{base}/{subnetwork}",
                "region": f"{base}/projects/{PROJECT}/regions/{site.region}",
                "network": f"{base}/{network}",
                "purpose": "PRIVATE",
                "privateIpGoogleAccess": which != 1,
                "logConfig": {"enable": which != 0},
            },
        ),
        Thing(
            document="compute.v1",
            schema="Firewall",
            path=firewall,
            body={
                "name": site.name,
                "selfLink": f"{base}/{firewall}",
                "network": f"{base}/{network}",
                "direction": "INGRESS",
                "sourceRanges": ["0.0.0.0/0"],
                "allowed": [{"IPProtocol": "tcp", "ports": [opened]}],
            },
        ),
    ]


def _logs(site: Site) -> list[Thing | Told]:
    bucket = f"{site.here}/buckets/{site.name}"
    which = _strike(site, "gcp-logging/log-bucket", f"//logging.googleapis.com/{bucket}")
    sinks = (("archive", f"storage.googleapis.com/{bucket_of(site)}", "gcp-logging/sink-bucket"),
             ("tables", f"bigquery.googleapis.com/{_dataset_path(site)}",
              "gcp-logging/sink-dataset"))  # fmt: skip
    found: list[Thing | Told] = [
        Thing(
            document="logging.v2",
            schema="LogBucket",
            path=bucket,
            body={
                "name": bucket,
                "retentionDays": 30 if which == 0 else 365,
                "lifecycleState": "ACTIVE",
            },
        )
    ]
    for kind, destination, group in sinks:
        path = f"projects/{PROJECT}/sinks/{site.name}-{kind}"
        _strike(site, group, f"//logging.googleapis.com/{path}")
        body = {
            "name": f"{site.name}-{kind}",
            "destination": destination,
            "filter": 'resource.type="aiplatform.googleapis.com/Endpoint"',
        }
        found.append(Thing(document="logging.v2", schema="LogSink", path=path, body=body))
    return found


def _dataset_path(site: Site) -> str:
    return f"projects/{PROJECT}/datasets/{site.name.replace('-', '_')}_log"


def _dataset(path: str, key: str) -> dict[str, Any]:
    name = path.rpartition("/")[2]
    return {
        "id": name,
        "datasetReference": {"projectId": PROJECT, "datasetId": name},
        "location": HOME,
        "labels": dict(LABELS),
        "defaultEncryptionConfiguration": {"kmsKeyName": key},
        "defaultPartitionExpirationMs": "7776000000",
        "access": [
            {"role": "OWNER", "specialGroup": "projectOwners"},
            {"role": "READER", "domain": "nordlicht.example"},
        ],
    }


def _datasets(site: Site) -> list[Thing | Told]:
    path = _dataset_path(site)
    body = _dataset(path, key_of(site)["kmsKeyName"])
    access: list[dict[str, Any]] = body["access"]
    match _strike(site, "bigquery/", f"//bigquery.googleapis.com/{path}"):
        case 0:
            access.append({"role": "READER", "specialGroup": "allAuthenticatedUsers"})
        case 1:
            access.append({"role": "WRITER", "userByEmail": PARTNER.partition(":")[2]})
        case 2:
            del body["defaultEncryptionConfiguration"]
        case 3:
            del body["defaultPartitionExpirationMs"]
    return [Thing(document="bigquery.v2", schema="Dataset", path=path, body=body)]


def _alert(site: Site) -> Thing:
    path = f"projects/{PROJECT}/alertPolicies/{site.deployment.index + 1000}"
    which = _strike(site, "gcp-monitoring/", f"//monitoring.googleapis.com/{path}")
    metric = "aiplatform.googleapis.com/prediction/online/error_count"
    threshold = {"filter": f'metric.type="{metric}"', "comparison": "COMPARISON_GT"}
    channels = [f"projects/{PROJECT}/notificationChannels/1"]
    return Thing(
        document="monitoring.v3",
        schema="AlertPolicy",
        path=path,
        body={
            "name": path,
            "displayName": f"{site.name} errors",
            "enabled": which != 0,
            "notificationChannels": [] if which == 1 else channels,
            "conditions": [{"displayName": "errors", "conditionThreshold": threshold}],
        },
    )


def _api_key(site: Site) -> Thing:
    path = f"projects/{PROJECT}/locations/global/keys/{site.name}"
    restrictions: dict[str, Any] = {"apiTargets": [{"service": "translate.googleapis.com"}]}
    made_at = RECENT
    match _strike(site, "apikeys/", f"//apikeys.googleapis.com/{path}"):
        case 0:
            restrictions = {}
        case 1:
            restrictions = {"apiTargets": [{"service": _GEMINI}]}
        case 2:
            made_at = "2020-01-01T00:00:00Z"
        case 3:
            restrictions = {
                "apiTargets": [{"service": _GEMINI}],
                "serverKeyRestrictions": {"allowedIps": ["203.0.113.7"]},
            }
    body = {
        "name": path,
        "uid": site.name,
        "displayName": site.name,
        "createTime": made_at,
        "restrictions": restrictions,
    }
    return Thing(document="apikeys.v2", schema="V2Key", path=path, body=body)


def _secret(site: Site) -> Thing:
    path = f"projects/{PROJECT}/secrets/{site.name}-hub"
    body: dict[str, Any] = {
        "name": path,
        "createTime": RECENT,
        "labels": dict(LABELS),
        "rotation": {"rotationPeriod": "7776000s"},
    }
    role = "roles/secretmanager.secretAccessor"
    bindings = [binding(role, f"serviceAccount:{account_of(site)}", COLLEAGUES)]
    match _strike(site, "secretmanager/", f"//secretmanager.googleapis.com/{path}"):
        case 0:
            bindings.append(binding(role, "allAuthenticatedUsers"))
        case 1:
            bindings.append(binding(role, PARTNER))
        case 2:
            del body["rotation"]
    return Thing(
        document="secretmanager.v1",
        schema="Secret",
        path=path,
        body=body,
        policy={"bindings": bindings},
        asset="secretmanager.googleapis.com/Secret",
    )


def specimens() -> list[Thing | Told]:
    """Give one of each kind that the company does not have."""
    attachment = f"projects/{PROJECT}/regions/{HOME}/serviceAttachments/scores"
    body = {"name": "scores", "connectionPreference": "ACCEPT_MANUAL"}
    return [Thing(document="compute.v1", schema="ServiceAttachment", path=attachment, body=body)]
