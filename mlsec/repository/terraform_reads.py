"""Files that are no code themselves and that Terraform code reads: policies, templates, scripts."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Iterable

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.folders.entry import Entry
from mlsec.collect.secrets.masking import Masker
from mlsec.core.regex import regex
from mlsec.core.wildcard import matches
from mlsec.repository.evidence import file_call
from mlsec.snapshot.records import Call

MAX_BYTES = 1024 * 1024
_MOST = 100
_CODE = (".tf", ".tofu")
_CALL = regex(r"\b(?:file|templatefile|filebase64)\([^\S\n]*\"([^\"\n]{1,300})\"")
_HOLE = re.compile(r"\$\{[^{}]*\}")


def read_by_terraform(
    code: Iterable[Entry], listed: Iterable[Entry], read: Callable[[Entry], bytes | None]
) -> list[Entry]:
    """Give the listed files that a call of ``file`` or ``templatefile`` may name.

    What it says of the last folder and the name has to fit; a hole stands for anything.
    """
    patterns: set[str] = set()
    for entry in code:
        if not entry.path.endswith(_CODE):
            continue
        text = (read(entry) or b"").decode("utf-8", "replace")
        for match in _CALL.finditer(text) if "file" in text else ():
            patterns.add(_tail(match.group(1)))
    wanted = {p for p in patterns if posixpath.basename(p).strip("*")}
    exact = {p for p in wanted if "*" not in p}
    open_ = sorted(wanted - exact)[:_MOST]
    return [
        entry
        for entry in (listed if wanted else ())
        if entry.size_bytes <= MAX_BYTES and _is_any(_last_two(entry.path), exact, open_)
    ]


def named_call(
    scope: str, entry: Entry, in_repository: str, body: bytes, masker: Masker
) -> tuple[Call, bytes] | None:
    """Give the record of a file that Terraform reads, whatever it is; None when it is no text."""
    if b"\x00" in body:
        return None
    file = CodeFile(
        id=entry.id,
        path=entry.path,
        language=Language.TERRAFORM_FILE,
        text=masker.mask(body.decode("utf-8-sig", "replace")),
        in_repository=in_repository,
    )
    return file_call(scope, file)


def _tail(written: str) -> str:
    """Give the last folder and the name of a path as a pattern."""
    return _last_two(_HOLE.sub("*", written))


def _last_two(path: str) -> str:
    return "/".join([part for part in path.split("/") if part not in ("", ".", "..")][-2:])


def _is_any(path: str, exact: set[str], wanted: list[str]) -> bool:
    name = posixpath.basename(path)
    if path in exact or name in exact:
        return True
    return any(matches(pattern, path if "/" in pattern else name) for pattern in wanted)
