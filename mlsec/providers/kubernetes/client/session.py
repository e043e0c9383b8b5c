"""Sign-in to a cluster, by the user's own kubeconfig or the pod's own account.

The client runs what the kubeconfig names as a plugin for credentials (``exec``), as kubectl does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import msgspec
from kubernetes import config as kube_config
from kubernetes.client import ApiClient, Configuration
from kubernetes.config.config_exception import ConfigException
from urllib3 import Timeout

from mlsec.collect.client.metered_http import METERED_POOLS
from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible
from mlsec.providers.kubernetes.target import IN_CLUSTER, parse_target

# Its functions carry no types.
_CONFIG: Any = kube_config


class RawResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a request."""

    status: int
    data: bytes
    headers: Mapping[str, str]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in client with its principal and cluster."""

    client: Any
    context: str
    principal: str
    namespaces: tuple[str, ...] = ()

    def get(
        self, path: str, query: Mapping[str, str], timeout_s: tuple[float, float]
    ) -> RawResponse:
        """Send one GET request, the only method used; redirects are not followed."""
        settings = self.client.configuration
        url = f"{settings.host.rstrip('/')}{path}" + (f"?{urlencode(query)}" if query else "")
        answered = self.client.rest_client.pool_manager.request(
            "GET",
            url,
            headers={**_credentials(settings), "Accept": "application/json"},
            timeout=Timeout(connect=timeout_s[0], read=timeout_s[1]),
            retries=False,
            redirect=False,
            preload_content=False,
        )
        return RawResponse(
            status=answered.status,
            headers=answered.headers,
            data=b"".join(answered.stream(decode_content=True)),
        )

    def close(self) -> None:
        """Close the connections."""
        self.client.close()


def open_session(text: str, in_flight: int = 16) -> Session:
    """Sign in.

    Raises:
        MlsecError: no such context, no kubeconfig, or one that cannot be used.
    """
    named = contexts()
    target = parse_target(text, tuple(named))
    settings = Configuration()
    settings.retries = False
    settings.connection_pool_maxsize = in_flight
    try:
        if target.context == IN_CLUSTER or (not target.context and not named):
            _CONFIG.load_incluster_config(client_configuration=settings)
            context, principal = IN_CLUSTER, "the pod's own service account"
        else:
            context = target.context or _current()
            if context not in named:
                raise _no_such(context, named)
            _CONFIG.load_kube_config(_file(), context=context, client_configuration=settings)
            principal = named[context]
    except ConfigException as error:
        raise MlsecError(
            f"cannot sign in to Kubernetes: {visible(str(error), 200)}",
            hint="set KUBECONFIG, or name a context: kubernetes://CONTEXT",
        ) from None
    client = ApiClient(settings)
    client.rest_client.pool_manager.pool_classes_by_scheme = METERED_POOLS
    return Session(
        client=client,
        context=context,
        principal=principal,
        namespaces=target.namespaces,
    )


def _credentials(settings: Any) -> dict[str, str]:
    credentials = {}
    for auth in settings.auth_settings().values():
        if auth["in"] == "header" and auth["value"]:
            credentials[str(auth["key"])] = str(auth["value"])
    return credentials


def contexts() -> dict[str, str]:
    """Give the contexts of the kubeconfig with the name of the user that each signs in as."""
    try:
        listed, _ = _CONFIG.list_kube_config_contexts(_file())
    except (ConfigException, OSError):
        return {}
    return {str(c["name"]): str(c.get("context", {}).get("user", "")) for c in listed}


def _file() -> str | None:
    """The client itself looks at the variable once, when it is loaded."""
    return os.environ.get("KUBECONFIG") or None


def _current() -> str:
    _, current = _CONFIG.list_kube_config_contexts(_file())
    return str(current["name"])


def _no_such(context: str, contexts: Mapping[str, str]) -> MlsecError:
    known = ", ".join(sorted(contexts)[:8]) or "none"
    return MlsecError(
        f'the kubeconfig has no context "{visible(context, 80)}"',
        hint=f"it has: {visible(known, 300)}",
    )
