"""What another scanner said of the same code, reduced to what a finding needs."""

from __future__ import annotations

import msgspec


class ExternalResult(msgspec.Struct, frozen=True, kw_only=True):
    """One failure that another tool reports. ``file`` is as our reports name it; ``line`` from 1.

    ``check`` is the tool's own id (``CKV_AWS_1``), ``title`` its words, ``link`` its page or "".
    """

    check: str
    title: str
    file: str
    line: int
    resource: str
    link: str = ""


class ExternalRun(msgspec.Struct, frozen=True, kw_only=True):
    """One run of another tool over one target; kept as evidence.

    ``given`` counts the files it was given, ``unread`` names (by their ids) those it could not
    parse. ``passed`` and ``skipped`` are its own counts, ``not_understood`` what we could not read
    of its output.
    """

    tool: str
    version: str
    failed: tuple[ExternalResult, ...] = ()
    unread: tuple[str, ...] = ()
    given: int = 0
    passed: int = 0
    skipped: tuple[str, ...] = ()
    not_understood: int = 0


class ExternalReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one tool said of one scope."""

    scope: str
    run: ExternalRun
