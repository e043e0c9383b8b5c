"""Asks a timestamp authority over HTTP: the one that the user names, nobody else."""

from __future__ import annotations

import secrets
import urllib.error
import urllib.request
from urllib.parse import urlsplit

from mlsec.core.errors import MlsecError
from mlsec.core.redirects import NoRedirects
from mlsec.signing.errors import MalformedError
from mlsec.signing.timestamps.request import NONCE_BYTES, check_answer, timestamp_request
from mlsec.signing.timestamps.token import MAX_BYTES

TIMEOUT_S = 30.0
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def check_address(url: str) -> str:
    """Give the address back if it is one that can be asked.

    Raises:
        MlsecError: another scheme than http and https, or no host.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise MlsecError(
            "not the address of a timestamp authority",
            hint="give one that begins with https:// or http://",
            location=url,
        )
    return url


def ask(url: str, data: bytes) -> bytes:
    """The authority's answer over ``data``: a TimeStampResp.

    Raises:
        MlsecError: it cannot be reached, refuses, or answers something else.
    """
    nonce = secrets.token_bytes(NONCE_BYTES)
    request = urllib.request.Request(  # noqa: S310 - http and https only, see check_address
        url,
        timestamp_request(data, nonce),
        {"Content-Type": _QUERY, "Accept": _REPLY},
    )
    try:
        with urllib.request.build_opener(NoRedirects).open(request, timeout=TIMEOUT_S) as response:
            answer: bytes = response.read(MAX_BYTES + 1)
        check_answer(answer, data, nonce)
    except (OSError, urllib.error.URLError) as error:
        raise MlsecError(
            f"the timestamp authority gave no answer: {error}",
            hint="try again, or sign without --timestamp-url",
            location=url,
        ) from None
    except MalformedError as error:
        raise MlsecError(
            f"the timestamp authority's answer cannot be used: {error.message}", location=url
        ) from None
    return answer
