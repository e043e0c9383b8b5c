"""Reads checkov's JSON, which may be wrong in any way: what does not fit is counted."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from mlsec.core.errors import MlsecError
from mlsec.core.external_finding import ExternalResult, ExternalRun
from mlsec.repository.checkov.program import check_version

MAX_RESULTS = 100_000
MAX_LINE = 100_000_000
_CHECK = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,79}")
_LINK = re.compile(r"https://[\x21-\x7e]{1,500}")
_TEXT_CHARS = 300
_PATH_CHARS = 4096
_SKIPPED_NAMED = 20


class Names(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the files: by its path from the target, each one's id and name in reports.

    ``folder`` is what absolute paths in the output begin with.
    """

    files: dict[str, tuple[str, str]]
    folder: str = ""

    def path_of(self, raw_path: str) -> str:
        """Give a path from the target of one that checkov names, "" for one that is none."""
        path = posixpath.normpath(raw_path.removeprefix(self.folder).lstrip("/"))
        return "" if path in ("", ".") or path.split("/")[0] == ".." else path

    def known(self, raw_path: str) -> str:
        """Give the path of a file that is there; an absolute path may begin anywhere."""
        path = self.path_of(raw_path)
        while path and path not in self.files and "/" in path:
            path = path.partition("/")[2]
        return path if path in self.files else ""


class _Unfit(Exception):  # noqa: N818 - it never leaves this file
    """An entry of the output is not what checkov writes."""


def read_output(body: bytes, names: Names) -> ExternalRun:
    """Take what checkov printed apart.

    Raises:
        MlsecError: it is not checkov's JSON at all, or of a version that has not been tried.
    """
    try:
        document = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise MlsecError(f"this is not checkov's JSON: {str(error)[:200]}") from None
    reports = document if isinstance(document, list) else [document]
    version = _version(reports)
    check_version(version)
    unfit = 0
    failed: dict[tuple[Any, ...], ExternalResult] = {}
    for entry in _entries(reports, "failed_checks"):
        try:
            result = _result(entry, names)
            failed.setdefault((result.check, result.file, result.line, result.resource), result)
        except _Unfit:
            unfit += 1
        if len(failed) >= MAX_RESULTS:
            raise MlsecError(f"checkov reports more than {MAX_RESULTS:,} failures")
    unread = set()
    for entry in _entries(reports, "parsing_errors"):
        path = names.known(entry) if isinstance(entry, str) else ""
        if path:
            unread.add(names.files[path][0])
        else:
            unfit += 1
    return ExternalRun(
        tool="checkov",
        version=version,
        failed=tuple(failed[key] for key in sorted(failed)),
        unread=tuple(sorted(unread)),
        given=len(names.files),
        passed=sum(_count(report, "passed") for report in reports),
        skipped=tuple(_skipped(reports)),
        not_understood=unfit + _hidden_errors(reports, len(unread)),
    )


def _version(reports: list[Any]) -> str:
    for report in reports:
        summary = report.get("summary", report) if isinstance(report, dict) else None
        result = summary.get("checkov_version") if isinstance(summary, dict) else None
        if isinstance(result, str):
            return result
    raise MlsecError("this is not checkov's JSON: it names no checkov_version")


def _entries(reports: list[Any], name: str) -> Iterator[Any]:
    for report in reports:
        results = report.get("results") if isinstance(report, dict) else None
        listed = results.get(name) if isinstance(results, dict) else None
        if isinstance(listed, list):
            yield from listed


def _count(report: Any, name: str) -> int:
    summary = report.get("summary", report) if isinstance(report, dict) else {}
    result = summary.get(name) if isinstance(summary, dict) else 0
    return result if type(result) is int and 0 <= result <= MAX_LINE else 0


def _hidden_errors(reports: list[Any], reported: int) -> int:
    """Files that it counts as not parsed and does not name (with ``--quiet``)."""
    return max(0, sum(_count(report, "parsing_errors") for report in reports) - reported)


def _skipped(reports: list[Any]) -> Iterator[str]:
    """Name what a comment of its own (checkov:skip) takes out."""
    for number, entry in enumerate(_entries(reports, "skipped_checks"), start=1):
        if number > _SKIPPED_NAMED:
            yield "…"
            return
        try:
            yield f"{_check(entry)} of {_text(entry, 'resource')}"
        except _Unfit:
            yield "one that could not be read"


def _result(entry: Any, names: Names) -> ExternalResult:
    path = names.path_of(_text(entry, "file_path", _PATH_CHARS))
    if not path:
        raise _Unfit
    known = names.known(path)
    if not known and names.folder:
        raise _Unfit  # a run over our copies cannot speak of another file
    link = entry.get("guideline")
    return ExternalResult(
        check=_check(entry),
        title=_text(entry, "check_name"),
        file=names.files[known][1] if known else path,
        line=_line(entry),
        resource=_text(entry, "resource"),
        link=link if isinstance(link, str) and _LINK.fullmatch(link) else "",
    )


def _check(entry: Any) -> str:
    text = _text(entry, "check_id")
    if not _CHECK.fullmatch(text):
        raise _Unfit
    return text


def _text(entry: Any, name: str, limit_chars: int = _TEXT_CHARS) -> str:
    result = entry.get(name) if isinstance(entry, dict) else None
    if not isinstance(result, str) or not result.strip():
        raise _Unfit
    return result[:limit_chars]


def _line(entry: dict[str, Any]) -> int:
    span = entry.get("file_line_range")
    first = span[0] if isinstance(span, list) and span else None
    if type(first) is not int or not 0 <= first <= MAX_LINE:
        raise _Unfit
    return max(1, first)
