"""Shapes for what watches and shields models: sinks, alerts, firewalls, clusters, access lists."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

Shape = Callable[[Any], Any]
_WORLD = ("0.0.0.0/0", "::/0")
_PROTOCOLS = {"6": "tcp", "17": "udp"}
# vLLM and most Python servers, Triton, TorchServe, TensorFlow Serving, Ollama, MLflow, Jupyter,
# Ray, Gradio, Streamlit, TensorBoard, vector stores.
_MODEL_PORTS = (
    8000, 8001, 8002, 8080, 8081, 8082, 8500, 8501, 11434, 5000, 8888, 8265, 6379, 10001, 7860,
    8501, 6006, 6333, 6334, 19530, 8889,
)  # fmt: skip
_LOGIN_PORTS = (22, 3389)
_FILTER_HOLDERS = (
    "conditionThreshold", "conditionAbsent", "conditionMatchedLog",
    "conditionMonitoringQueryLanguage", "conditionPrometheusQueryLanguage", "conditionSql",
)  # fmt: skip
# An id is a number, or a word that somebody chose.
_ENDPOINT_ID = re.compile(
    r"endpoint_id[\"'\]\s]*=[=~]?\s*[\"']?([a-z0-9][a-z0-9-]*)|endpoints/([a-z0-9][a-z0-9-]*)"
    r"|endpoint_id\W{1,8}?[\"']?(\d{3,})"
)
_MODEL_MARKS = ("aiplatform", "generativelanguage", "publishers/google")
_QUOTA_MARKS = ("token", "quota", "request_count", "prediction_count", "billing")
_AUDIT_MARKS = ("cloudaudit", "protopayload")
_ACCELERATED = re.compile(r"^(a2|a3|a4|a4x|g2|g4|ct\w+|tpu\w+)-")
_DATASET_ROLES = {
    "READER": "roles/bigquery.dataViewer",
    "WRITER": "roles/bigquery.dataEditor",
    "OWNER": "roles/bigquery.dataOwner",
}
_DATASET_GROUPS = {
    "projectOwners": "projectOwner:",
    "projectWriters": "projectEditor:",
    "projectReaders": "projectViewer:",
}


def public_port_ranges(raw: Any) -> list[str] | None:
    """Give what a firewall rule lets the whole internet reach, as protocol/port or protocol/a-b."""
    return None if raw is None else sorted({_shown(*ports) for ports in _opened(raw)})


def exposes_model_port(raw: Any) -> bool | None:
    """Whether the internet reaches a port of model servers; a rule for everything opens it too."""
    return None if raw is None else _opens(raw, _MODEL_PORTS)


def exposes_remote_login(raw: Any) -> bool | None:
    """Whether the internet reaches SSH or remote desktop."""
    return None if raw is None else _opens(raw, _LOGIN_PORTS)


def _opens(rule: Mapping[str, Any], wanted: tuple[int, ...]) -> bool:
    return any(
        protocol in ("all", "tcp") and any(low <= port <= high for port in wanted)
        for protocol, low, high in _opened(rule)
    )


def _opened(rule: Mapping[str, Any]) -> Iterator[tuple[str, int, int]]:
    """Give (protocol, first, last port) of all that an active ingress rule opens to the world."""
    is_open = any(source in _WORLD for source in rule.get("sourceRanges") or ())
    if rule.get("disabled") or rule.get("direction", "INGRESS") != "INGRESS" or not is_open:
        return
    for allowed in rule.get("allowed") or ():
        protocol = str(allowed.get("IPProtocol", "all")).lower()
        protocol = _PROTOCOLS.get(protocol, protocol)
        for ports in allowed.get("ports") or ("0-65535",):
            first, _, last = str(ports).partition("-")
            yield protocol, int(first), int(last or first)


def _shown(protocol: str, first: int, last: int) -> str:
    if (first, last) == (0, 65535):
        return protocol
    return f"{protocol}/{first}" if first == last else f"{protocol}/{first}-{last}"


def has_accelerator(raw: Any) -> bool | None:
    """Whether a node pool's machines have GPUs or TPUs."""
    if raw is None:
        return None
    return any(
        item.get("accelerators") or _ACCELERATED.match(str(item.get("machineType", "")))
        for item in raw
    )


def has_public_endpoint(raw: Any) -> bool | None:
    """Whether a cluster's control plane has an address on the internet."""
    own = ((raw.get("controlPlaneEndpointsConfig") or {}).get("ipEndpointsConfig")) or {}
    if "enabled" in own and not own["enabled"]:
        return False
    if "enablePublicEndpoint" in own:
        return bool(own["enablePublicEndpoint"])
    return not (raw.get("privateClusterConfig") or {}).get("enablePrivateEndpoint", False)


def control_plane_allows_any_address(raw: Any) -> bool | None:
    """Whether any address may knock at the control plane."""
    if not has_public_endpoint(raw):
        return False
    own = ((raw.get("controlPlaneEndpointsConfig") or {}).get("ipEndpointsConfig")) or {}
    allowed = own.get("authorizedNetworksConfig") or raw.get("masterAuthorizedNetworksConfig") or {}
    if not allowed.get("enabled"):
        return True
    return any(block.get("cidrBlock") in _WORLD for block in allowed.get("cidrBlocks") or ())


def enforces_network_policies(raw: Any) -> bool | None:
    """Whether network policies have an effect: Dataplane V2, or the older switch."""
    modern = (raw.get("networkConfig") or {}).get("datapathProvider") == "ADVANCED_DATAPATH"
    return modern or bool((raw.get("networkPolicy") or {}).get("enabled"))


