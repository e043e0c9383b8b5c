"""The last look at what is stored: whoever collected it, no secret goes into the evidence."""

from __future__ import annotations

import msgspec

from mlsec.collect.secrets.screen import Screen
from mlsec.snapshot.records import Call, canonical
from mlsec.snapshot.seal import digest_of


class Door:
    """Takes the secrets out of the ends of calls on their way into a snapshot."""

    def __init__(self, salt: str) -> None:
        self._screen = Screen(salt)

    def __call__(self, call: Call, body: bytes | None) -> tuple[Call, bytes | None]:
        """Give a call and its answer without secrets; the digest follows the answer."""
        detail, code = self._screen.text(call.detail), self._screen.text(call.error_code)
        if (detail, code) != (call.detail, call.error_code):
            call = msgspec.structs.replace(call, detail=detail, error_code=code)
        if body is None:
            return call, None
        masked = canonical(self._screen.document(msgspec.json.decode(body)))
        if masked == body:
            return call, body
        return msgspec.structs.replace(call, payload=digest_of(masked)), masked
