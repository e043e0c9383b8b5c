"""Raw arrays of joblib whose types are no plain letters."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make
from tests.artifacts.builders.pickles import text

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
TEXTS = make.stacked("numpy._core._internal", "_convert_to_stringdtype_kwargs") + b"K\1\x85R"
OBJECTS = make.stream(b"]" + text("a") + b"a", protocol=5)


def of_ml_dtypes(name: str) -> bytes:
    return make.stacked("numpy", "dtype") + make.stacked("ml_dtypes", name) + b"\x89\x88\x87R"


def look(dtype: bytes, follows: bytes) -> Inspection:
    """An array of three elements."""
    kind = make.stacked("numpy", "ndarray")
    state = b"}(" + text("subclass") + kind + text("shape") + b"K\3\x85" + text("dtype") + dtype
    state += text("numpy_array_alignment_bytes") + b"Nu"
    wrapper = make.stacked("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81" + state + b"b"
    return inspect(Window.of(b"\x80\4" + wrapper + follows + b".", name="a.joblib"))


RAW = {
    "texts": (TEXTS, OBJECTS),
    "bfloat16": (of_ml_dtypes("bfloat16"), b"\0" * 6),
    "float8": (of_ml_dtypes("float8_e4m3fn"), b"\0" * 3),
    "int4": (of_ml_dtypes("int4"), b"\0" * 3),
}
BAD = {
    "texts-with-a-command": (TEXTS, make.stream(make.call("os", "system", "echo inert"))),
    "a-command-behind": (
        of_ml_dtypes("float8_e4m3fn"), b"\0" * 3 + make.call("os", "system", "echo inert"),
    ),
    "texts-of-another-module": (
        make.stacked("unheard", "_convert_to_stringdtype_kwargs") + b"K\1\x85R", b"\0" * 3,
    ),
    "a-type-unheard": (of_ml_dtypes("float80"), b"\0" * 3),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_what_follows_is_read_to_its_end(name: str) -> None:
    seen = look(*RAW[name])
    assert not [fact for fact in seen.facts if fact.danger in FLAGGING]
    assert "malformed" not in {gap.reason.value for gap in seen.gaps}


@pytest.mark.parametrize("name", BAD)
def test_its_hostile_twin_is_flagged(name: str) -> None:
    assert FLAGGING & {fact.danger for fact in look(*BAD[name]).facts}
