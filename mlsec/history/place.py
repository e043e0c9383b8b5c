"""Where a history is kept: in an SQLite file, or in a PostgreSQL database that a URL names."""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias
from urllib.parse import parse_qsl, unquote, urlsplit

from mlsec.core.errors import MlsecError
from mlsec.core.sanitize import visible

_SCHEMES = ("postgresql://", "postgres://")


class DatabaseUrl:
    """A PostgreSQL database. As text it has neither user, password nor parameters."""

    def __init__(self, url: str) -> None:
        self.url = url
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        service = f"?service={query['service']}" if "service" in query else ""
        hosts = parts.netloc.rpartition("@")[2]
        self.shown = visible(f"postgresql://{hosts}{parts.path}{service}", 200)
        self.is_local = _is_local(parts.hostname or query.get("host", ""))
        self.secrets = _secrets(parts.netloc.rpartition("@")[0], query.get("password", ""))
        self.parameters = query

    def __str__(self) -> str:
        return self.shown

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.shown!r})"


Place: TypeAlias = Path | DatabaseUrl


def is_database(text: str) -> bool:
    """Whether a text is meant as the URL of a database."""
    return text.startswith(_SCHEMES)


def read_place(text: str) -> Place:
    """Read where a history is.

    Raises:
        MlsecError: it begins like a URL of PostgreSQL and is not valid; its text is not repeated.
    """
    if not is_database(text):
        return Path(text)
    try:
        url = DatabaseUrl(text)
        is_sound = bool(urlsplit(text).netloc or url.parameters) and "\x00" not in text
    except ValueError:
        is_sound = False
    if not is_sound:
        raise MlsecError(
            "this is not the URL of a PostgreSQL database",
            hint="write postgresql://HOST/DATABASE; in a user or password, special characters"
            " are percent-encoded",
        )
    return url


def _is_local(host: str) -> bool:
    """Whether a connection stays on this machine: a socket, or a loopback address."""
    name = unquote(host)
    return name in ("", "localhost", "127.0.0.1", "::1") or name.startswith("/")


def _secrets(user: str, parameter: str) -> tuple[str, ...]:
    """Give the password in every form in which a driver may repeat it, the longest first."""
    password = user.partition(":")[2]
    forms = {password, unquote(password), parameter} - {""}
    return tuple(sorted(forms, key=len, reverse=True))
