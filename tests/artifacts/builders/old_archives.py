"""Archives of ar and cpio: a header, a name, the bytes, one after the other."""

from __future__ import annotations

import functools
import stat
from collections.abc import Callable, Mapping

from tests.artifacts.builders.payloads import EVIL_PICKLE, GOOD_PICKLE

FILE, LINK, DEVICE = stat.S_IFREG | 0o644, stat.S_IFLNK | 0o777, stat.S_IFCHR | 0o600
Entry = tuple[str, bytes, int]


def ar(*entries: Entry, magic: bytes = b"!<arch>\n", bsd: bool = False) -> bytes:
    data = magic
    for name, content, mode in entries:
        raw = name.encode()
        body = raw + content if bsd else content
        label = f"#1/{len(raw)}".encode() if bsd else raw + b"/"
        data += label.ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2
        data += f"{mode:o}".encode().ljust(8) + str(len(body)).encode().ljust(10) + b"`\n"
        data += body + b"\n" * (len(body) % 2)
    return data


def long_names(name: str, content: bytes) -> bytes:
    """As GNU writes a name of more than 15 characters: in a member of its own."""
    names = name.encode() + b"/\n"
    table = b"//".ljust(48) + str(len(names)).encode().ljust(10) + b"`\n"
    table += names + b"\n" * (len(names) % 2)
    head = b"/0".ljust(16) + b"0".ljust(12) + b"0".ljust(6) * 2 + b"100644".ljust(8)
    head += str(len(content)).encode().ljust(10) + b"`\n"
    return b"!<arch>\n" + table + head + content + b"\n" * (len(content) % 2)


def cpio(*entries: Entry, is_old: bool = False, behind: bytes = b"") -> bytes:
    """``behind`` are the data of the mark of the end, of which there should be none."""
    data = b""
    for name, content, mode in (*entries, ("TRAILER!!!", behind, 0)):
        raw = name.encode() + b"\0"
        if is_old:
            numbers = (0, 1, mode, 0, 0, 1, 0)
            data += b"070707" + b"".join(b"%06o" % number for number in numbers)
            data += b"%011o%06o%011o" % (0, len(raw), len(content)) + raw + content
            continue
        numbers = (1, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(raw), 0)
        data += b"070701" + b"".join(b"%08X" % number for number in numbers) + raw
        data += bytes(-len(data) % 4) + content
        data += bytes(-len(data) % 4)
    return data


MAKERS: Mapping[str, Callable[..., bytes]] = {
    "ar": ar,
    "ar-bsd": functools.partial(ar, bsd=True),
    "cpio": cpio,
    "cpio-old": functools.partial(cpio, is_old=True),
}
# Members that are flagged in an archive of any kind.
EVIL: Mapping[str, tuple[Entry, ...]] = {
    "pickle": (("a.bin", GOOD_PICKLE, FILE), ("m.pkl", EVIL_PICKLE, FILE)),
    "slip": (("../../x", b"words", FILE),),
    "rooted": (("/etc/x", b"words", FILE),),
    "twice": (("a", b"one", FILE), ("a", b"two", FILE)),
    "program": (("lib.so", b"\x7fELF\2\1\1" + bytes(60), FILE),),
}
CPIO_ONLY: Mapping[str, tuple[Entry, ...]] = {
    "link": (("a", b"/etc/passwd", LINK),),
    "device": (("a", b"", DEVICE),),
}
HOSTILE: Mapping[str, Callable[[], bytes]] = {
    **{
        f"{kind}/{name}": functools.partial(make, *entries)
        for kind, make in MAKERS.items()
        for name, entries in (EVIL | (CPIO_ONLY if "cpio" in kind else {})).items()
    },
    "ar/long-name-slips": lambda: long_names("../../../a/long/name", b"words"),
    "ar/thin": lambda: ar(("other.o", b"", FILE), magic=b"!<thin>\n"),
    "ar/cut-short": lambda: ar(("a", b"words" * 9, FILE))[:-20],
    "ar/no-header": lambda: ar(("a", b"ab", FILE)) + b"junk" * 30,
    "cpio/appended": lambda: cpio(("a", b"ab", FILE)) + EVIL_PICKLE,
    "cpio/data-of-the-end": lambda: cpio(("a", b"ab", FILE), behind=EVIL_PICKLE),
    "cpio-old/data-of-the-end": lambda: cpio(behind=EVIL_PICKLE, is_old=True),
    "cpio/cut-short": lambda: cpio(("a", b"words" * 9, FILE))[:140],
}
BENIGN: Mapping[str, Callable[[], bytes]] = {
    **{
        f"{kind}/plain": functools.partial(make, ("a.pkl", GOOD_PICKLE, FILE), ("b", b"xy", FILE))
        for kind, make in MAKERS.items()
    },
    "ar/long-name": lambda: long_names("a_longer_name_of.pkl", GOOD_PICKLE),
    "ar/empty": lambda: ar(("a", b"", FILE)),
    "cpio/link-inside": lambda: cpio(("a", b"words", FILE), ("b", b"a", LINK)),
    "cpio/filled-to-a-block": lambda: cpio(("a", b"words", FILE)) + bytes(512),
}
