"""Recognises compiled Python code in bytes and in base64 text, without unmarshalling it."""

from __future__ import annotations

import base64
import binascii
import re

import msgspec

from mlsec.artifacts.content.callables import DANGEROUS_MODULES, DANGEROUS_NAMES
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

# marshal: TYPE_CODE is "c", with FLAG_REF 0xe3; then five or six 32-bit counts, then the code
# itself as a bytes object "s" or 0xf3. Source: Python/marshal.c of CPython 3.8 to 3.14.
_CODE = regex(rb"[\xe3c](?:[\x00-\x7f]\x00\x00\x00){4,6}[\x00-\xff]{0,4}[\xf3s]", re.DOTALL)
_OLD_CODE = regex(rb"c(?:[\x00-\x7f]\x00\x00\x00){3}.\x00\x00\x00s", re.DOTALL)
# Short and long ASCII strings, interned or not.
_SHORT_NAME = regex(rb"[zZ\xfa\xda](.)", re.DOTALL)
_BASE64 = regex(r"\s*(?:4w|Yw|gA|H4|eJ)[A-Za-z0-9+/_\-=\s]{20,}\Z")
_LONGEST_BLOB = 4 << 20
_NAMES = 500


class CodeBlob(msgspec.Struct, frozen=True, kw_only=True):
    """Compiled code: the names and texts it holds, in order, and where it lies in the bytes."""

    offset: int
    names: tuple[str, ...]

    @property
    def dangerous(self) -> tuple[str, ...]:
        """Those of the names that run commands or code, or reach files and networks."""
        return tuple(name for name in self.names if is_dangerous_name(name))


def find_code(data: bytes) -> CodeBlob | None:
    """The first code object in marshal's form, or None."""
    match = _CODE.search(data) or _OLD_CODE.search(data)
    if match is None:
        return None
    return CodeBlob(offset=match.start(), names=_names(data[match.start() :]))


def find_code_in_text(text: str) -> CodeBlob | None:
    """The first code object in a text that is base64, as Keras stores lambdas; or None."""
    data = decode_base64(text)
    return None if data is None else find_code(data)


def decode_base64(text: str) -> bytes | None:
    """The bytes of a base64 text that could be code or a pickle; None if it is neither."""
    if len(text) > _LONGEST_BLOB or not _BASE64.match(text):
        return None
    plain = "".join(text.split()).replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return None


def note_code(record: Recorder, blob: CodeBlob, where: str, *, offset: int = -1) -> None:
    """Note embedded code; it is critical where it names something that reaches out."""
    bad = blob.dangerous
    if bad:
        detail = f"compiled Python code in {where} names {', '.join(bad[:8])}"
        record.fact(FactKind.EMBEDDED_CODE, bad[0], detail, offset=offset, danger=Severity.CRITICAL)
        return
    named = ", ".join(blob.names[:8])
    record.fact(
        FactKind.EMBEDDED_CODE, where, f"compiled Python code, it names {named}", offset=offset
    )


def _names(data: bytes) -> tuple[str, ...]:
    names: dict[str, None] = {}
    for match in _SHORT_NAME.finditer(data):
        start = match.end()
        text = data[start : start + match.group(1)[0]]
        if text and text.isascii():
            plain = text.decode("ascii")
            if plain.isprintable():
                names[plain] = None
        if len(names) >= _NAMES:
            break
    return tuple(names)


def is_dangerous_name(name: str) -> bool:
    """Whether a name in a code object is a module or function that reaches out."""
    if name in DANGEROUS_MODULES - {"code", "test", "logging", "inspect", "platform", "http"}:
        return True
    return f"builtins.{name}" in DANGEROUS_NAMES and name not in {"map", "filter", "vars", "file"}
