"""What the user named: the one scheme, host, port and path below which anything is asked."""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import urlsplit

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

PROVIDER = "probe"
_PORTS = {"https": 443, "http": 80}
_HOST = re.compile(
    r"(?=.{1,253}\Z)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*\.?\Z"
)
_PATH = re.compile(r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@%-]+)*\Z")


class ProbeTarget(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint. ``base`` is the path before everything that is asked, "" for none.

    ``is_address``: the user wrote an IP address, not a name.
    """

    scheme: str
    host: str
    port: int
    base: str = ""
    is_address: bool = False

    @property
    def is_tls(self) -> bool:
        """Whether it is asked over TLS."""
        return self.scheme == "https"

    @property
    def authority(self) -> str:
        """Host and port as a Host header has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def id(self) -> str:
        """The canonical address, always with its port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}{self.base}"

    @property
    def scope(self) -> str:
        """The scope of all that is recorded of it."""
        return f"{PROVIDER}/{self.id}"


def parse_target(text: str) -> ProbeTarget:
    """Read ``https://host:port/path``.

    Raises:
        MlsecError: not such an address, or one that holds credentials.
    """
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise _refused(text, str(error)) from None
    if "@" in parts.netloc:
        raise _refused(text.rpartition("@")[2], "a probe sends no credentials: leave them out")
    if parts.query or parts.fragment or "?" in text or "#" in text:
        raise _refused(text, "name the server, without a question or a fragment")
    if not _PATH.match(parts.path.rstrip("/")):
        raise _refused(text, "the path has characters that must be escaped")
    if port == 0 or parts.scheme not in _PORTS:
        raise _refused(text, "expected https://host:port or http://host:port")
    host, is_address = _host(text, parts.hostname or "")
    return ProbeTarget(
        scheme=parts.scheme,
        host=host,
        port=port or _PORTS[parts.scheme],
        base=parts.path.rstrip("/"),
        is_address=is_address,
    )


def _host(text: str, host: str) -> tuple[str, bool]:
    try:
        return str(ipaddress.ip_address(host)), True
    except ValueError:
        pass
    try:
        name = host.encode("idna").decode("ascii").lower()
    except UnicodeError:
        name = ""
    if not _HOST.match(name):
        raise _refused(text, "that is neither a host name nor an IP address")
    return name, False


def _refused(text: str, why: str) -> MlsecError:
    return MlsecError(
        f'cannot probe "{visible(text, 200)}": {why}', hint="such as https://models.example:8443"
    )
