"""What honest libraries store in ways that were flagged before; each beside its hostile twin."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import GapReason, Severity
from tests.artifacts.builders import pickles as make

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
PARIS = "/usr/share/zoneinfo/Europe/Paris"
NONE, INT = b"N", b"K\x3c"


def text(value: str) -> bytes:
    return make.text(value)


def of_type(loader: str, name: str) -> bytes:
    """A type that dill or cloudpickle looks up by its name."""
    return make.stacked(*loader.rsplit(".", 1)) + text(name) + b"\x85R"


def tuple_class(name: str, module: str) -> bytes:
    fields = b"(" + text("a") + text("b") + b"t"
    made = make.stacked("dill._dill", "_create_namedtuple") + text(name) + fields + text(module)
    return made + b"\x87R"


def by_value(*pairs: bytes) -> bytes:
    """A class of a notebook gets its attributes: cloudpickle's call of ``_class_setstate``."""
    make_class = make.stacked("cloudpickle.cloudpickle", "_make_skeleton_class")
    made = make_class + b"(" + make.stacked("builtins", "type") + text("Net") + b")}NNtR"
    state = b"}(" + b"".join(pairs) + b"u}\x86"
    return make.stacked("cloudpickle.cloudpickle", "_class_setstate") + made + state + b"\x86R"


def enumeration(*pairs: bytes) -> bytes:
    """An enumeration of a notebook, as cloudpickle stores it: it is left on the stack."""
    make_class = make.stacked("cloudpickle.cloudpickle", "_make_skeleton_enum")
    members = make_class + b"(" + make.stacked("enum", "Enum") + b"\x85" + text("E") * 2
    made = members + b"}(" + text("A") + b"K\1u" + text("__main__") + text("1") + b"NtR\x94"
    state = b"}(" + b"".join(pairs) + b"u}\x86"
    get = b"h\x00"
    change = make.stacked("cloudpickle.cloudpickle", "_class_setstate")
    return made + change + get + state + b"\x86R0"


def remade(module: str, name: str) -> bytes:
    """What numba's types are rebuilt with: ``copyreg._reconstructor`` and its arguments."""
    base = make.stacked("builtins", "object")
    return make.stacked("copyreg", "_reconstructor") + make.stacked(module, name) + base + b"N\x87"


def kept(data: bytes) -> bytes:
    return b"B" + len(data).to_bytes(4, "little") + data


