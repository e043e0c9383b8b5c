"""7z archives, made by the package that also reads them."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from typing import Any

import py7zr

from tests.artifacts.builders.payloads import EVIL_PICKLE, EVIL_PICKLE_2, GOOD_PICKLE, elf
from tests.artifacts.builders.zips import archive, torch_entries

COPY = ({"id": py7zr.FILTER_COPY},)


def seven_zip(*members: tuple[str, bytes], **settings: Any) -> bytes:
    out = io.BytesIO()
    with py7zr.SevenZipFile(out, "w", **settings) as packed:
        for name, data in members:
            packed.writestr(data, name)
    return out.getvalue()


def renamed(data: bytes, old: str, new: str) -> bytes:
    """A name of the same length put in the place of another; the sums are not mended."""
    return data.replace(old.encode("utf-16-le"), new.encode("utf-16-le"))


HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "7z/payload": lambda: seven_zip(("model.pkl", EVIL_PICKLE)),
    "7z/payload-odd-name": lambda: seven_zip(("weights.txt", EVIL_PICKLE_2)),
    "7z/payload-stored": lambda: seven_zip(("m.pkl", EVIL_PICKLE), filters=list(COPY)),
    "7z/torch-payload": lambda: seven_zip(("model.pt", archive(torch_entries(EVIL_PICKLE)))),
    "7z/second-of-a-name": lambda: seven_zip(("m.pkl", GOOD_PICKLE), ("m.pkl", EVIL_PICKLE)),
    "7z/elf": lambda: seven_zip(("lib.so", elf())),
    "7z/encrypted": lambda: seven_zip(
        ("model.pkl", EVIL_PICKLE), password="inert", header_encryption=False
    ),
    "7z/tail": lambda: seven_zip(("m.pkl", GOOD_PICKLE)) + EVIL_PICKLE_2,
    "7z/cut-off": lambda: seven_zip(("m.pkl", EVIL_PICKLE))[:-9],
    "7z/header-broken": lambda: seven_zip(("m.pkl", EVIL_PICKLE))[:-9] + bytes(9),
    "7z/bomb": lambda: seven_zip(("zeros", bytes(40 << 20))),
}

BENIGN: Mapping[str, Callable[[], bytes]] = {
    "7z/plain": lambda: seven_zip(("model/m.pkl", GOOD_PICKLE), ("README", b"hi\n")),
    "7z/torch": lambda: seven_zip(("model.pt", archive(torch_entries()))),
}
