"""Listens on one address and serves the live page there until it is interrupted."""

from __future__ import annotations

import contextlib
import socket

import uvicorn

from mlsec.core.errors import MlsecError
from mlsec.web.access import Access
from mlsec.web.app import build_app
from mlsec.web.pages import Pages

_CONNECTIONS = 100
_IDLE_S = 5
_LEAVE_S = 3


def listen(host: str, port: int) -> socket.socket:
    """Open the port.

    Raises:
        MlsecError: another program has it, or the address is not one of this machine.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_CONNECTIONS)
    except OSError as error:
        listener.close()
        raise MlsecError(
            f"port {port} of {host} cannot be used: {error.strerror or error}",
            hint="--port 0 takes a free one",
        ) from None
    return listener


def serve(pages: Pages, access: Access, listener: socket.socket) -> None:
    """Answer until SIGINT or SIGTERM."""
    config = uvicorn.Config(
        build_app(pages, access),
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        ws="none",
        http="h11",
        loop="asyncio",
        limit_concurrency=_CONNECTIONS,
        timeout_keep_alive=_IDLE_S,
        timeout_graceful_shutdown=_LEAVE_S,
    )
    with contextlib.closing(listener), contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])
