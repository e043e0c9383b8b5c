"""Sign-in to Azure with existing credentials of the user or machine."""

from __future__ import annotations

import base64
import logging
import re
from typing import Any

import msgspec
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.providers.azure.client.clouds import Cloud

# A line of DefaultAzureCredential's message: a way of sign-in and its result.
_TRIED = re.compile(r"^[A-Za-z]+Credential: ")
_HINT = (
    "az login; or set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or"
    " AZURE_FEDERATED_TOKEN_FILE); or run where a managed identity is attached"
)


def open_credential(cloud: Cloud) -> TokenCredential:
    """Give a credential that tries the usual ways of sign-in; no request is made yet.

    In this order: service principal by secret or certificate, workload identity (federated token),
    managed identity, Azure CLI, Azure PowerShell, Azure Developer CLI. ``AZURE_TOKEN_CREDENTIALS``
    narrows it.
    """
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - slow to load

    logging.getLogger("azure.identity").setLevel(logging.CRITICAL)
    try:
        return DefaultAzureCredential(
            authority=cloud.authority,
            disable_instance_discovery=cloud.is_private,
            exclude_shared_token_cache_credential=True,
            exclude_visual_studio_code_credential=True,
            exclude_broker_credential=True,
        )
    except ValueError as error:
        raise MlsecError(
            f"the Azure sign-in settings are wrong: {visible(str(error), 200)}", hint=_HINT
        ) from None


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """The principal of a token, ids only."""

    tenant: str
    object_id: str

    @property
    def name(self) -> str:
        """The name in the report."""
        return f"{self.tenant}/{self.object_id}"


def identify(credential: TokenCredential, cloud: Cloud) -> Principal:
    """Get a first token, and give its principal.

    Raises:
        MlsecError: no way of signing in worked, or the authority cannot be reached.
    """
    try:
        token = credential.get_token(f"{cloud.audience}/.default").token
    except ClientAuthenticationError as error:
        raise MlsecError(f"Azure sign-in failed: {_reason(error)}", hint=_HINT) from None
    except AzureError as error:
        raise MlsecError(
            f"{cloud.authority} cannot be asked for a token: {_reason(error)}",
            hint="check the network, HTTPS_PROXY and REQUESTS_CA_BUNDLE",
        ) from None
    except ValueError as error:
        raise MlsecError(f"Azure sign-in failed: {visible(str(error), 200)}", hint=_HINT) from None
    return _principal(token)


def _principal(token: str) -> Principal:
    claims = _claims(token)
    who = claims.get("oid") or claims.get("appid") or claims.get("azp") or "unknown"
    return Principal(
        tenant=visible(str(claims.get("tid", "unknown")), 80), object_id=visible(str(who), 80)
    )


def _claims(token: str) -> dict[str, Any]:
    """Decode the claims of a token, unverified: they are only displayed."""
    part = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = msgspec.json.decode(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, msgspec.DecodeError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _reason(error: Exception) -> str:
    """Give why the authority refused; else that no sign-in is set up, and what was tried."""
    lines = [" ".join(line.split()) for line in str(error).splitlines()]
    tried = [line for line in lines if _TRIED.match(line)]
    refused = [line for line in tried or lines if "AADSTS" in line or "failed:" in line]
    if refused or not tried:
        return "; ".join(visible(line, 240) for line in (refused or lines[:1]))
    names = ", ".join(line.partition("Credential:")[0] for line in tried)
    return f"no way of signing in is set up here (tried {visible(names, 200)})"
