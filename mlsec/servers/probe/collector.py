"""A probe from target to snapshot: the address once, the handshakes, then the questions."""

from __future__ import annotations

import os

from mlsec.collect.run_facts import note_end, note_identity, note_start, salt_of
from mlsec.collect.settings import CollectSettings, Progress
from mlsec.collect.walk.call_failure import CallFailure
from mlsec.servers.probe import tls
from mlsec.servers.probe.addresses import (
    Resolver,
    reach_of,
    refusal,
    resolve,
    system_resolver,
)
from mlsec.servers.probe.clock import Deadline, StepError
from mlsec.servers.probe.dial import Dialler
from mlsec.servers.probe.limits import Limits
from mlsec.servers.probe.products.product import Opens
from mlsec.servers.probe.products.recognise import doors_of, recognise
from mlsec.servers.probe.products.table import ALWAYS, ROOT, identifying_paths, paths_of
from mlsec.servers.probe.requests import ProbeClient, Question
from mlsec.servers.probe.response_record import (
    CONNECT,
    HANDSHAKE,
    OFFER,
    RESOLVE,
    Cleaner,
    RecordedResponse,
    done,
    failed,
)
from mlsec.servers.probe.target import PROVIDER, ProbeTarget, parse_target
from mlsec.snapshot.store import Snapshot

# A host that cannot exist (RFC 2606): who lets it read answers lets everybody.
FOREIGN_ORIGIN = "https://mlsec.invalid"
_PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY")
_TELLING = (Opens.RUN, Opens.MANAGE, Opens.DATA, Opens.MODEL)


def collect(
    target: str, snapshot: Snapshot, settings: CollectSettings, progress: Progress | None = None
) -> None:
    """Probe a target; the caller finishes the snapshot.

    Raises:
        MlsecError: it is not an address of a server.
        KeyboardInterrupt: stopped by the user.
    """
    _note_start(snapshot, settings)
    limits = Limits()
    if settings.deadline_s:
        limits = Limits(target_s=min(limits.target_s, settings.deadline_s))
    probe(parse_target(target), snapshot, limits, progress,
          is_private_allowed=settings.is_private_probed)  # fmt: skip
    note_end(snapshot)


def check(target: str, settings: CollectSettings) -> None:
    """Refuse a target that is none; nothing is asked.

    Raises:
        MlsecError: it is not an address of a server.
    """
    del settings
    parse_target(target)


def probe(
    target: ProbeTarget,
    snapshot: Snapshot,
    limits: Limits,
    progress: Progress | None = None,
    *,
    resolver: Resolver = system_resolver,
    is_private_allowed: bool = False,
) -> None:
    """Ask one target and record every step; what could not be had is recorded with its reason."""
    dialler = _pinned(target, snapshot, limits, resolver, is_private_allowed=is_private_allowed)
    if dialler is None or not _greets(target, snapshot, limits, dialler):
        return
    client = ProbeClient(target, dialler, snapshot, Cleaner(snapshot.meta()["salt"]), limits)
    _Questions(client, target, progress).ask_all()


def _pinned(
    target: ProbeTarget, snapshot: Snapshot, limits: Limits, resolver: Resolver,
    *, is_private_allowed: bool,
) -> Dialler | None:  # fmt: skip
    """Look the name up, once, and connect; from here on there is only this address."""
    scope, whole = target.scope, Deadline(limits.target_s)
    result = resolve(target, resolver, limits.resolve_s, is_private_allowed=is_private_allowed)
    if isinstance(result, CallFailure):
        snapshot.record(*failed(scope, RESOLVE, {}, result))
        return None
    if not result.allowed:
        snapshot.record(*failed(scope, RESOLVE, {}, refusal(result)))
        return None
    snapshot.record(*done(scope, RESOLVE, {}, result))
    dialler = Dialler(target, result.allowed, limits, whole)
    try:
        dialler.connect().close()
    except StepError as error:
        trouble = error.trouble
        if _proxies():
            note = "; a probe connects directly and bypasses the proxy of the environment"
            trouble = CallFailure(
                reason=trouble.reason, code=trouble.code, detail=f"{trouble.detail}{note}"
            )
        snapshot.record(*failed(scope, CONNECT, {}, trouble))
        return None
    reach = reach_of(dialler.pinned).value
    snapshot.record(*done(scope, CONNECT, {}, {"address": dialler.pinned, "reach": reach}))
    return dialler


def _greets(target: ProbeTarget, snapshot: Snapshot, limits: Limits, dialler: Dialler) -> bool:
    """Shake hands where the target speaks TLS; False when nothing further can be asked."""
    if not target.is_tls:
        return True
    scope = target.scope
    result = tls.shake_hands(dialler, limits.chain)
    if isinstance(result, CallFailure):
        snapshot.record(*failed(scope, HANDSHAKE, {}, result))
        return False
    snapshot.record(*done(scope, HANDSHAKE, {}, result))
    for version in tls.VERSIONS:
        offered = tls.offer(dialler, version)
        params = {"version": version}
        if isinstance(offered, CallFailure):
            snapshot.record(*failed(scope, OFFER, params, offered))
        else:
            snapshot.record(*done(scope, OFFER, params, offered))
    return True


class _Questions:
    """What is asked: what every server is, then what distinguishes products, then its own."""

    def __init__(self, client: ProbeClient, target: ProbeTarget, progress: Progress | None) -> None:
        self._client, self._target, self._progress = client, target, progress
        self._heard: dict[str, RecordedResponse] = {}
        self._asked: set[str] = set()

    def ask_all(self) -> None:
        for path in ALWAYS:
            self._ask(path)
        for path in identifying_paths():
            main = recognise(self._heard).main
            if main is not None and not main.is_generic:
                break
            self._ask(path)
        for product in recognise(self._heard).products:
            for path in paths_of(product):
                self._ask(path)
        path = self._telling_path()
        self._client.ask(Question(path=path, origin=FOREIGN_ORIGIN))
        self._client.ask(
            Question(path=path, method="OPTIONS", origin=FOREIGN_ORIGIN, preflight="POST")
        )
        self._client.ask(Question(path=ROOT, method="OPTIONS"))

    def _ask(self, path: str) -> None:
        if path in self._asked:
            return
        self._asked.add(path)
        if self._progress is not None:
            self._progress(len(self._asked), 0, f"{self._target.id} {path}")
        response = self._client.ask(Question(path=path, follows=path == ROOT))
        if response is not None:
            self._heard[path] = response

    def _telling_path(self) -> str:
        """Where a foreign page would do harm: an open door of the product, else the start."""
        states = doors_of(recognise(self._heard), self._heard)
        opened = [s.door for s in states if s.state == "open" and s.door.opens in _TELLING]
        return opened[0].path if opened else ROOT


def _note_start(snapshot: Snapshot, settings: CollectSettings) -> None:
    note_start(snapshot)
    anonymous = "anonymous (a probe sends no credentials)"
    note_identity(snapshot, PROVIDER, anonymous, _settings(settings))
    salt_of(snapshot, settings)


def _settings(settings: CollectSettings) -> dict[str, str]:
    shown = {"private_addresses": "allowed" if settings.is_private_probed else "if written out"}
    if proxies := _proxies():
        shown["proxies_not_used"] = ", ".join(proxies)
    return shown


def _proxies() -> tuple[str, ...]:
    """Name the proxies of the environment: a probe does not go through them."""
    names = (*_PROXIES, *(name.lower() for name in _PROXIES))
    return tuple(name for name in names if os.environ.get(name))
