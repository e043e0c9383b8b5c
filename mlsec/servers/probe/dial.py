"""Connections to the one address that a target was pinned to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Sequence

from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible
from mlsec.servers.probe.clock import Deadline, StepError, late
from mlsec.servers.probe.limits import Limits
from mlsec.servers.probe.target import ProbeTarget


class Dialler:
    """Opens connections. The first address that takes one is used for all that follow.

    Why sockets and not an HTTP library: none lets a caller pin the address and still check the
    name, and bound the time and the bytes of a whole answer rather than of each read. No proxy of
    the environment is used: it would look the name up again, and choose the address.
    """

    def __init__(
        self, target: ProbeTarget, addresses: Sequence[str], limits: Limits, whole: Deadline
    ) -> None:
        self._target, self._limits, self.whole = target, limits, whole
        self._candidates = tuple(addresses[: limits.addresses])
        self._opened = 0
        self.pinned = ""

    def connect(self) -> socket.socket:
        """Open a connection in clear.

        Raises:
            StepError: nobody takes it, in time, or too many were opened already.
        """
        if self.pinned:
            return self._connect_to(self.pinned)
        errors: list[StepError] = []
        for address in self._candidates:
            try:
                connection = self._connect_to(address)
            except StepError as error:
                errors.append(error)
            else:
                self.pinned = address
                return connection
        raise errors[0]

    def secure(self, context: ssl.SSLContext) -> ssl.SSLSocket:
        """Open a connection and shake hands.

        Raises:
            StepError: no connection, or no end of the handshake in time.
            ssl.SSLError: the two do not agree, or (where the context asks) the certificate fails.
            OSError: the connection broke.
        """
        plain = self.connect()
        deadline = Deadline(self._limits.handshake_s, self.whole)
        try:
            plain.settimeout(deadline.left_s("handshake"))
            name = self._target.host.rstrip(".")
            # An address is not a name to ask for (RFC 6066); the certificate is read all the same.
            asked = None if self._target.is_address else name
            return context.wrap_socket(plain, server_hostname=asked)
        except TimeoutError:
            plain.close()
            raise StepError(late("handshake", deadline.seconds)) from None
        except (ssl.SSLError, OSError, StepError):
            plain.close()
            raise

    def _connect_to(self, address: str) -> socket.socket:
        self._opened += 1
        if self._opened > self._limits.connections:
            raise StepError(
                CallFailure(
                    reason=GapReason.OVER_LIMIT,
                    code="connections",
                    detail=f"more than {self._limits.connections} connections would be needed",
                )
            )
        deadline = Deadline(self._limits.connect_s, self.whole)
        try:
            # Numbers only: this never asks a name server.
            family, kind, protocol, _, place = socket.getaddrinfo(
                address, self._target.port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
            )[0]
            connection = socket.socket(family, kind, protocol)
        except OSError as error:
            raise StepError(_no_connection(error)) from None
        try:
            connection.settimeout(deadline.left_s("connect"))
            connection.connect(place)
        except TimeoutError:
            connection.close()
            raise StepError(late("connect", deadline.seconds)) from None
        except OSError as error:
            connection.close()
            raise StepError(_no_connection(error)) from None
        return connection


def _no_connection(error: OSError) -> CallFailure:
    return CallFailure(
        reason=GapReason.UNRESOLVED,
        code="connect",
        detail=f"no connection: {visible(error.strerror or str(error), 120)}",
    )
