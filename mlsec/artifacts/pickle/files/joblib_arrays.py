"""Raw arrays between the opcodes of a joblib pickle: where the next opcode is.

Source: joblib ``numpy_pickle.NumpyArrayWrapper``: after the BUILD of a wrapper come, for dtypes
without objects, one byte n and n bytes of padding (newer writers), then the elements; for dtypes
with objects a pickle stream of its own.
"""

from __future__ import annotations

from math import prod

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.policy.names import class_of
from mlsec.artifacts.pickle.vm.values import CallResult, Container, Global, Value
from mlsec.core.regex import regex

_CODE = regex(r"[<>=|]?([?bBhHiIuclLqQefdgFDGSUVOmMa])(\d*)(?:\[.*\])?\Z")
# Without a number: those of the same width on every platform, which l, L, g and G are not.
_WIDTHS = {
    "?": 1, "b": 1, "B": 1, "h": 2, "H": 2, "i": 4, "I": 4, "q": 8, "Q": 8, "S": 0, "U": 0, "V": 0,
    "c": 1, "e": 2, "f": 4, "d": 8, "F": 8, "D": 16, "m": 8, "M": 8,
}  # fmt: skip
# Types of a library of its own, by their bytes per element. Source: ml_dtypes.
_MORE_TYPES = regex(r"(?:bfloat16|float[468]_\w+|u?int[124])\Z")
# How numpy stores its type of texts of any length; its elements are written as objects are.
_TEXTS = "_convert_to_stringdtype_kwargs"
_INTERNAL = ("numpy._core._internal", "numpy.core._internal")
_WRAPPERS = ("joblib.numpy_pickle", "sklearn.externals.joblib.numpy_pickle")
# The flags of a dtype's state: elements hold references to objects.
_HAS_OBJECT = 0x01


class RawArray:
    """What a wrapper announces: how many bytes, or a stream of objects (``size_bytes`` is -1)."""

    __slots__ = ("is_padded", "size_bytes")

    def __init__(self, size_bytes: int, *, is_padded: bool) -> None:
        self.size_bytes = size_bytes
        self.is_padded = is_padded


def announced(target: Value, state: Value) -> RawArray | None:
    """The array that follows when ``target`` is joblib's wrapper; None for any other object.

    Raises:
        ArtifactError: the wrapper's shape or dtype is not known.
    """
    function = class_of(target)
    if not isinstance(function, Global) or function.name != "NumpyArrayWrapper":
        return None
    if function.module not in _WRAPPERS:
        return None
    if not isinstance(state, Container) or state.is_partial or not _has_plain_keys(state):
        raise ArtifactError("the state of a raw array is not written out as joblib writes it")
    fields = state.mapping()
    shape = fields.get("shape")
    if not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        raise ArtifactError("the shape of a raw array is not known")
    width = _width(fields.get("dtype"))
    if width < 0:
        return RawArray(-1, is_padded=False)
    is_padded = fields.get("numpy_array_alignment_bytes") is not None
    return RawArray(prod(shape) * width, is_padded=is_padded)


def _has_plain_keys(state: Container) -> bool:
    keys = state.items[::2]
    return all(type(key) is str for key in keys) and len(set(keys)) == len(keys)


def _width(dtype: Value) -> int:
    """Bytes per element; -1 for elements that are objects."""
    made_by = dtype.function if isinstance(dtype, CallResult) else None
    if isinstance(made_by, Global) and made_by.name == _TEXTS and made_by.module in _INTERNAL:
        return -1
    is_dtype = isinstance(made_by, Global) and made_by.full == "numpy.dtype"
    if not is_dtype or not isinstance(dtype.arguments, tuple):
        raise ArtifactError("the dtype of a raw array is not known")
    code = dtype.arguments[0] if dtype.arguments else None
    if isinstance(code, Global) and code.module == "ml_dtypes" and _MORE_TYPES.match(code.name):
        return 2 if code.name == "bfloat16" else 1
    matched = _CODE.match(code) if isinstance(code, str) else None
    if matched is None:
        raise _unknown_type(code)
    flags = dtype.state[7] if isinstance(dtype.state, tuple) and len(dtype.state) > 7 else 0
    letter, digits = matched.groups()
    if letter == "O" or (letter == "V" and isinstance(flags, int) and flags & _HAS_OBJECT):
        return -1
    # Zeros may be before them; so many bytes as more than 18 digits say are in no file.
    width = int(digits) if 0 < len(digits.lstrip("0")) <= 18 else _WIDTHS.get(letter + digits)
    if width is None:
        raise _unknown_type(code)
    return _as_set(dtype.state, 4 * width if letter == "U" else width, letter)


def _as_set(state: Value, width: int, letter: str) -> int:
    """The width, which the state of a dtype may set once more: numpy writes the same.

    Raises:
        ArtifactError: it is another one, or the elements are arrays themselves.
    """
    parts = state if isinstance(state, tuple) else ()
    is_array = len(parts) > 2 and parts[2] is not None
    is_other = letter in "USV" and len(parts) > 5 and parts[5] not in (width, -1)
    if is_array or is_other:
        raise ArtifactError("the dtype of a raw array says two sizes")
    return width


def _unknown_type(code: Value) -> ArtifactError:
    shown = code.full if isinstance(code, Global) else repr(code)
    return ArtifactError(f"a raw array of unknown dtype {shown}")


def end_of(array: RawArray, window: Window, offset: int) -> int:
    """The offset after a raw array that begins at ``offset``.

    Raises:
        ArtifactError: the file ends before.
    """
    if array.is_padded:
        offset += 1 + window.exactly(offset, 1)[0]
    end = offset + array.size_bytes
    if end > window.size_bytes:
        raise ArtifactError(f"a raw array of {array.size_bytes} bytes does not fit into the file")
    return end
