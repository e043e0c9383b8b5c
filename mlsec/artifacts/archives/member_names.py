"""Judges the names and kinds of an archive's members by what unpacking them would do."""

from __future__ import annotations

import re
import stat

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

DRIVE = regex(r"[A-Za-z]:[\\/]?")
CONTROL = regex("[\x00-\x08\x0a-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
# Tensors may honestly be called "/encoder/Add" or "w:0": only a path of a system is reported.
PLACE = regex(
    r"[A-Za-z]:[\\/]|\\\\\w"
    r"|/(?:etc|usr|bin|sbin|lib|tmp|var|home|root|dev|proc|sys|opt|boot|Users|Library)/"
)
SPECIAL = {
    stat.S_IFCHR: "a character device",
    stat.S_IFBLK: "a block device",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
}


def decode_name(name: bytes) -> str:
    """A member's name as text; what is not UTF-8 is kept, escaped."""
    return name.decode("utf-8", "backslashreplace")


def judge_name(name: str, record: Recorder, offset: int = -1) -> None:
    """Note a name that leads out of the folder it is unpacked into, or that hides."""
    if why := danger_of(name):
        record.fact(FactKind.UNSAFE_MEMBER_NAME, name, why, offset=offset)


def danger_of(name: str) -> str:
    """What is wrong with a name, or ""."""
    parts = re.split(r"[\\/]", name)
    # Windows drops spaces at the end of a part.
    if any(part.rstrip(" ") == ".." for part in parts):
        return "leads out of the folder it is unpacked into"
    if name[:1] in {"/", "\\"} or DRIVE.match(name):
        return "names a place of its own, not one in the folder it is unpacked into"
    if CONTROL.search(name):
        return "holds characters that change how it is shown or where it ends"
    return ""


def danger_of_tensor(name: str) -> str:
    """What is wrong with a tensor's name, or ""; tools that save a file per tensor use it so."""
    if ".." in re.split(r"[\\/]", name):
        return "leads out of the folder that tensors are saved in"
    if PLACE.match(name):
        return "names a place of the system, no tensor"
    if CONTROL.search(name):
        return "holds characters that change how it is shown or where it ends"
    return ""


def judge_mode(name: str, mode: int, record: Recorder, offset: int = -1) -> bool:
    """Note a member that is a device or a pipe; whether it is one.

    ``mode`` is the Unix mode with its type bits.
    """
    special = SPECIAL.get(stat.S_IFMT(mode))
    if special:
        record.fact(FactKind.LINK_MEMBER, name, f"would be unpacked as {special}", offset=offset)
    return bool(special)


def judge_link(name: str, target: str, record: Recorder, offset: int = -1) -> None:
    """Note a link: what is unpacked after it, or read through it, lies where it points."""
    is_outside = _leads_outside(name, target)
    where = "outside the archive" if is_outside else "at another member"
    record.fact(
        FactKind.LINK_MEMBER,
        name,
        f"is a link that points {where}: {target}",
        offset=offset,
        danger=None if is_outside and not record.is_image else Severity.LOW,
    )


def _leads_outside(name: str, target: str) -> bool:
    if target[:1] in {"/", "\\"} or DRIVE.match(target) or CONTROL.search(target):
        return True
    depth = len([part for part in re.split(r"[\\/]", name)[:-1] if part not in {"", "."}])
    for part in re.split(r"[\\/]", target):
        depth += -1 if part == ".." else part not in {"", "."}
        if depth < 0:
            return True
    return False
