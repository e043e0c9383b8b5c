"""Literal arguments as loose as the loader takes them, which is looser than ``pickletools``."""

from __future__ import annotations

import codecs
import struct

from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.vm.values import Opaque, Value

# Converting decimal digits takes quadratic time; nothing here needs a number this long.
DIGITS = 64
# Of a longer line not all is kept.
INDEX_DIGITS = 60_000
# A number is one however many digits are cut off.
FLOAT_BYTES = 4096


def read_integer(line: bytes) -> Value:
    """INT and LONG lines: any base the C loader takes (0x, 0o, 0b), a final L, cut at a NUL.

    Raises:
        ArtifactError: no number.
    """
    text = line.split(b"\0", 1)[0].strip()
    if line in (b"00", b"01"):
        return line == b"01"
    if line[:1] == b"\0":
        return 0  # strtol finds no digits, and no other letter either
    if len(text) > DIGITS:
        return Opaque.NUMBER
    text = text.removesuffix(b"L")
    try:
        return int(text, 0)
    except ValueError:
        pass
    try:
        # strtol with base 0 reads a leading zero as octal.
        return int(text, 8)
    except ValueError:
        raise ArtifactError(f"{line[:40]!r} is not a number") from None


def read_index(line: bytes) -> int:
    """A memo index in decimal, as GET and PUT write it.

    Raises:
        ArtifactError: no number.
    """
    text = line.split(b"\0", 1)[0].strip()
    if len(text) > INDEX_DIGITS:
        raise ArtifactError(f"a memo index of more than {INDEX_DIGITS} digits")
    if len(text) > DIGITS:
        # As long as the loader takes it: zeros may be before it, and Python's takes any number.
        text = text.replace(b"_", b"").removeprefix(b"+").lstrip(b"0") or b"0"
    try:
        # Converting decimal digits takes quadratic time; read so, other digits are another number.
        return int(text, 10 if len(text) <= DIGITS else 16)
    except ValueError:
        raise ArtifactError(f"{line[:40]!r} is not a memo index") from None


def read_float(line: bytes) -> float:
    """A FLOAT line as loaders take it: the one in C to a NUL, the one in Python with blanks.

    Raises:
        ArtifactError: no number.
    """
    try:
        return float(line.split(b"\0", 1)[0][:FLOAT_BYTES])
    except ValueError:
        raise ArtifactError(f"{line[:40]!r} is not a number") from None


def read_quoted(line: bytes) -> str:
    """A STRING line: quotes off, escapes resolved; any byte may stand in it.

    Raises:
        ArtifactError: no quotes, or an escape that is none.
    """
    text = line.strip()
    if len(text) < 2 or text[:1] != text[-1:] or text[:1] not in b"\"'":
        raise ArtifactError("a STRING without quotes")
    try:
        return codecs.escape_decode(text[1:-1])[0].decode("latin-1")
    except ValueError as error:
        raise ArtifactError(f"a STRING with a bad escape: {error}") from None


def read_unicode_line(line: bytes) -> str:
    """A UNICODE line: raw-unicode-escape.

    Raises:
        ArtifactError: an escape that is none.
    """
    try:
        return line.decode("raw-unicode-escape")
    except UnicodeDecodeError as error:
        raise ArtifactError(f"a UNICODE line with a bad escape: {error.reason}") from None


def read_text(payload: bytes) -> str:
    """Counted text; what is not UTF-8 stays as surrogates, so that nothing ends here."""
    return payload.decode("utf-8", "surrogateescape")


def read_little(payload: bytes) -> Value:
    """LONG1 and LONG4: two's complement, little endian; long ones are only a number."""
    if len(payload) > DIGITS:
        return Opaque.NUMBER
    return int.from_bytes(payload, "little", signed=True)


def read_four(block: bytes, position: int) -> int:
    """A signed four-byte integer."""
    return int(struct.unpack_from("<i", block, position)[0])
