"""Shapes of resources around ML on Azure: ids, addresses, identities, tags, log settings.

A shape gets a raw value that is there; it raises ValueError, TypeError or KeyError for one that it
cannot understand, and the property is then unread, never absent.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from mlsec.collect.images.model_servers import serves

Shape = Callable[[Any], Any]


def lower(raw: Any) -> str:
    """Give an id or a name in lower case, as Azure compares it."""
    return _text(raw).lower()


def lower_all(raw: Any) -> list[str]:
    """Apply ``lower`` to a list, sorted."""
    return sorted(lower(element) for element in raw)


def last_part(raw: Any) -> str:
    """Give the last segment of an id, in lower case."""
    return lower(raw).rstrip("/").rpartition("/")[2]


def last_parts(raw: Any) -> list[str]:
    """Apply ``last_part`` to a list, sorted."""
    return sorted(last_part(element) for element in raw)


def enabled_word(raw: Any) -> str:
    """Capitalise Enabled and Disabled, whose spelling differs between services."""
    return _text(raw).strip().capitalize()


def unix_time(raw: Any) -> str:
    """Turn seconds since 1970 into a time as the rules compare it."""
    moment = datetime.datetime.fromtimestamp(int(raw), datetime.UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def host(raw: Any) -> str:
    """Give the host name of an address, or of a bare host."""
    text = lower(raw)
    hostname = urlsplit(text if "//" in text else f"//{text}").hostname
    if not hostname:
        raise ValueError(f"no host in {text!r}")
    return hostname


def hosts(raw: Any) -> list[str]:
    """Give the host names of one address or of many; a mapping gives those of its values."""
    if isinstance(raw, Mapping):
        raw = list(raw.values())
    values = raw if isinstance(raw, list) else [raw]
    return sorted({host(address) for address in values if address})


def origin(raw: Any) -> str:
    """Give ``https://host`` without port, path or closing slash."""
    return f"https://{host(raw)}"


def origin_or_none(raw: Any) -> str | None:
    """Like ``origin``; None for anything but a web address, such as an ARM id."""
    return origin(raw) if lower(raw).startswith(("https://", "http://")) else None


def vault_uri(raw: Any) -> str:
    """Give the address of the vault that holds a key, from the key's address or its own."""
    return origin(raw)


def key_uri(raw: Any) -> str:
    """Give a key's address without its version."""
    parts = urlsplit(lower(raw))
    pieces = [piece for piece in parts.path.split("/") if piece]
    if len(pieces) < 2 or pieces[0] != "keys":
        raise ValueError("expected the address of a key in a vault")
    return f"https://{parts.hostname}/keys/{pieces[1]}"


def storage_key_uri(raw: Any) -> str | None:
    """Give the key URI of a storage account: from vault and key, or in code from an address."""
    if isinstance(raw.get("address"), str):
        return key_uri(raw["address"])
    vault, name = raw.get("keyvaulturi"), raw.get("keyname")
    return f"{origin(vault)}/keys/{lower(name)}" if vault and name else None


def cluster_key_uri(raw: Any) -> str | None:
    """Give the key URI of a Log Analytics cluster; empty texts mean no key."""
    vault, name = raw.get("keyVaultUri"), raw.get("keyName")
    return f"{origin(vault)}/keys/{lower(name)}" if vault and name else None


def vnet_of_subnet(raw: Any) -> str:
    """Give the network that a subnet is in."""
    return lower(raw).partition("/subnets/")[0]


def vnets_of_subnets(raw: Any) -> list[str]:
    """Give the networks of a list of subnets, without duplicates."""
    return sorted({vnet_of_subnet(subnet) for subnet in raw})


def container_address(raw: Any) -> str:
    """Turn a container's id into ``account/container``."""
    pieces = lower(raw).strip("/").split("/")
    account = pieces[pieces.index("storageaccounts") + 1]
    return f"{account}/{pieces[pieces.index('containers') + 1]}"


def environment_tags(raw: Any) -> dict[str, str]:
    """Give tags with the key Environment in this spelling: Azure takes names in any case."""
    return {"Environment" if lower(key) == "environment" else key: raw[key] for key in raw}


def identity_principals(raw: Any) -> list[str]:
    """List the principals of an ``identity`` block: the system's own and those attached."""
    attached = (raw.get("userAssignedIdentities") or {}).values()
    # Code says what the system's own would be called, also where there is none.
    is_own = "systemassigned" in lower(raw.get("type") or "SystemAssigned")
    principals = [
        raw.get("principalId") if is_own else None,
        *(identity.get("principalId") for identity in attached if identity),
    ]
    return sorted({lower(identity) for identity in principals if identity})


def identity_ids(raw: Any) -> list[str]:
    """List the ids of the user-assigned identities of an ``identity`` block."""
    return lower_all(raw.get("userAssignedIdentities") or {})


def is_present(raw: Any) -> bool:
    """Return True for any value that is not empty; ``absent: false`` covers the rest."""
    return bool(raw)


def log_categories(raw: Any) -> list[str]:
    """List the kinds of log that a diagnostic setting exports.

    A group of categories is given as ``group:allLogs`` or ``group:audit``.
    """
    categories = set()
    for setting in raw:
        for log in setting["properties"].get("logs") or ():
            if log.get("enabled"):
                categories.add(log.get("category") or f"group:{log['categoryGroup']}")
    return sorted(categories)


def log_workspaces(raw: Any) -> list[str]:
    """List the Log Analytics workspaces that enabled logs go to."""
    return _log_places(raw, "workspaceId")


def log_storage_accounts(raw: Any) -> list[str]:
    """List the storage accounts that enabled logs go to."""
    return _log_places(raw, "storageAccountId")


def _log_places(raw: Any, key: str) -> list[str]:
    places = set()
    for setting in raw:
        properties = setting["properties"]
        is_on = any(log.get("enabled") for log in properties.get("logs") or ())
        if is_on and properties.get(key):
            places.add(lower(properties[key]))
    return sorted(places)


def _text(raw: Any) -> str:
    if not isinstance(raw, str):
        raise TypeError(f"expected text, got {type(raw).__name__}")
    return raw


NEIGHBOUR_SHAPES: Mapping[str, Shape] = {
    "is_present": is_present,
    "serves": serves,
    "lower": lower,
    "lower_all": lower_all,
    "last_part": last_part,
    "last_parts": last_parts,
    "enabled_word": enabled_word,
    "unix_time": unix_time,
    "host": host,
    "hosts": hosts,
    "origin": origin,
    "origin_or_none": origin_or_none,
    "vault_uri": vault_uri,
    "key_uri": key_uri,
    "storage_key_uri": storage_key_uri,
    "cluster_key_uri": cluster_key_uri,
    "vnet_of_subnet": vnet_of_subnet,
    "vnets_of_subnets": vnets_of_subnets,
    "container_address": container_address,
    "environment_tags": environment_tags,
    "identity_principals": identity_principals,
    "identity_ids": identity_ids,
    "log_categories": log_categories,
    "log_workspaces": log_workspaces,
    "log_storage_accounts": log_storage_accounts,
}
