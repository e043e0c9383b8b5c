"""Zip archives: each way of telling two stories, and each bomb, is a fact of its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from tests.artifacts.builders import zips
from tests.artifacts.builders.zips import DEFLATED, archive, single, torch_entries

TECHNIQUES: Mapping[str, FactKind] = {
    "zip/wrong-sum": FactKind.BROKEN,
    "zip/encrypted-flag": FactKind.ENCRYPTED_MEMBER,
    "zip/encrypted-flag-locally": FactKind.TWO_READINGS,
    "zip/unknown-method": FactKind.NOT_FULLY_READ,
    "zip/unknown-method-locally": FactKind.TWO_READINGS,
    "zip/method-differs": FactKind.TWO_READINGS,
    "zip/name-differs": FactKind.TWO_READINGS,
    "zip/size-differs": FactKind.TWO_READINGS,
    "zip/duplicate-member": FactKind.DUPLICATE_MEMBER,
    "zip/unlisted-member": FactKind.UNACCOUNTED_BYTES,
    "zip/payload-before": FactKind.SEVERAL_FORMATS,
    "zip/payload-before-adjusted": FactKind.SEVERAL_FORMATS,
    "zip/payload-between": FactKind.UNACCOUNTED_BYTES,
    "zip/payload-before-directory": FactKind.UNACCOUNTED_BYTES,
    "zip/payload-after": FactKind.UNACCOUNTED_BYTES,
    "zip/two-directories": FactKind.TWO_READINGS,
    "zip/directory-cut-off": FactKind.BROKEN,
    "zip/slip": FactKind.UNSAFE_MEMBER_NAME,
    "zip/absolute-name": FactKind.UNSAFE_MEMBER_NAME,
    "zip/drive-name": FactKind.UNSAFE_MEMBER_NAME,
    "zip/symlink": FactKind.LINK_MEMBER,
    "zip/device": FactKind.LINK_MEMBER,
    "zip/elf-member": FactKind.EMBEDDED_EXECUTABLE,
    "zip/pe-member": FactKind.EMBEDDED_EXECUTABLE,
    "zip/mach-o-member": FactKind.EMBEDDED_EXECUTABLE,
    "zip/script-member": FactKind.EMBEDDED_EXECUTABLE,
    "zip/overlapping-bomb": FactKind.BOMB,
    "zip/many-members": FactKind.BOMB,
    "zip/nested-deep": FactKind.BOMB,
    "zip/forty-two": FactKind.BOMB,
    "zip/one-huge-member": FactKind.BOMB,
}


def kinds(found: Inspection) -> set[FactKind]:
    return {fact.kind for fact in found.facts}


@pytest.mark.parametrize("name", TECHNIQUES)
def test_technique_is_named(name: str) -> None:
    found = inspect(Window.of(zips.HOSTILE[name]()))
    assert TECHNIQUES[name] in kinds(found)


@pytest.mark.parametrize("name", zips.BENIGN)
def test_honest_archive_tells_one_story(name: str) -> None:
    found = inspect(Window.of(zips.BENIGN[name]()))
    assert kinds(found) <= {FactKind.NOT_FULLY_READ}


def test_a_large_inflated_member_is_read_without_holding_it() -> None:
    inside = archive([zips.Entry(name=b"zeros", data=bytes(1 << 20)), *torch_entries()])
    outer = single(b"m.zip", inside, method=DEFLATED)
    small = Limits(held_bytes=1 << 16)
    assert inspect(Window.of(outer), small).members == inspect(Window.of(outer)).members == 7


def test_encrypted_member_is_longer_by_the_head_of_its_cipher_and_that_is_no_lie() -> None:
    found = inspect(Window.of(single(b"a.txt", b"abcd" + bytes(12), size_bytes=4, crc=1, flags=1)))
    assert FactKind.TWO_READINGS not in kinds(found)
    assert FactKind.ENCRYPTED_MEMBER in kinds(found)
