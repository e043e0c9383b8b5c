"""Containers and clusters: what a known image serves, accelerators, cluster logs and keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.images.model_servers import serves


def accelerators(raw: Any) -> int | None:
    """Count the GPUs and inference accelerators that a container asks for."""
    if raw is None:
        return None
    gpus = sum(int(item["value"]) for item in raw if item.get("type") == "GPU")
    return gpus + sum(1 for item in raw if item.get("type") == "InferenceAccelerator")


def rolls_back(raw: Any) -> bool | None:
    """Say whether a failed deployment of a service goes back by itself."""
    if raw is None:
        return None
    breaker, alarms = raw.get("deploymentCircuitBreaker") or {}, raw.get("alarms") or {}
    return any(switch.get("enable") and switch.get("rollback") for switch in (breaker, alarms))


def target_group_arns(raw: Any) -> list[str] | None:
    """Give the target groups that a service's tasks are registered in."""
    if raw is None:
        return None
    return [item["targetGroupArn"] for item in raw if item.get("targetGroupArn")]


def enabled_log_types(raw: Any) -> list[str] | None:
    """Give the kinds of control-plane log that are on."""
    if raw is None:
        return None
    return sorted({str(t) for item in raw if item.get("enabled") for t in item.get("types") or ()})


def secrets_key(raw: Any) -> str | None:
    """Give the key that encrypts a cluster's secrets."""
    for item in raw or ():
        if "secrets" in (item.get("resources") or ()):
            return (item.get("provider") or {}).get("keyArn")
    return None


COMPUTE_SHAPES: Mapping[str, Callable[[Any], Any]] = {
    "accelerators": accelerators,
    "enabled_log_types": enabled_log_types,
    "rolls_back": rolls_back,
    "secrets_key": secrets_key,
    "serves": serves,
    "target_group_arns": target_group_arns,
}