KEPT = make.stacked("numpy", "mean")
STATIC = make.stacked("builtins", "staticmethod")
PARTIAL = make.stacked("functools", "partial")
FTYPE = make.stacked("dill._dill", "_create_ftype")
CLOUD, DILL = "cloudpickle.cloudpickle._builtin_type", "dill._dill._load_type"
PARTIAL_TYPE = of_type(DILL, "PartialType")
LIST = make.stacked("builtins", "list")
LISTED_METHOD = make.stacked("builtins", "getattr") + LIST + text("append") + b"\x86R"
REPR = make.stacked("dill._dill", "_eval_repr")
TYPE_OF_NUMBA = make.stacked("numba.core.types.abstract", "_type_reconstructor")
MAKE_FILES = make.stacked("fsspec.spec", "make_instance")
OBJECT = make.stacked("builtins", "object")
OWN_NEW = make.stacked("builtins", "getattr") + OBJECT + text("__new__") + b"\x86R"
SYSTEM, EVAL = make.stacked("os", "system"), make.stacked("builtins", "eval")
HONEST = {
    "bytes-that-change": (of_type(DILL, "bytearray"), b"C\4abcd\x85R"),
    "bound-method": (of_type(CLOUD, "MethodType"), make.stacked("numpy", "mean"), b"]\x86R"),
    "bound-method-of-a-class": (of_type(CLOUD, "MethodType"), LISTED_METHOD, b"]\x86R"),
    "tuple-with-names": (tuple_class("Point", "__main__"), INT, INT, b"\x86\x81"),
    "zone-of-two": (make.stacked("dateutil.tz.tz", "tzfile"), NONE, text(PARIS), b"\x86R"),
    "zone-of-four": (
        make.stacked("dateutil.tz._tzfile", "_unpickle"), b"(",
        make.stacked("dateutil.tz._tzfile", "tzfile"), NONE, text(PARIS), b"(K\1)t", b"tR",
    ),
    "zone-of-minutes": (make.stacked("pytz", "FixedOffset"), INT, b"\x85R"),
    "static-method": (STATIC, KEPT, b"\x85R"),
    "partial-of-dill": (FTYPE, b"(", PARTIAL_TYPE, KEPT, b")NtR"),
    "partial-of-dill-by-its-class": (FTYPE, b"(", PARTIAL, KEPT, b")NtR"),
    "dataclass": (by_value(text("__hash__"), NONE, text("__eq__"), KEPT),),
    "field-of-a-tuple": (make.stacked("_collections", "_tuplegetter"), b"K\0N\x86R"),
    "loader-of-data": (
        make.stacked("torch.utils.data.dataloader", "DataLoader"), b")\x81}", text("batch_size"),
        INT, b"sb",
    ),
    "sparse-of-an-old-scipy": (make.stacked("scipy.sparse.csr", "csr_matrix"), b")\x81"),
    "study": (make.stacked("optuna.storages._in_memory", "InMemoryStorage"), b")\x81"),
    "flags-of-a-pattern": (make.stacked("re", "RegexFlag"), INT, b"\x85R"),
    "array-of-jax": (
        make.stacked("jax._src.array", "_reconstruct_array"), b"(",
        make.stacked("numpy._core.multiarray", "_reconstruct"), b"(",
        make.stacked("numpy", "ndarray"), b"K\0\x85C\1btNN", b"tR",
    ),
    "keras-of-two": (
        make.stacked("tf_keras.src.saving.pickle_utils", "deserialize_model_from_bytecode"),
        kept(make.dumped([1.0])), b"\x85R",
    ),
    "arguments-of-a-script": (
        make.stacked("argparse", "Namespace"), b")\x81}", text("batch_size"), INT, b"sb",
    ),
    "reduce-of-numpy": (
        make.stacked("builtins", "getattr"), make.stacked("numpy", "add"), text("reduce"), b"\x86R",
    ),
}  # fmt: skip
HOSTILE = {
    "memory": (of_type(DILL, "bytearray"), b"\x8a\x06\0\0\0\0\0\x01\x85R"),
    "bound-command": (of_type(CLOUD, "MethodType"), SYSTEM, text("id"), b"\x86R"),
    "bound-command-called": (of_type(CLOUD, "MethodType"), SYSTEM, text("id"), b"\x86R)R"),
    "bound-and-called": (of_type(CLOUD, "MethodType"), make.stacked("numpy", "mean"), b"]\x86R)R"),
    "taken-by-name": (tuple_class("system", "os"), text("id"), b"\x85R"),
    "taken-by-a-path": (tuple_class("a.system", "os"), text("id"), b"\x85R"),
    "taken-and-called": (tuple_class("Point", "__main__"), text("__import__('os')"), b"\x85R"),
    "zone-opened": (make.stacked("dateutil.tz.tz", "tzfile"), text("/etc/passwd"), b"\x85R"),
    "zone-opened-of-two": (
        make.stacked("dateutil.tz.tz", "tzfile"), text("/etc/passwd"), NONE, b"\x86R",
    ),
    "zone-of-a-command": (
        make.stacked("dateutil.tz._tzfile", "_unpickle"), b"(", EVAL, NONE, text("x"),
        b"(K\1)t", b"tR",
    ),
    "loader-with-a-hook": (
        make.stacked("torch.utils.data.dataloader", "DataLoader"), b")\x81}", text("__iter__"),
        SYSTEM, b"sb",
    ),
    "loader-called": (make.stacked("torch.utils.data.dataloader", "DataLoader"), SYSTEM, b"\x85R"),
    "array-of-a-command": (
        make.stacked("jax._src.array", "_reconstruct_array"), b"(", SYSTEM, text("id"),
        b"\x85NNtR",
    ),
    "keras-that-keeps-a-command": (
        make.stacked("tf_keras.src.saving.pickle_utils", "deserialize_model_from_bytecode"),
        kept(make.stream(make.call("os", "system", "echo inert"))), b"\x85R",
    ),
    "keras-of-a-computed-value": (
        make.stacked("tf_keras.src.saving.pickle_utils", "deserialize_model_from_bytecode"),
        make.stacked("unheard", "load"), b")R\x85R",
    ),
    "arguments-with-a-hook": (
        make.stacked("argparse", "Namespace"), b")\x81}", text("__class__"), SYSTEM, b"sb",
    ),
    "static-command": (STATIC, SYSTEM, b"\x85R"),
    "static-called": (STATIC, KEPT, b"\x85R", text("x"), b"\x85R"),
    "partial-of-a-command-by-dill": (FTYPE, b"(", PARTIAL_TYPE, SYSTEM, b")NtR"),
    "partial-called": (FTYPE, b"(", PARTIAL_TYPE, KEPT, b")NtR)R"),
    "partial-of-another-type": (FTYPE, b"(", of_type(DILL, "FunctionType"), KEPT, b")NtR"),
    "partial-of-a-command": (FTYPE, b"(", PARTIAL, SYSTEM, b")NtR"),
    "no-partial-but-a-command": (FTYPE, b"(", SYSTEM, text("id"), b")NtR"),
    "no-partial-but-a-class": (FTYPE, b"(", make.stacked("unheard", "Net"), text("id"), b")NtR"),
    "key": (by_value(text("__hash__"), KEPT, text("__eq__"), KEPT),),
    "no-key-and-then-one": (
        by_value(text("__hash__"), NONE, text("__eq__"), KEPT, text("__hash__"), KEPT),
    ),
    "no-key-but-dropped": (by_value(text("__hash__"), NONE, text("__del__"), KEPT),),
    "reduce-of-a-command": (
        make.stacked("builtins", "getattr"), SYSTEM, text("reduce"), b"\x86R",
    ),
    "reduce-of-functools": (
        make.stacked("builtins", "getattr"), make.stacked("functools", "x"), text("reduce"),
        b"\x86R",
    ),
    "reduce-called": (
        make.stacked("builtins", "getattr"), make.stacked("numpy", "add"), text("reduce"),
        b"\x86R", EVAL, b"\x85R",
    ),
}  # fmt: skip


