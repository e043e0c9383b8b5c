"""How code is kept in a snapshot: one call a file, its masked text as the answer."""

from __future__ import annotations

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.core.enums import GapReason
from mlsec.snapshot.answers import answer_of
from mlsec.snapshot.records import Call, CallStatus, canonical, canonical_params
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot

# A fact of code as it was before a change: that several targets hold code now.
TARGETS, SEVERAL = "code targets", "several"
SERVICE, READ = "code", "Read"


def file_call(scope: str, file: CodeFile) -> tuple[Call, bytes]:
    """Give the record of one file that was read."""
    body = canonical(file)
    return _call(scope, file.id, payload=digest_of(body)), body


def gap_call(scope: str, file_id: str, reason: GapReason, detail: str) -> tuple[Call, None]:
    """Give the record of one file that would be code and could not be read."""
    call = _call(scope, file_id)
    return msgspec.structs.replace(
        call, status=CallStatus.GAP, reason=reason.value, detail=detail
    ), None


def file_of(call: Call, snapshot: Snapshot) -> CodeFile:
    """Give the file that a call read.

    Raises:
        MlsecError: the evidence is damaged.
    """
    return answer_of(snapshot, call, CodeFile)


def id_of(call: Call) -> str:
    """Give the id of the file that a call asked for."""
    return call.parameter("file")


def _call(scope: str, file_id: str, *, payload: str = "") -> Call:
    return Call(
        scope=scope,
        region="",
        service=SERVICE,
        operation=READ,
        params=canonical_params({"file": file_id}),
        payload=payload,
    )
