"""Where a notification goes: a web address of one's own, or a service named by an Apprise URL."""

from __future__ import annotations

import hashlib
import re
from urllib.parse import urlsplit

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,40})://")
_WEB = ("https", "http")


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """One receiver. ``url`` often holds a token: show ``shown``, and keep ``key`` instead of it."""

    url: str
    scheme: str

    @property
    def is_webhook(self) -> bool:
        """Whether mlsec's own document is posted to it; else Apprise writes a message."""
        return self.scheme in _WEB

    @property
    def shown(self) -> str:
        """Name it without what may be secret: the scheme, and of a webhook its host."""
        host = urlsplit(self.url).hostname if self.is_webhook else ""
        return f"{self.scheme}://{visible(host or '', 100)}" + ("/..." if host else "...")

    @property
    def key(self) -> str:
        """Give 16 hex digits that stay the same for the address and do not tell it."""
        url = self.url.encode("utf-8", "surrogatepass")
        return hashlib.blake2b(url, digest_size=8, person=b"mlsec/notify").hexdigest()


def read_address(text: str) -> Address:
    """Read an address.

    Raises:
        MlsecError: no scheme, or a webhook without a host. The text is not repeated whole: it may
            hold a token.
    """
    scheme = _SCHEME.match(text)
    hint = (
        "give https://HOST/PATH for a webhook, or an Apprise URL such as slack://, msteams://,"
        " mailtos:// or pagerduty://"
    )
    if scheme is None:
        raise MlsecError("not an address for notifications: it has no scheme", hint=hint)
    address = Address(url=text, scheme=scheme[1].lower())
    if address.is_webhook:
        try:
            has_host = bool(urlsplit(text).hostname)
        except ValueError:
            has_host = False
        if not has_host:
            raise MlsecError("not an address for notifications: it has no host", hint=hint)
    return address
