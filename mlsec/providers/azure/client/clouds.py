"""The Azure clouds by name: where each signs in and where its resources are managed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible


class Cloud(msgspec.Struct, frozen=True, kw_only=True):
    """``authority`` signs in, ``manager`` is Azure Resource Manager, ``audience`` what a token is
    asked for. ``is_private``: not one of Microsoft's, so the authority is not well known.
    ``projects`` is how the hosts of AI Foundry projects end, and ``projects_audience`` what their
    tokens are asked for; "" where the cloud has none, or none is published.
    """

    name: str
    authority: str
    manager: str
    audience: str
    is_private: bool = False
    projects: str = ""
    projects_audience: str = ""


CLOUDS: Mapping[str, Cloud] = {
    cloud.name: cloud
    for cloud in (
        Cloud(
            name="AzureCloud",
            authority="https://login.microsoftonline.com",
            manager="https://management.azure.com",
            audience="https://management.azure.com",
            projects=".services.ai.azure.com",
            projects_audience="https://ai.azure.com",
        ),
        Cloud(
            name="AzureUSGovernment",
            authority="https://login.microsoftonline.us",
            manager="https://management.usgovcloudapi.net",
            audience="https://management.usgovcloudapi.net",
        ),
        Cloud(
            name="AzureChinaCloud",
            authority="https://login.chinacloudapi.cn",
            manager="https://management.chinacloudapi.cn",
            audience="https://management.chinacloudapi.cn",
        ),
    )
}
# Names of the same clouds in other tools.
_ALIASES = {
    "azurepubliccloud": "AzureCloud",
    "public": "AzureCloud",
    "azureusgovernmentcloud": "AzureUSGovernment",
    "usgovernment": "AzureUSGovernment",
    "china": "AzureChinaCloud",
}
NAME = "AZURE_ENVIRONMENT"
AUTHORITY = "AZURE_AUTHORITY_HOST"
MANAGER = "AZURE_RESOURCE_MANAGER_ENDPOINT"
AUDIENCE = "AZURE_RESOURCE_MANAGER_AUDIENCE"


def find_cloud(environment: Mapping[str, str] = os.environ) -> Cloud:
    """Give the cloud selected by the environment, by default the public one.

    ``AZURE_ENVIRONMENT`` is one of ``CLOUDS``; ``AZURE_AUTHORITY_HOST`` alone also says which of
    them is meant. ``AZURE_RESOURCE_MANAGER_ENDPOINT`` is for private clouds.

    Raises:
        MlsecError: an unknown name, or an address that is not https.
    """
    cloud = _named(environment)
    manager = _address(environment, MANAGER)
    if not manager:
        return cloud
    authority = _address(environment, AUTHORITY) or cloud.authority
    return Cloud(
        name=cloud.name if authority == cloud.authority else "private",
        authority=authority,
        manager=manager,
        audience=environment.get(AUDIENCE, "").rstrip("/") or manager,
        is_private=authority not in {known.authority for known in CLOUDS.values()},
        projects=cloud.projects,
        projects_audience=cloud.projects_audience,
    )


def _named(environment: Mapping[str, str]) -> Cloud:
    name = environment.get(NAME, "")
    if name:
        known = {known_name.lower(): known_name for known_name in CLOUDS}
        match = known.get(name.lower()) or _ALIASES.get(name.lower())
        if match is None:
            raise MlsecError(
                f'{NAME} names an unknown cloud "{visible(name, 40)}"',
                hint="one of " + ", ".join(CLOUDS),
            )
        return CLOUDS[match]
    authority = _address(environment, AUTHORITY)
    for cloud in CLOUDS.values():
        if cloud.authority == authority:
            return cloud
    return CLOUDS["AzureCloud"]


def _address(environment: Mapping[str, str], name: str) -> str:
    """Give an https address without a slash at its end, or ""."""
    given = environment.get(name, "").strip()
    if not given:
        return ""
    whole = given if "://" in given else f"https://{given}"
    parts = urlsplit(whole)
    if parts.scheme != "https" or not parts.hostname:
        raise MlsecError(
            f'{name} is not an https address: "{visible(given, 80)}"',
            hint="such as https://management.azure.com",
        )
    return whole.rstrip("/")
