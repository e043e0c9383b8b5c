"""Finds texts in a model's metadata that are commands or code instead of words."""

from __future__ import annotations

import base64
import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.content.code_blobs import decode_base64, find_code_in_text, note_code
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.files.loadable import OLD_BYTES, is_old_pickle
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

_CODE = regex(
    r"""\bimport\s+(?:os|sys|subprocess|socket|base64|pickle|ctypes|pty)\s*[;\n]
    |\bos\.(?:system|popen|exec[lv]\w*)\s*\(|\bsubprocess\.\w+\s*\(|\b__import__\s*\(
    |(?<![\w.])(?:exec|eval)\s*\(|\bpickle\.loads\s*\(|\bb64decode\s*\(
    |<\s*(?:script|iframe)\b|\bjavascript:|\brm\s+-rf?\s|\bchmod\s+(?:\+x|[0-7]{3,4})\s
    |\b(?:curl|wget)\s+(?:-\w+\s+)*['"]?https?://|/bin/(?:ba|da|z)?sh\b|\bpowershell(?:\.exe)?\s
    |\b(?:os|posix|nt)\.(?:system|popen|exec[lv]\w*)\s*\Z
    |\A\s*(?:subprocess\.\w+|(?:builtins|__builtin__)\.(?:eval|exec|compile|__import__)
    |importlib\.import_module|runpy\.run_\w+|pty\.spawn|pickle\.loads?)\s*\Z|\b__(?:reduce(?:_ex)?|builtins|globals|subclasses)__
    |\bnc\s+-\w*e|!!python/\w|/dev/tcp/|(?:\.\.[/\\]){2,}|\$\(\s*(?:curl|wget)|\bcmd(?:\.exe)?\s+/c""",
    re.VERBOSE | re.IGNORECASE,
)
_CALLED = regex(
    r"""\\?["']?(?:_target_|__target__|_component_|class_path)\\?["']?\s*[:=]\s*\\?["']?(?P<name>[A-Za-z_][\w.]{1,200})"""
)
# A name of this kind says nothing about a model; a careless loader would look it up or set it.
_KEY = regex(
    r"__(?:reduce(?:_ex)?|setstate|import|builtins|globals|class|dict|code|getattr\w*)__"
    r"|(?:builtins\.|__builtin__\.)?(?:exec|eval|__import__)"
    r"|(?:os|posix|nt)\.(?:system|popen|exec\w+)|subprocess(?:\.\w+)?"
)
_PICKLE = regex(rb"\x80[\x02-\x05]")
# Ends as a pickle does: digests in hexadecimal digits are common, and begin with anything.
_HEX = regex(r"\s*(?:0x)?80(?:0[2-5])(?:[0-9a-f]{2}){8,}2e\s*\Z", re.IGNORECASE)
# Protocols 0 and 1 begin with anything, and end as all do: recognised by being followed to the end.
_DIGITS = regex(r"\s*(?:[0-9A-Fa-f]{2}){12,}\s*\Z")
_LETTERS = regex(r"[A-Za-z0-9+/_\-\s]{16,}+={0,2}\s*+\Z")
LONGEST = 1 << 20


def judge_metadata(text: str, where: str, record: Recorder, *, offset: int = -1) -> None:
    """Note compiled code, and text that a shell, a browser or Python would run.

    Nothing runs metadata by itself: what shows or evaluates them would, so this is medium.
    """
    if _KEY.fullmatch(where):
        detail = "the metadata have a key that is the name of code, no word for a model"
        record.fact(FactKind.EMBEDDED_CODE, where, detail, offset=offset, danger=Severity.MEDIUM)
    for call in _CALLED.finditer(text, 0, LONGEST):
        _note_called(call["name"], where, record, offset)
    pickled = _pickle_in(text)
    if pickled:
        record.member(where[:80], Window.of(pickled))
    blob = find_code_in_text(text)
    if blob is not None:
        note_code(record, blob, f"the metadata {where}"[:80], offset=offset)
    record.in_part(f"the metadata {where!r:.60}", LONGEST, len(text))
    match = _CODE.search(text, 0, LONGEST)
    if match:
        detail = f"the metadata {where!r:.60} hold commands or code instead of words"
        record.fact(
            FactKind.EMBEDDED_CODE,
            match.group()[:80],
            detail,
            offset=offset,
            danger=Severity.MEDIUM,
        )


def _note_called(name: str, where: str, record: Recorder, offset: int) -> None:
    """Note what a configuration in the metadata has called, as Hydra's ``instantiate`` does.

    Source: CVE-2025-23304 and others of its kind: loaders give such metadata to Hydra.
    """
    module, _, called = name.rpartition(".")
    danger = danger_of(module or "builtins", called)
    if danger is not None:
        detail = f"is called by a loader that carries out the metadata {where!r:.60}"
        record.fact(FactKind.DENIED_CALL, name, detail, offset=offset, danger=danger)
    else:
        detail = f"a callable that the metadata {where!r:.60} have a loader call"
        record.fact(FactKind.UNVERIFIED_CLASS, name, detail, offset=offset)


def old_pickle_in(text: str) -> bytes:
    """The pickle of a text protocol that a text is in base64 or hexadecimal digits, or nothing."""
    if len(text) > 2 * OLD_BYTES:
        return b""
    if _DIGITS.match(text):
        data = bytes.fromhex(text.strip())
        if is_old_pickle(data):
            return data
    if not _LETTERS.match(text):
        return b""
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    if len(plain) % 4 == 1:
        return b""
    data = base64.b64decode(plain + "=" * (-len(plain) % 4))
    return data if is_old_pickle(data) else b""


def _pickle_in(text: str) -> bytes:
    """The pickle that a text is in base64 or in hexadecimal digits, or nothing."""
    if len(text) <= LONGEST and _HEX.match(text):
        return bytes.fromhex(text.strip().lower().removeprefix("0x"))
    data = decode_base64(text)
    if data is not None and _PICKLE.match(data):
        return data
    return old_pickle_in(text)
