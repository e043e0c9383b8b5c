"""The connections of an account: one set of them, and of trusted certificates, for all clients."""

from __future__ import annotations

import os
import socket
from typing import Any

import botocore.session
from botocore import httpsession

from mlsec.collect.client.metered_botocore import meter_http_session

# As many hosts as services have in all regions. The SDK itself keeps them all: one a client.
_HOSTS = 2_000
# The published types of it leave out what is overridden here.
_SdkSession: Any = httpsession.URLLib3Session


class Connections(_SdkSession):  # type: ignore[misc]
    """The SDK's transport, which reads the trusted certificates once.

    The SDK makes one for each client, and reads them for each connection: 0.7 MiB for each of 700
    clients in 20 regions, and 5 ms for each of as many connections.
    """

    def _get_ssl_context(self) -> Any:
        context = super()._get_ssl_context()
        self._known = httpsession.get_cert_path(self._verify) if self._verify else None
        if self._known is not None:
            try:
                context.load_verify_locations(self._known)
            except OSError:  # the SDK says so when it connects
                self._known = None
        return context

    def _get_pool_manager_kwargs(self, **more: Any) -> dict[str, Any]:
        return dict(super()._get_pool_manager_kwargs(**{"num_pools": _HOSTS, **more}))

    def _setup_ssl_cert(self, conn: Any, url: str, verify: Any) -> None:
        super()._setup_ssl_cert(conn, url, verify)
        if conn.ca_certs is not None and conn.ca_certs == self._known:
            conn.ca_certs = None  # they are in the context already


def open_connections(
    session: botocore.session.Session, timeouts_s: tuple[float, float], connections: int
) -> Connections:
    """Open them for a session, set up as the SDK sets up its own where there is no proxy."""
    bundle = session.get_config_variable("ca_bundle")
    opened = Connections(
        verify=bundle or os.environ.get("REQUESTS_CA_BUNDLE") or True,
        timeout=timeouts_s,
        max_pool_connections=connections,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
    )
    meter_http_session(opened)
    return opened
