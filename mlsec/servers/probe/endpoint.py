"""One endpoint out of what was recorded of it: every property known, or hidden by a named gap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from mlsec.core.digest import make_gap
from mlsec.core.enums import GapReason
from mlsec.core.resource import Gap
from mlsec.servers.advisories import UnknownVersion, known_flaws, product_of, shipped_advisories
from mlsec.servers.probe import shaping
from mlsec.servers.probe.certificates import OF_CERTIFICATE, read_certificate
from mlsec.servers.probe.evidence import Evidence, Step
from mlsec.servers.probe.http import CLIENT_CERTIFICATE
from mlsec.servers.probe.products.product import Opens
from mlsec.servers.probe.products.recognise import (
    PathState,
    RecognisedProduct,
    doors_of,
    is_shut_throughout,
    leads_to_tls,
    recognise,
)
from mlsec.servers.probe.products.table import NOWHERE, ROOT, identifying_paths
from mlsec.servers.probe.response_record import (
    ASK,
    CONNECT,
    HANDSHAKE,
    OFFER,
    RESOLVE,
    RecordedResponse,
)
from mlsec.servers.probe.tls import VERSIONS, Handshake, Offer
from mlsec.snapshot.records import Call, CallStatus

_GUARDED = (Opens.RUN, Opens.MANAGE, Opens.MODEL, Opens.DATA)
# What only the answer at the start can know.
_OF_ROOT = (
    "server_header", "redirects_to", "redirects_to_tls", "redirects_to_http", "lists_directory",
    "hsts_max_age", "cookies",
)  # fmt: skip


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint's properties, and the gaps that hide others."""

    properties: Mapping[str, Any]
    unread: Mapping[str, tuple[str, ...]]
    gaps: tuple[Gap, ...]
    sources: Mapping[str, str]


def shape(evidence: Evidence) -> Shown:
    """Give all that the steps say of an endpoint."""
    return _Shaping(evidence).shown()


