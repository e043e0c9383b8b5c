"""Serves the calls of a snapshot on 127.0.0.1: what was answered, refused, or never asked."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import msgspec

from mlsec.core.enums import GapReason
from mlsec.core.errors import MlsecError
from mlsec.providers.aws.collect.reader import PROVIDER, plans
from mlsec.providers.aws.replay.asked import Asked, Operations, Request
from mlsec.providers.aws.replay.wire import Reply, refusal_of, reply_of
from mlsec.providers.aws.tables import table_of
from mlsec.snapshot.facts import PRINCIPAL, fact_of
from mlsec.snapshot.records import Call, CallStatus
from mlsec.snapshot.store import Snapshot

LOOPBACK = "127.0.0.1"
_KEY_PREFIX = "ASIA"
_WHO, _ASSUME = ("sts", "GetCallerIdentity"), ("sts", "AssumeRole")
_STATUS = {"not_set": 404, "gone": 404, "denied": 403, "throttled": 429, "timeout": 503}
# A code for what had none, because nothing was answered at all.
_CODES = {
    GapReason.DENIED: "AccessDenied",
    GapReason.THROTTLED: "ThrottlingException",
    GapReason.TIMEOUT: "ServiceUnavailable",
    GapReason.UNSUPPORTED: "UnknownOperationException",
}


class Answers:
    """Finds the stored call that a request asks for, and writes its end as AWS would."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._principal = fact_of(snapshot.meta(), PROVIDER, PRINCIPAL)
        if self._principal.count(":") < 5:
            raise MlsecError("the snapshot holds nothing of AWS", location=str(snapshot.path))
        labels = {(o.service, o.name) for o in table_of(plans()).values()}
        self._operations = Operations(labels | {_WHO, _ASSUME})
        self._calls: dict[tuple[str, str, str, bytes], dict[str, Call]] = {}
        for call in snapshot.calls():
            params = msgspec.json.decode(call.params)
            key = self._operations.stored_key(call.service, call.operation, params)
            if key is not None:
                place = (call.scope, call.service, call.operation, key)
                self._calls.setdefault(place, {})[call.region] = call

    def answer(self, request: Request) -> Reply:
        """Answer one request."""
        asked = self._operations.identify(request)
        if asked is None:
            return self._unknown(request)
        if asked.label == _WHO:
            return reply_of(asked.model, self._who(asked))
        if asked.label == _ASSUME:
            return reply_of(asked.model, _credentials(request))
        scope = f"aws/{self._account(asked)}"
        here = self._calls.get((scope, *asked.label, asked.key), {})
        # A service of the whole account signs for a region of its own choice.
        call = here.get(asked.region) or (next(iter(here.values())) if len(here) == 1 else None)
        if call is None:
            return refusal_of(asked.model, "UnknownOperationException", "not in the evidence", 404)
        return self._end_of(asked, call)

    def _unknown(self, request: Request) -> Reply:
        """Refuse what no scan asks, in a form that the client of the service can read."""
        detail = "not one of the reads of a scan"
        sibling = self._operations.any_of_service(request)
        if sibling is None:
            return Reply(status=501, kind="text/plain", body=f"{detail}\n".encode())
        return refusal_of(sibling, "UnknownOperationException", detail, 501)

    def _end_of(self, asked: Asked, call: Call) -> Reply:
        if call.status is CallStatus.DONE and not call.reason:
            document = self._snapshot.payload(call.payload) if call.payload else {}
            return reply_of(asked.model, document)
        if call.status is CallStatus.NOT_OFFERED:
            return refusal_of(asked.model, "UnknownOperationException", "not offered here", 404)
        kind = call.reason or call.status.value
        code = call.error_code or _CODES.get(GapReason(call.reason), "InternalFailure")
        message = call.detail.removeprefix(f"{call.error_code}: ") or "as it was collected"
        return refusal_of(asked.model, code, message, _STATUS.get(kind, 400))

    def _account(self, asked: Asked) -> str:
        key = asked.access_key
        if key.startswith(_KEY_PREFIX) and key[4:16].isdecimal():
            return key[4:16]
        return self._principal.split(":")[4]

    def _who(self, asked: Asked) -> dict[str, Any]:
        account, own = self._account(asked), self._principal.split(":")[4]
        arn = self._principal if account == own else f"arn:aws:sts::{account}:assumed-role/replay/x"
        return {"UserId": "replay", "Account": account, "Arn": arn}


def _credentials(request: Request) -> dict[str, Any]:
    """Give a made-up key that says which account it is for."""
    role = parse_qs(request.body.decode("utf-8", "replace")).get("RoleArn", [""])[0]
    account = role.split(":")[4] if role.count(":") >= 5 else ""
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(hours=12)
    return {
        "Credentials": {
            "AccessKeyId": f"{_KEY_PREFIX}{account:0>12}PLAY",
            "SecretAccessKey": "replay",
            "SessionToken": "replay",
            "Expiration": ends.isoformat(),
        }
    }


def serve(answers: Answers, port: int) -> ThreadingHTTPServer:
    """Listen on the loopback address only; ``port`` 0 takes a free one.

    Raises:
        MlsecError: the port is taken.
    """
    try:
        server = ThreadingHTTPServer((LOOPBACK, port), _handler(answers.answer))
    except OSError as error:
        raise MlsecError(f"cannot listen on {LOOPBACK}:{port}: {error.strerror}") from None
    server.daemon_threads = True
    return server


def _handler(answer: Callable[[Request], Reply]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Two small packets for one answer would wait for each other.
        wbufsize = -1

        def _serve(self) -> None:
            size = int(self.headers.get("Content-Length") or 0)
            headers = {name.lower(): value for name, value in self.headers.items()}
            body = self.rfile.read(size)
            reply = answer(
                Request(method=self.command, target=self.path, headers=headers, body=body)
            )
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", reply.kind)
            self.send_header("Content-Length", str(len(reply.body)))
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else reply.body)

        do_GET = do_POST = do_PUT = do_HEAD = _serve  # noqa: N815 - the names the server looks for

        def log_message(self, *_: object) -> None:
            """Say nothing: a scan asks thousands of times."""

    return Handler
