"""How Azure Machine Learning and AI services name assets, stores, keys and filters."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from mlsec.collect.images.image_names import image_digest, of_reference, registry_host
from mlsec.collect.walk.mapping import Shapes
from mlsec.providers.azure.shapes.neighbours import key_uri, log_categories

_REGISTRY = re.compile(r"^azureml://registries/([^/]+)/", re.IGNORECASE)
_VERSION = re.compile(r"/versions/([^/]+)/?$", re.IGNORECASE)
_DATASTORE = re.compile(
    r"^azureml://subscriptions/([^/]+)/resource[Gg]roups/([^/]+)(?:/providers/[^/]+)?"
    r"/workspaces/([^/]+)/datastores/([^/]+)",
    re.IGNORECASE,
)
# The kinds of harm that content filters grade by severity.
HARMS = ("hate", "selfharm", "sexual", "violence")
# Services of a job that give a shell, or as good as one.
SHELLS = ("SSH", "VSCode", "JupyterLab")
_STORE_HOST = re.compile(r"^([a-z0-9]{3,24})\.(?:blob|dfs)\.", re.IGNORECASE)


def entries(raw: Any) -> list[dict[str, Any]]:
    """Turn a mapping into a list of {key, value}, sorted by key."""
    if not isinstance(raw, Mapping):
        raise TypeError("expected a mapping")
    return [{"key": str(key), "value": value} for key, value in sorted(raw.items())]


def is_present(raw: Any) -> bool:
    """Whether the value is present and not empty."""
    return bool(raw)


def is_there(raw: Any) -> bool:
    """Return True for any value, even an empty mapping."""
    del raw
    return True


def text_or_none(raw: Any) -> str | None:
    """Give text; None for a mapping, as other kinds of the resource have."""
    return raw if isinstance(raw, str) else None


def has_address(raw: Any) -> bool:
    """Read a switch; an address counts as on."""
    return raw if isinstance(raw, bool) else bool(str(raw))


def asset_ref(raw: Any) -> str | None:
    """Give the ARM id (lower case) of a model, environment or deployment; None for a registry's."""
    text = _arm_path(str(raw))
    return text.lower() if text.startswith("/subscriptions/") else None


def asset_container(raw: Any) -> str | None:
    """Give the ARM id (lower case) of what a version is a version of."""
    reference = asset_ref(raw)
    return _VERSION.sub("", reference) if reference else None


def asset_registry(raw: Any) -> str | None:
    """Give the machine learning registry of an asset; None for a workspace's own."""
    match = _REGISTRY.match(str(raw))
    return match.group(1).lower() if match else None


def asset_version(raw: Any) -> str | None:
    """Give the version that an asset's name ends with; None for a label or none at all."""
    match = _VERSION.search(str(raw))
    return match.group(1) if match else None


def uri_datastore(raw: Any) -> str | None:
    """Give the ARM id (lower case) of the datastore in an ``azureml://`` address.

    The short form names no workspace: it is given as it is, a reference that leads nowhere known.
    """
    text = str(raw).replace("azureml:///", "azureml://", 1)
    match = _DATASTORE.match(text)
    if match is None:
        return text.lower() if text.lower().startswith("azureml://datastores/") else None
    subscription, group, workspace, store = (part.lower() for part in match.groups())
    return (
        f"/subscriptions/{subscription}/resourcegroups/{group}/providers"
        f"/microsoft.machinelearningservices/workspaces/{workspace}/datastores/{store}"
    )


def blob_container(raw: Any) -> str | None:
    """Give ``account/container`` of a blob or data lake address; None for any other address."""
    parts = urlsplit(str(raw))
    host, path = parts.hostname or "", parts.path.strip("/")
    match = _STORE_HOST.match(host)
    if match is None:
        return None
    if parts.scheme in ("abfs", "abfss", "wasb", "wasbs"):
        return f"{match.group(1)}/{parts.username or ''}".lower()
    return f"{match.group(1)}/{path.split('/')[0]}".lower() if path else None


def blob_account(raw: Any) -> str | None:
    """Give the storage account of a blob or data lake address."""
    container = blob_container(raw)
    return container.partition("/")[0] if container else None


def azure_registry(raw: Any) -> str | None:
    """Give the host of an image that comes from an Azure Container Registry; None for others."""
    host = (registry_host(raw) or "").lower()
    return host if host.endswith((".azurecr.io", ".azurecr.us", ".azurecr.cn")) else None


def datastore_container(raw: Any) -> str | None:
    """Give ``account/container`` of a datastore; None for a file share or a store of others."""
    container = raw.get("containerName") or raw.get("filesystem")
    account = raw.get("accountName")
    return f"{account}/{container}".lower() if account and container else None


def is_public_address(raw: Any) -> bool:
    """Whether data is fetched from a public address, neither Azure storage nor a datastore."""
    text = str(raw)
    return urlsplit(text).scheme in ("http", "https") and blob_container(text) is None


