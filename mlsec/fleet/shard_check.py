"""What a shard may hold: calls of its unit's scope, answers that can be read, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.folders.entry import Listing
from mlsec.core.errors import MlsecError
from mlsec.core.external_finding import ExternalRun
from mlsec.core.sanitize import visible
from mlsec.fleet.pieces import Piece
from mlsec.fleet.units import Kind
from mlsec.model_files import evidence as files
from mlsec.model_files.signatures import Signatures
from mlsec.repository import evidence as code
from mlsec.repository.checkov.collector import RUN
from mlsec.repository.checkov.reader import SERVICE as CHECKOV
from mlsec.snapshot import payloads
from mlsec.snapshot.facts import PLACES, fact_of
from mlsec.snapshot.records import Call
from mlsec.snapshot.store import Snapshot

_OWN: Mapping[tuple[str, str], Any] = {
    (files.SERVICE, files.LIST): Listing,
    (files.SERVICE, files.INSPECT): files.Inspected,
    (files.SERVICE, files.VERIFY): Signatures,
    (code.SERVICE, code.READ): CodeFile,
    (CHECKOV, RUN): ExternalRun,
}


def check_shard(piece: Piece, shard: Snapshot) -> None:
    """Refuse a shard that speaks of other scopes than its unit's.

    Raises:
        MlsecError: names the foreign scope.
    """
    scopes = {call.scope for call in shard.calls()}
    if piece.kind is Kind.COLLECT:
        scopes |= _places(fact_of(shard.meta(), piece.task.provider, PLACES))
    if piece.kind is Kind.FOLLOW:
        asked = {question.scope for question in piece.task.questions}
        foreign = sorted(scopes - asked)
    else:
        foreign = sorted(scope for scope in scopes if not _may_hold(piece, scope))
    if foreign:
        raise MlsecError(f"its shard speaks of {visible(foreign[0], 100)}, which is not its scope")


def _may_hold(piece: Piece, scope: str) -> bool:
    provider, own = scope.partition("/")[0], piece.task.provider
    if own == "files":
        name = piece.task.scope.partition("/")[2]
        return scope in (f"files/{name}", f"code/{name}")
    if provider != own:
        return False
    return piece.kind is Kind.DISCOVER or scope == piece.task.scope


def _places(text: str) -> set[str]:
    """Name the scopes that a provider's places speak of, whatever else they hold."""
    try:
        places = msgspec.json.decode(text) if text else {}
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise MlsecError("its shard does not say where it was taken") from None
    listed = places.get("scopes", []) if isinstance(places, dict) else places
    gaps = places.get("gaps", []) if isinstance(places, dict) else []
    if not isinstance(listed, list) or not isinstance(gaps, list):
        raise MlsecError("its shard does not say where it was taken")
    named = [entry for entry in (*listed, *gaps) if isinstance(entry, dict)]
    return {str(entry.get("name", entry.get("scope", ""))) for entry in named}


def check_answer(call: Call, body: bytes) -> None:
    """Refuse an answer that nobody could read.

    Raises:
        MlsecError: it is not JSON, or not what our own collectors write.
    """
    payloads.parse(body, call.payload, "")
    kind = _OWN.get((call.service, call.operation))
    if kind is None:
        return
    try:
        msgspec.json.decode(body, type=kind)
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise MlsecError(f"its shard holds a damaged record of {call.service}: {error}") from None