class _Shaping:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence, self._target = evidence, evidence.target
        self._known: dict[str, Any] = shaping.of_target(evidence.target)
        self._unread: dict[str, set[str]] = {}
        self._gaps: dict[str, Gap] = {}
        self._heard: dict[str, RecordedResponse] = {}
        self._failed: dict[str, Call] = {}

    def shown(self) -> Shown:
        if self._is_reached():
            self._tls()
            self._answers()
        return Shown(
            properties=self._known,
            unread={name: tuple(sorted(ids)) for name, ids in sorted(self._unread.items())},
            gaps=tuple(self._gaps[key] for key in sorted(self._gaps)),
            sources=self._sources(),
        )

    def _is_reached(self) -> bool:
        """Whether there is anything to say; if not, one gap hides all of it."""
        steps = (RESOLVE, CONNECT, HANDSHAKE) if self._target.is_tls else (RESOLVE, CONNECT)
        for operation in steps:
            step = self._evidence.first(operation)
            if step is None or step.call.status is CallStatus.GAP:
                self._hide(("*",), self._gap_of(operation, step.call if step else None))
                return False
            if operation == CONNECT:
                place = msgspec.json.decode(step.body)
                self._known |= {"address": place["address"], "address_scope": place["reach"]}
        return True

    def _tls(self) -> None:
        self._known["tls_versions"] = []
        step = self._evidence.first(HANDSHAKE) if self._target.is_tls else None
        if step is None:
            return
        result = msgspec.json.decode(step.body, type=Handshake)
        self._known |= {"tls_version": result.version, "tls_cipher": result.cipher}
        self._known["certificate.trust"] = result.trust
        self._known["certificate.trust_detail"] = result.trust_detail or None
        try:
            self._known |= read_certificate(result.certificates[0], self._target.host)
        except (ValueError, IndexError) as error:
            gap = self._gap(HANDSHAKE, GapReason.MALFORMED, str(error) or "no certificate")
            self._hide(OF_CERTIFICATE, gap)
        self._versions()

    def _versions(self) -> None:
        offers = {
            str(step.params["version"]): step
            for step in self._evidence.steps
            if step.call.operation == OFFER
        }
        rows: list[dict[str, Any]] = []
        for version in VERSIONS:
            step = offers.get(version)
            row: dict[str, Any] = {"version": version}
            if step is not None and step.call.status is not CallStatus.GAP:
                row["accepted"] = msgspec.json.decode(step.body, type=Offer).is_accepted
            rows.append(row)
        if not any(row.get("accepted") for row in rows):
            # It did shake hands a moment before: such refusals say nothing about versions.
            rows = [{"version": version} for version in VERSIONS]
        for row in rows:
            if "accepted" not in row:
                step = offers.get(row["version"])
                gap = self._gap_of(f"TLS {row['version']}", step.call if step else None)
                self._hide(("tls_versions[]",), gap)
        self._known["tls_versions"] = rows

    def _answers(self) -> None:
        special: dict[str, Step] = {}
        for step in self._evidence.steps:
            if step.call.operation != ASK:
                continue
            path, method = str(step.params["path"]), str(step.params["method"])
            if method == "GET" and "origin" not in step.params:
                self._hear(path, step)
            elif method == "GET":
                special["foreign"] = step
            elif "preflight" not in step.params:
                special["methods"] = step
        root = self._heard.get(ROOT)
        if root is None:
            self._hide(_OF_ROOT, self._gap_of(f"GET {ROOT}", self._failed.get(ROOT)))
        else:
            self._known |= shaping.of_root(root)
            self._known |= shaping.of_all(self._heard)
        self._doubt("lists_directory", (ROOT,))
        self._doubt("debug_pages", (NOWHERE, *sorted(self._heard)))
        self._product()
        self._foreign(special.get("foreign"))
        self._methods(special.get("methods"))

    def _hear(self, path: str, step: Step) -> None:
        if step.call.status is CallStatus.GAP:
            self._failed[path] = step.call
        else:
            self._heard[path] = msgspec.json.decode(step.body, type=RecordedResponse)

    def _doubt(self, name: str, paths: Iterable[str]) -> None:
        """Hide what was searched for and not found, where not all of a body was there to search."""
        gaps = [gap for path in paths if (gap := self._hidden_at(path)) is not None]
        if gaps and not self._known.get(name):
            self._known.pop(name, None)
            for gap in gaps:
                self._hide((name,), gap)

    def _hidden_at(self, path: str) -> Gap | None:
        """Give why the body of an answer is not known whole, None when it is."""
        response = self._heard.get(path)
        if response is None:
            return self._gap_of(f"GET {path}", self._failed.get(path))
        if response.cut:
            return self._gap(f"GET {path}", GapReason(response.cut), response.cut_detail)
        return None

    def _product(self) -> None:
        # Whoever wants a certificate of the caller has shut the door before any answer.
        shut = {p for p, call in self._failed.items() if call.error_code == CLIENT_CERTIFICATE}
        heard = self._heard | dict.fromkeys(shut, RecordedResponse(status=401))
        result = recognise(heard)
        doors = doors_of(result, heard)
        main = result.main
        tried = [p for p in (ROOT, *identifying_paths()) if p in self._failed or p in self._heard]
        hiding = [gap for p in tried if p not in shut and (gap := self._hidden_at(p)) is not None]
        if hiding and (main is None or main.is_generic):
            for gap in hiding:
                self._hide(("product", "version", "vulnerabilities"), gap)
        else:
            self._known["product"] = main.name if main else None
            self._known["product_title"] = main.title if main else None
            self._flaws(result)
        self._doors(doors, is_shut=is_shut_throughout(heard, (ROOT, NOWHERE)))

    def _flaws(self, recognised_product: RecognisedProduct) -> None:
        if recognised_product.main is None:
            self._known |= {
                "version": None,
                "vulnerabilities": [],
                "vulnerability_data_until": None,
            }
            return
        products = shipped_advisories()
        about = product_of(recognised_product.main.name, products)
        self._known["vulnerability_data_until"] = about.as_of if about else None
        if recognised_product.version:
            self._known["version"] = recognised_product.version
        else:
            why = f"{recognised_product.main.title} gave no version to a caller without a sign-in"
            self._hide(("version",), self._gap("version", GapReason.UNSUPPORTED, why))
        flaws = known_flaws(recognised_product.main.name, recognised_product.version, products)
        if isinstance(flaws, UnknownVersion):
            self._hide(
                ("vulnerabilities",),
                self._gap("known vulnerabilities", GapReason.UNSUPPORTED, flaws.why),
            )
        else:
            self._known["vulnerabilities"] = [
                flaw.shown(recognised_product.version) for flaw in flaws
            ]

    def _doors(self, doors: tuple[PathState, ...], *, is_shut: bool) -> None:
        rows = shaping.of_doors(doors)
        for door in doors:
            if door.state is None:
                self._hide(("checked_paths[]",), self._door_gap(door))
        guarded = [door for door in doors if door.door.opens in _GUARDED]
        ends = [self._heard.get(path) for path in (ROOT, NOWHERE)]
        is_signpost = all(response is not None and leads_to_tls(response) for response in ends)
        if not guarded and not is_shut and not is_signpost:
            gap = self._gap("sign-in", GapReason.UNSUPPORTED, shaping.why_not_known(ends))
            self._hide(("checked_paths[]", "exposure.public"), gap)
            rows += [{"exposes": opens.value, "path": ""} for opens in _GUARDED]
        self._known["checked_paths"] = rows
        states = {item.state for item in guarded}
        if "open" in states:
            return  # whether it answers anybody else, from somewhere else, a probe cannot know
        if None in states:
            for item in guarded:
                if item.state is None:
                    self._hide(("exposure.public",), self._door_gap(item))
        elif "shut" in states or is_shut:
            self._known["exposure.public"] = False

    def _foreign(self, step: Step | None) -> None:
        names = ("cors.allows", "cors.with_credentials")
        if step is None or step.call.status is CallStatus.GAP:
            self._hide(names, self._gap_of("GET from another origin", step.call if step else None))
            return
        response = msgspec.json.decode(step.body, type=RecordedResponse)
        self._known |= shaping.of_foreign_page(response, str(step.params["origin"]))
        self._known["cors.path"] = step.params["path"]

    def _methods(self, step: Step | None) -> None:
        if step is None or step.call.status is CallStatus.GAP:
            self._hide(("methods",), self._gap_of("OPTIONS", step.call if step else None))
            return
        self._known["methods"] = shaping.of_methods(
            msgspec.json.decode(step.body, type=RecordedResponse)
        )

    def _door_gap(self, state: PathState) -> Gap:
        call = self._failed.get(state.door.path)
        if call is not None:
            return self._gap_of(f"GET {state.door.path}", call)
        return self._gap(f"GET {state.door.path}", state.reason, state.why)

    def _gap_of(self, wanted: str, call: Call | None) -> Gap:
        if call is None:
            return self._gap(
                wanted, GapReason.UNRESOLVED, "not requested before the scan was stopped"
            )
        reason = GapReason(call.reason) if call.reason else GapReason.UNRESOLVED
        return self._gap(wanted, reason, call.detail)

    def _gap(self, wanted: str, reason: GapReason, detail: str) -> Gap:
        return make_gap(
            scope=self._target.scope,
            subject=self._target.id,
            wanted=wanted,
            reason=reason,
            detail=detail,
        )

    def _hide(self, names: tuple[str, ...], gap: Gap) -> None:
        self._gaps[gap.id] = gap
        for name in names:
            self._unread.setdefault(name, set()).add(gap.id)

    def _sources(self) -> dict[str, str]:
        """Name the call that each kind of step is known by; of the questions, the start's."""
        sources = {step.call.operation: step.call.id for step in reversed(self._evidence.steps)}
        asked = (s for s in self._evidence.steps if s.params.get("path") == ROOT)
        plain = next((s for s in asked if s.params.get("method") == "GET"), None)
        return sources | ({ASK: plain.call.id} if plain is not None else {})