HONEST |= {
    f"written-{value}": (REPR, text(value), b"\x85R")
    for value in (
        "NotImplemented", "Ellipsis", "range(0, 10)", "range(-3, 7, 2)", "slice(None, 3, None)",
    )
} | {
    "sparse-by-keys": (
        make.stacked("copyreg", "_reconstructor"), make.stacked("scipy.sparse._dok", "dok_matrix"),
        of_type(DILL, "dict"), b"}\x87R",
    ),
    "pattern-of-regex": (
        make.stacked("regex._regex", "compile"), b"(", text("a.*"), INT, b"C\4abcd}}}]tR",
    ),
    "pattern-of-regex-of-old": (
        make.stacked("regex._regex", "compile"), b"(", text("a.*"), INT,
        make.call("_codecs", "encode", "abcd", "latin1"), b"}}}]tR",
    ),
    "number-of-numba": (TYPE_OF_NUMBA, remade("numba.core.types.scalars", "Integer"), b"}\x87R"),
    "array-of-numba": (TYPE_OF_NUMBA, remade("numba.core.types.npytypes", "Array"), b"}\x87R"),
    "signature-of-numba": (make.stacked("numba.core.typing.templates", "Signature"), b")\x81"),
    "loader-of-a-module": (
        make.stacked("_frozen_importlib_external", "SourceFileLoader"), b")\x81}", text("name"),
        text("dataclasses"), text("path"), text("/usr/lib/python3/dataclasses.py"), b"ssb",
    ),
    "files-of-this-machine": (
        MAKE_FILES, b"(", make.stacked("fsspec.implementations.local", "LocalFileSystem"),
        b")}", text("auto_mkdir"), b"\x88s", b"tR",
    ),
    "layout-of-torch": (make.stacked("torch._utils", "torch.contiguous_format"),),
    "enumeration": (
        enumeration(text("__new__"), make.stacked("enum", "Enum.__new__"), text("_new_member_"),
                    OWN_NEW), b"K\1\x85R",
    ),
}  # fmt: skip
HOSTILE |= {
    f"written-{value}": (REPR, text(value), b"\x85R")
    for value in (
        "NotImplementedType", "Ellipsis ", "range(f())", "range(1)\nx", "slice(1, 2, 3)()",
        "range(0, 10**9)", "__import__('os')", "slice(None, 3, [x])", "dtype('f8')",
    )
} | {
    "written-apart": (REPR, make.call("builtins", "str", "Ellipsis"), b"\x85R"),
    "sparse-of-a-command": (
        make.stacked("copyreg", "_reconstructor"), SYSTEM, of_type(DILL, "dict"), b"}\x87R",
    ),
    "sparse-by-code": (
        make.stacked("copyreg", "_reconstructor"), make.stacked("scipy.sparse._dok", "dok_matrix"),
        of_type(DILL, "CodeType"), b"}\x87R",
    ),
    "pattern-of-regex-computed": (
        make.stacked("regex._regex", "compile"), b"(", text("a.*"), INT, EVAL, b"tR",
    ),
    "pattern-of-regex-of-a-call": (
        make.stacked("regex._regex", "compile"), b"(", text("a.*"), INT,
        make.call("unheard", "load", "abcd"), b"tR",
    ),
    "pattern-of-regex-not-written": (
        make.stacked("regex._regex", "compile"), b"(", KEPT, INT, b"C\4abcdtR",
    ),
    "type-of-a-command": (TYPE_OF_NUMBA, SYSTEM, text("id"), b"\x85}\x87R"),
    "type-of-another-class": (TYPE_OF_NUMBA, remade("os", "system"), b"}\x87R"),
    "type-called": (make.stacked("numba.core.types.scalars", "Integer"), text("int8"), b"\x85R"),
    "compiles": (make.stacked("numba.core.decorators", "jit"), text("int8"), b"\x85R"),
    "loader-of-a-module-called": (
        make.stacked("_frozen_importlib_external", "SourceFileLoader"), text("m"),
        text("/tmp/m.py"), b"\x86R",
    ),
    "loader-that-loads": (
        make.stacked("_frozen_importlib_external", "SourceFileLoader.load_module"), text("m"),
        b"\x85R",
    ),
    "files-of-a-command": (MAKE_FILES, b"(", SYSTEM, text("id"), b"\x85}tR"),
    "files-of-another-machine": (
        MAKE_FILES, b"(", make.stacked("fsspec.implementations.sftp", "SFTPFileSystem"),
        text("host.example"), b"\x85}tR",
    ),
    "method-of-enumerations-called": (
        make.stacked("enum", "Enum.__new__"), make.stacked("unheard", "Net"), INT, b"\x86R",
    ),
    "own-new-called": (OWN_NEW, make.stacked("unheard", "Net"), b"\x85R"),
    "own-new-of-another": (
        make.stacked("builtins", "getattr"), make.stacked("builtins", "type"), text("__new__"),
        b"\x86R",
    ),
} | {
    f"enumeration-with-{key}": (enumeration(text(key), KEPT), b"K\1\x85R")
    for key in ("__new__", "_missing_", "_member_type_", "_generate_next_value_")
}  # fmt: skip


