"""Universal Binary JSON whose containers do not say how long they are."""

from __future__ import annotations

import struct

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits


def _key(name: bytes) -> bytes:
    return b"L" + struct.pack(">q", len(name)) + name


@pytest.mark.parametrize("container", [b"[$Z", b"[$T", b"[$i", b"{$Z", b"[$[", b"[$S"])
def test_a_type_without_a_count_is_a_gap_at_once(container: bytes) -> None:
    data = b"{" + _key(b"learner") + b"{" + _key(b"x") + container + b"L\0}" * 9 + b"}}"
    found = inspect(Window.of(data, "model.ubj"), Limits(cpu_s=5))
    assert any("no count" in gap.detail for gap in found.gaps)
