"""Headers of ar and cpio whose numbers are none."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect

AR = b"!<arch>\n"
# A name, then date, owner and group, then mode and size, as ar writes them.
OWNED = b"a.bin/".ljust(16) + b"0".ljust(12) + b"0".ljust(6) + b"0".ljust(6)
BAD = {
    "ar, mode": AR + OWNED + b"-00644  " + b"4".ljust(10) + b"`\nabcd",
    "ar, size": AR + OWNED + b"100644  " + b"-60".ljust(10) + b"`\nabcd",
    "ar, grouped": AR + OWNED + b"100644  " + b"1_0".ljust(10) + b"`\nabcdefghij",
    "cpio, size": b"070701" + b"0" * 48 + b"-0000078" + b"0" * 32 + b"00000002" + b"0" * 8 + b"a\0",
}


def _second(header: bytes) -> bytes:
    """A member of cpio before it, as the first header decides what the file is."""
    if header.startswith(AR):
        return header
    return b"070701" + b"0" * 88 + b"00000002" + b"0" * 8 + b"b\0" + header


@pytest.mark.parametrize("name", BAD)
def test_a_header_with_a_sign_in_a_number_is_a_gap(name: str) -> None:
    found = inspect(Window.of(_second(BAD[name]), "a"))
    assert any("is not a number of an archive's header" in gap.detail for gap in found.gaps)
