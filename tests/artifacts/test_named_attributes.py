"""Names that pickles take by text, partials, and objects kept apart: honest and hostile ones."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make
from tests.artifacts.builders.skops_files import archive, dictionary, node, schema

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
GET = make.stacked("dill._dill", "_get_attr")
MODULE = make.stacked("dill._dill", "_import_module")
PARTIAL = make.stacked("functools", "partial")
BLOCK = make.stacked("pandas.core.internals.blocks", "new_block")
ARRAY = make.stacked("numpy", "ndarray") + b"K\0\x85C\x01b\x87R"
ZONE = make.stacked("pytz", "_p")


def taken(module: str, name: str) -> bytes:
    """The attribute that dill takes of a module that is imported by its name."""
    return GET + MODULE + make.text(module) + b"\x85R" + make.text(name) + b"\x86R"


def look(*parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


HONEST = {
    "array": (taken("numpy.core._multiarray_umath", "_reconstruct"), ARRAY),
    "class": (taken("numpy", "ndarray"),),
    "block": (PARTIAL, BLOCK, b"\x85R", b"(", BLOCK, b")}", make.text("ndim"), b"K\2sNtb)R"),
    "zone": (
        ZONE, b"(", make.text("America/Argentina/Ushuaia"), b"M\x10\x0eK\0", make.text("CET"), b"tR"
    ),
    "utc": (make.stacked("pytz", "_UTC"), b")R"),
    "missing": (
        make.stacked("pandas.core.arrays.string_", "StringDtype"), make.text("python"),
        make.stacked("pandas._libs.missing", "NA"), b"\x86R",
    ),
    "string-array": (
        make.stacked("numpy._core._internal", "_convert_to_stringdtype_kwargs"), b"K\1\x85R"
    ),
    "network": (make.stacked("ipaddress", "IPv6Network"), make.text("2001:db8::/32"), b"\x85R"),
    "emptied": (make.stacked("builtins", "list.clear"), b"]K\1a\x85R"),
    "member": (
        make.stacked("zipfile", "ZipInfo"), b")\x81N}", make.text("filename"), make.text("w.bin"),
        b"s\x86b",
    ),
    "array-apart": (
        make.stacked("joblib.numpy_pickle_compat", "NDArrayWrapper"), b")\x81}",
        make.text("filename"), make.text("model_01.npy"), b"sb",
    ),
}  # fmt: skip
HOSTILE = {
    "command": (taken("os", "system"), make.text("echo inert"), b"\x85R"),
    "named-only": (taken("os", "system"),),
    "module-as-text": (GET, make.text("posix"), make.text("system"), b"\x86R"),
    "builtin": (taken("builtins", "getattr"),),
    "hook": (taken("numpy", "__loader__"),),
    "unlisted": (taken("numpy", "fromfile"), make.text("/etc/passwd"), b"\x85R"),
    "elsewhere": (taken("somewhere", "Thing"),),
    "of-an-object": (GET, BLOCK, make.text("system"), b"\x86R"),
    "array-of-unknown": (
        taken("numpy.core._multiarray_umath", "_reconstruct"),
        make.stacked("os", "system"), make.text("id"), b"\x85K\0\x87R",
    ),
    "patched": (taken("numpy", "ndarray"), b"}", make.text("shape"), b"K\0sb"),
    "partial-replaced": (
        PARTIAL, BLOCK, b"\x85R", b"(", make.stacked("mine", "run"), b")}Ntb)R"
    ),
    "partial-of-unknown": (PARTIAL, make.stacked("mine", "run"), b"\x85R)R"),
    "partial-of-a-maker": (
        PARTIAL, make.stacked("numpy.core.multiarray", "_reconstruct"), make.stacked("mine", "run"),
        b"\x86R", b"K\0\x85R",
    ),
    "zone-outside": (ZONE, make.text("../../etc/passwd"), b"\x85R"),
    "zone-rooted": (ZONE, make.text("/etc/passwd"), b"\x85R"),
    "zone-computed": (ZONE, make.call("builtins", "str", "x"), b"\x85R"),
    "emptied-elsewhere": (
        make.stacked("builtins", "dict.clear"), make.stacked("sys", "modules"), b"\x85R"
    ),
    "unpacks": (make.stacked("zipfile", "ZipFile"), make.text("a.zip"), b"\x85R"),
    "member-of-a-file": (make.stacked("zipfile", "ZipInfo.from_file"), make.text("a"), b"\x85R"),
    **{
        f"array-{number}": (
            make.stacked("joblib.numpy_pickle_compat", wrapper), b")\x81}",
            make.text("filename"), make.text(name), b"sb",
        )
        for number, (wrapper, name) in enumerate((
            ("NDArrayWrapper", "/etc/passwd"), ("ZNDArrayWrapper", "../other/x.npy"),
            ("NDArrayWrapper", "..\\x.npy"), ("ZNDArrayWrapper", "C:\\x.npy"),
        ))
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HONEST)
def test_what_libraries_take_by_name_is_not_flagged(name: str) -> None:
    assert not [fact for fact in look(*HONEST[name]).facts if fact.danger in FLAGGING]


@pytest.mark.parametrize("name", HOSTILE)
def test_the_same_ways_with_hostile_names_and_arguments_are_flagged(name: str) -> None:
    assert FLAGGING & {fact.danger for fact in look(*HOSTILE[name]).facts}


def test_a_command_taken_by_its_name_is_critical_before_it_is_called() -> None:
    facts = look(*HOSTILE["named-only"]).facts
    assert "os.system" in {one.subject for one in facts if one.danger is Severity.CRITICAL}


def test_methods_of_an_allowed_class_of_a_denied_module_stay_denied() -> None:
    policy = shipped_policy()
    assert policy.look_up("zipfile", "ZipInfo").standing is Standing.CLASS
    assert policy.look_up("zipfile", "ZipInfo.from_file").standing is Standing.DENIED
    assert policy.look_up("zipfile", "ZipFile").standing is Standing.DENIED


@pytest.mark.parametrize(("name", "flagged"), [("CyHalfSquaredError", False), ("Payload", True)])
def test_skops_knows_the_compiled_losses_and_nothing_else_of_their_module(
    name: str, flagged: bool
) -> None:
    data = archive(schema(dictionary(loss=node("LossNode", "_loss", name))))
    facts = inspect(Window.of(data, name="a.skops")).facts
    assert bool(FLAGGING & {fact.danger for fact in facts}) is flagged
