"""Sends one message to one receiver; nobody else is contacted, and a redirect is not followed."""

from __future__ import annotations

import http.client
import time
import urllib.error
import urllib.request
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.core.installation import command_to_add
from mlsec.core.redirects import NoRedirects
from mlsec.core.sanitize import visible
from mlsec.notify.address import Address
from mlsec.notify.message import Message

_TIMEOUT_S = 20.0
_TRIES = 3
_PAUSE_S = 1.0
_PASSING = (408, 425, 429, 500, 502, 503, 504)
_ANSWER_BYTES = 65_536


def send(address: Address, message: Message) -> None:
    """Send it, in up to three tries.

    Raises:
        MlsecError: the receiver cannot be reached or refuses; Apprise is not installed or does not
            know the address. What it says never holds the address's token.
    """
    if address.is_webhook:
        _post(address, message)
    else:
        _by_apprise(address, message)


def check_receiver(address: Address) -> None:
    """Refuse an address that could not be reached at the end of a scan, before anything is scanned.

    Raises:
        MlsecError: Apprise is not installed or does not know the address.
    """
    if not address.is_webhook:
        _receiver(address)


def _post(address: Address, message: Message) -> None:
    headers = {
        "Content-Type": "application/json",
        "Idempotency-Key": message.key,
        "User-Agent": "mlsec",
    }
    opener = urllib.request.build_opener(NoRedirects)
    for again in reversed(range(_TRIES)):
        try:
            request = urllib.request.Request(address.url, message.document, headers)  # noqa: S310
            with opener.open(request, timeout=_TIMEOUT_S) as response:
                response.read(_ANSWER_BYTES)
        except urllib.error.HTTPError as error:
            if not (again and error.code in _PASSING):
                raise _refused(address, f"it answered {error.code}") from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            if not again:
                reason = getattr(error, "reason", None) or error
                raise _refused(address, visible(str(reason), 200)) from None
        else:
            return
        time.sleep(_PAUSE_S)


def _by_apprise(address: Address, message: Message) -> None:
    receiver = _receiver(address)
    kind = "failure" if message.is_severe else "warning"
    for again in reversed(range(_TRIES)):
        if receiver.notify(
            title=message.title, body=message.body, notify_type=kind, body_format="text"
        ):
            return
        if again:
            time.sleep(_PAUSE_S)
    raise _refused(address, "the service did not take it")


def _receiver(address: Address) -> Any:
    try:
        import apprise  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MlsecError(
            f"notifications to {address.scheme}:// need Apprise, which is not installed",
            hint=command_to_add("notify"),
        ) from error
    # Nothing of a message is read as an escape or an emoji, and no redirect is followed.
    asset = apprise.AppriseAsset(
        http_redirects=False, interpret_escapes=False, interpret_emojis=False, app_id="mlsec",
        app_desc="mlsec", app_url="", async_mode=False,
    )  # fmt: skip
    receiver = apprise.Apprise(asset=asset)
    if not receiver.add(address.url):
        raise MlsecError(
            f"the notification address {address.shown} is not complete, or its service is unknown",
            hint="see the service's page in Apprise's documentation for how its URL is written",
        )
    return receiver


def _refused(address: Address, reason: str) -> MlsecError:
    return MlsecError(
        f"the notification to {address.shown} was not delivered: {reason}",
        hint="the findings are kept, and sent by the next run that reaches it",
    )