def checks_images(raw: Any) -> bool | None:
    """Whether Binary Authorization decides what runs."""
    return None if raw is None else str(raw) not in ("DISABLED", "EVALUATION_MODE_UNSPECIFIED")


def allows_plain_http(raw: Any) -> bool | None:
    """Whether a first-generation function answers without TLS."""
    return None if raw is None else str(raw) == "SECURE_OPTIONAL"


def log_bucket_kind(raw: Any) -> str | None:
    """Say whose a log bucket is: required, default, or own."""
    name = str(raw or "").rpartition("/")[2]
    return {"_Required": "required", "_Default": "default"}.get(name, "own") if name else None


def includes_audit_logs(raw: Any) -> bool | None:
    """Whether a sink's filter lets audit logs through; an empty one lets all through."""
    return None if raw is None else _speaks_of(raw, _AUDIT_MARKS)


def includes_ml_logs(raw: Any) -> bool | None:
    """Whether a sink's filter is about Vertex AI, or lets all through."""
    return None if raw is None else _speaks_of(raw, _MODEL_MARKS)


def _speaks_of(text: Any, marks: tuple[str, ...]) -> bool:
    folded = str(text).lower()
    return not folded.strip() or any(mark in folded for mark in marks)


def sink_bucket(raw: Any) -> str | None:
    """Give the storage bucket that a sink writes to."""
    name = str(raw or "").removeprefix("storage.googleapis.com/")
    return name if name and name != raw else None


def sink_dataset(raw: Any) -> str | None:
    """Give the full name of the dataset that a sink writes to."""
    name = str(raw or "").removeprefix("bigquery.googleapis.com/")
    return f"//bigquery.googleapis.com/{name}" if name and name != raw else None


def is_foreign_sink(raw: Any) -> bool | None:
    """Whether a sink's destination is not a log bucket."""
    return None if raw is None else not str(raw).startswith("logging.googleapis.com/")


def alert_filters(raw: Any) -> list[str] | None:
    """Give the filter or query of each condition of an alert policy."""
    return None if raw is None else [text for condition in raw for text in _filters(condition)]


def _filters(condition: Mapping[str, Any]) -> Iterator[str]:
    for holder in _FILTER_HOLDERS:
        inside = condition.get(holder) or {}
        text = inside.get("filter") or inside.get("query")
        if text:
            yield str(text)


def watches_models(raw: Any) -> bool | None:
    """Whether a condition reads a metric or log of Vertex AI."""
    return None if raw is None else _some_filter(raw, _MODEL_MARKS)


def watches_quota(raw: Any) -> bool | None:
    """Whether a condition reads tokens, counts of requests or the use of quotas."""
    return None if raw is None else _some_filter(raw, _QUOTA_MARKS)


def _some_filter(conditions: Any, marks: tuple[str, ...]) -> bool:
    return any(mark in text.lower() for text in alert_filters(conditions) or () for mark in marks)


def watched_endpoints(raw: Any) -> list[str] | None:
    """Give the endpoint ids that conditions name."""
    if raw is None:
        return None
    matches = (_ENDPOINT_ID.findall(text) for text in alert_filters(raw) or ())
    return sorted({next(filter(None, ways)) for groups in matches for ways in groups})


def dataset_access(raw: Any) -> list[dict[str, Any]] | None:
    """Turn a dataset's access list into role, member and condition, as policies have them.

    Authorised views, routines and datasets are not members and are left out.
    """
    return None if raw is None else [entry for entry_ in raw for entry in _access(entry_)]


def _access(entry: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    role = str(entry.get("role", ""))
    member = _member(entry)
    if role and member:
        condition = (entry.get("condition") or {}).get("expression")
        yield {
            "role": _DATASET_ROLES.get(role, role),
            "member": member,
            "condition": str(condition) if condition else None,
        }


def _member(entry: Mapping[str, Any]) -> str:
    if entry.get("userByEmail"):
        email = str(entry["userByEmail"])
        return f"{'serviceAccount' if email.endswith('gserviceaccount.com') else 'user'}:{email}"
    if entry.get("groupByEmail"):
        return f"group:{entry['groupByEmail']}"
    if entry.get("domain"):
        return f"domain:{entry['domain']}"
    group = str(entry.get("specialGroup", ""))
    return _DATASET_GROUPS.get(group, group) or str(entry.get("iamMember", ""))


PLATFORM_SHAPES: Mapping[str, Shape] = {
    "alert_filters": alert_filters,
    "allows_plain_http": allows_plain_http,
    "checks_images": checks_images,
    "dataset_access": dataset_access,
    "has_accelerator": has_accelerator,
    "has_public_endpoint": has_public_endpoint,
    "is_foreign_sink": is_foreign_sink,
    "control_plane_allows_any_address": control_plane_allows_any_address,
    "log_bucket_kind": log_bucket_kind,
    "public_port_ranges": public_port_ranges,
    "exposes_remote_login": exposes_remote_login,
    "exposes_model_port": exposes_model_port,
    "enforces_network_policies": enforces_network_policies,
    "sink_bucket": sink_bucket,
    "sink_dataset": sink_dataset,
    "includes_audit_logs": includes_audit_logs,
    "includes_ml_logs": includes_ml_logs,
    "watched_endpoints": watched_endpoints,
    "watches_models": watches_models,
    "watches_quota": watches_quota,
}