def look(parts: tuple[bytes, ...]) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


@pytest.mark.parametrize("name", HONEST)
def test_what_libraries_store_is_not_flagged(name: str) -> None:
    assert not [fact for fact in look(HONEST[name]).facts if fact.danger in FLAGGING]


@pytest.mark.parametrize("name", HOSTILE)
def test_its_hostile_twin_is_flagged(name: str) -> None:
    assert FLAGGING & {fact.danger for fact in look(HOSTILE[name]).facts}


def test_the_arguments_of_a_script_are_no_gap() -> None:
    assert not look(HONEST["arguments-of-a-script"]).gaps


@pytest.mark.parametrize("name", [
    "optuna.storages._rdb.storage.RDBStorage", "polars.expr.expr.Expr", "polars.config.Config",
    "polars.lazyframe.frame.LazyFrame", "optuna.storages.journal._redis.JournalRedisBackend",
])  # fmt: skip
def test_a_class_that_opens_or_loads_as_its_state_is_set_is_a_gap(name: str) -> None:
    module, _, kind = name.rpartition(".")
    seen = look((make.stacked(module, kind), b")\x81}b"))
    assert GapReason.UNRESOLVED in {gap.reason for gap in seen.gaps}


def test_a_class_that_is_taken_by_its_name_and_that_no_list_knows_is_a_gap() -> None:
    seen = look((tuple_class("Point", "unheard"),))
    assert GapReason.UNRESOLVED in {gap.reason for gap in seen.gaps}
