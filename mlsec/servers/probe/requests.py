"""The requests that one target is asked, each bounded, each recorded with what came of it."""

from __future__ import annotations

import contextlib
from urllib.parse import urljoin, urlsplit

import msgspec

from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason
from mlsec.servers.probe import tls
from mlsec.servers.probe.clock import Deadline, StepError
from mlsec.servers.probe.dial import Dialler
from mlsec.servers.probe.http import Request, Response, exchange
from mlsec.servers.probe.limits import Limits
from mlsec.servers.probe.response_record import (
    ASK,
    Cleaner,
    Hop,
    Leads,
    RecordedResponse,
    bare_address,
    done,
    failed,
)
from mlsec.servers.probe.target import ProbeTarget
from mlsec.snapshot.store import Snapshot

_REDIRECTS = frozenset({301, 302, 303, 307, 308})


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked; ``path`` is relative to the target's own. What is empty is not sent."""

    path: str
    method: str = "GET"
    origin: str = ""
    preflight: str = ""
    follows: bool = False

    def params(self) -> dict[str, str]:
        """Give it as the key of the recorded call."""
        asked = {"path": self.path, "method": self.method, "origin": self.origin,
                 "preflight": self.preflight}  # fmt: skip
        return {name: text for name, text in asked.items() if text}


class ProbeClient:
    """Asks one target. Each request has a connection of its own, and only one is open at a time."""

    def __init__(
        self,
        target: ProbeTarget,
        dialler: Dialler,
        snapshot: Snapshot,
        cleaner: Cleaner,
        limits: Limits,
    ) -> None:
        self._target, self._dialler, self._limits = target, dialler, limits
        self._snapshot, self._cleaner = snapshot, cleaner
        self._sent = 0
        self._unanswered = 0

    def ask(self, question: Question) -> RecordedResponse | None:
        """Ask and record; None when there was no answer, which is recorded with its reason."""
        scope, params = self._target.scope, question.params()
        try:
            response = self._response(question)
        except StepError as error:
            self._note(error.trouble)
            self._snapshot.record(*failed(scope, ASK, params, error.trouble))
            return None
        self._snapshot.record(*done(scope, ASK, params, response))
        return response

    def _response(self, question: Question) -> RecordedResponse:
        hops: list[Hop] = []
        path = self._target.base + question.path
        while True:
            answer = self._answer(question, path)
            to = answer.header("location") if answer.status in _REDIRECTS else ""
            if not to:
                break
            leads, following = self._lead(path, to)
            hops.append(
                Hop(path=bare_address(path), status=answer.status, to=bare_address(to), leads=leads)
            )
            if not (question.follows and following) or len(hops) > self._limits.redirects:
                break
            path = following
        if answer.cut is not None:
            self._note(answer.cut)
        else:
            self._unanswered = 0
        return self._cleaner.record(answer, tuple(hops))

    def _answer(self, question: Question, path: str) -> Response:
        self._refuse_more()
        self._sent += 1
        by = Deadline(self._limits.answer_s, self._dialler.whole)
        request = Request(
            method=question.method,
            authority=self._target.authority,
            path=path,
            origin=question.origin,
            preflight=question.preflight,
        )
        try:
            connection = (
                self._dialler.secure(tls.connection_context())
                if self._target.is_tls
                else self._dialler.connect()
            )
        except OSError as error:
            raise StepError(tls.no_agreement(error)) from None
        with contextlib.closing(connection):
            return exchange(connection, request, self._limits, by)

    def _lead(self, path: str, to: str) -> tuple[Leads, str]:
        """Say where a redirect leads, and on the very same server by which path."""
        here = f"{self._target.scheme}://{self._target.authority}{path}"
        try:
            there = urlsplit(urljoin(here, to))
            place = (there.hostname, there.port or _port(there.scheme))
        except ValueError:
            return Leads.ELSEWHERE, ""
        if (there.scheme, *place) == (self._target.scheme, self._target.host, self._target.port):
            is_sound = there.path.isascii() and there.path.isprintable() and " " not in there.path
            return Leads.OWN, (there.path or "/") if is_sound else ""
        is_tls = there.scheme == "https" and not self._target.is_tls
        is_host = there.hostname == self._target.host
        return (Leads.TLS if is_tls and is_host else Leads.ELSEWHERE), ""

    def _refuse_more(self) -> None:
        if self._sent >= self._limits.requests:
            detail = f"not requested: more than {self._limits.requests} requests would be needed"
            raise StepError(
                CallFailure(reason=GapReason.OVER_LIMIT, code="requests", detail=detail)
            )
        if self._unanswered >= self._limits.patience:
            detail = f"not requested: {self._unanswered} times in a row there was no answer in time"
            raise StepError(CallFailure(reason=GapReason.TIMEOUT, code="patience", detail=detail))
        self._dialler.whole.left_s("all of this target")

    def _note(self, trouble: CallFailure) -> None:
        if trouble.reason is GapReason.TIMEOUT and trouble.code != "patience":
            self._unanswered += 1


def _port(scheme: str) -> int:
    return {"http": 80, "https": 443}.get(scheme, 0)