def vault_key_uri(raw: Any) -> str | None:
    """Give the address of a key without its version, from vault and key name, or its address."""
    if isinstance(raw.get("address"), str):
        return key_uri(raw["address"])
    vault, name = raw.get("keyVaultUri"), raw.get("keyName")
    return f"{str(vault).rstrip('/')}/keys/{name}".lower() if vault and name else None


def key_version(raw: Any) -> str | None:
    """Give the version in a key's address, None when it names the newest."""
    pieces = urlsplit(str(raw)).path.strip("/").split("/")
    version = pieces[2] if len(pieces) > 2 else ""
    if version and not version.isalnum():
        raise ValueError("what stands there is no version of a key")  # {key-version} in a template
    return version or None


def blob_sources(raw: Any) -> list[str]:
    """List the storage accounts (lower case) that a search service has links to for blobs."""
    links = [item["properties"] for item in raw]
    return sorted(
        {
            str(link["privateLinkResourceId"]).lower()
            for link in links
            if link.get("groupId") in ("blob", "dfs") and link.get("privateLinkResourceId")
        }
    )


def has_shell(raw: Any) -> bool:
    """Whether one of a job's services gives interactive access while it runs."""
    return any(service.get("jobServiceType") in SHELLS for service in raw.values())


def log_kinds(raw: Any) -> list[dict[str, str]]:
    """Give the exported kinds of log, as elements that a rule can count."""
    return [{"kind": kind} for kind in log_categories(raw)]


def logs_requests(raw: Any) -> bool:
    """Whether a diagnostic setting of an AI account keeps requests and answers."""
    return any(_keeps_requests(deployment["properties"]) for deployment in raw)


def prompt_address(raw: Any) -> str | None:
    """Give ``account/container`` that requests and answers are logged to; None when no store is."""
    for setting in raw:
        account = setting["properties"].get("storageAccountId")
        if account and _keeps_requests(setting["properties"]):
            return f"{str(account).rpartition('/')[2]}/insights-logs-requestresponse".lower()
    return None


def _keeps_requests(setting: Mapping[str, Any]) -> bool:
    return any(
        log.get("enabled")
        and (log.get("category") == "RequestResponse" or log.get("categoryGroup") == "allLogs")
        for log in setting.get("logs") or ()
    )


def addresses(raw: Any) -> list[dict[str, str]]:
    """Give mail addresses as elements that a rule can count."""
    return [{"address": str(address)} for address in raw]


def filter_name(raw: Any) -> str:
    """Give a content filter's name in lower case without blanks: it is written in several ways."""
    return re.sub(r"[\s_-]", "", str(raw)).lower()


def _arm_path(text: str) -> str:
    """Extract the ARM id from ``azureml:/subscriptions/...``."""
    return text.removeprefix("azureml:") if text.startswith("azureml:/subs") else text


def unblocked(raw: Any, source: str) -> list[dict[str, str]]:
    """Give the kinds of harm that no enabled, blocking filter stops in one direction.

    Args:
        raw: the properties of a policy. What its filters do not name is as its base has it.
        source: the direction, Prompt or Completion.

    Raises:
        KeyError: a filter of harm does not say whether it is on, or blocks.
        ValueError: the base decides.
    """
    here = [entry for entry in raw.get("contentFilters") or () if entry.get("source") == source]
    harms = {filter_name(entry.get("name")): entry for entry in here}
    open_kinds = [
        kind
        for kind in HARMS
        if kind not in harms or not (harms[kind]["enabled"] is harms[kind]["blocking"] is True)
    ]
    left = [kind for kind in open_kinds if kind not in harms]
    base = raw.get("basePolicyName")
    if base and left == open_kinds != []:
        raise ValueError(f"{', '.join(left)} is as the policy {str(base)[:60]} has it")
    return [{"kind": kind} for kind in open_kinds]


ML_SHAPES: Shapes = {
    "addresses": addresses,
    "asset_container": asset_container,
    "asset_ref": asset_ref,
    "asset_registry": asset_registry,
    "asset_version": asset_version,
    "azure_registry": of_reference(azure_registry),
    "blob_account": blob_account,
    "blob_container": blob_container,
    "blob_sources": blob_sources,
    "datastore_container": datastore_container,
    "entries": entries,
    "filter_name": filter_name,
    "has_address": has_address,
    "has_shell": has_shell,
    "image_digest": of_reference(image_digest),
    "is_present": is_present,
    "is_public_address": is_public_address,
    "is_there": is_there,
    "key_version": key_version,
    "log_kinds": log_kinds,
    "logs_requests": logs_requests,
    "prompt_address": prompt_address,
    "registry_host": of_reference(registry_host),
    "text_or_none": text_or_none,
    "unblocked_in_answers": functools.partial(unblocked, source="Completion"),
    "unblocked_in_prompts": functools.partial(unblocked, source="Prompt"),
    "uri_datastore": uri_datastore,
    "vault_key_uri": vault_key_uri,
}
