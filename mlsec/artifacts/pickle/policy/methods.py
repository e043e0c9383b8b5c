"""Methods that act whatever they are given: they write files, load others, or run text.

A method bound to an object is stored as a plain name, and what calls it later need not be a call
of the stream: so the name itself is judged.
"""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.policy.call_judgement import Judgement
from mlsec.artifacts.pickle.policy.names import class_of
from mlsec.artifacts.pickle.vm.values import CallResult, Global, Value
from mlsec.core.enums import Severity

_WRITES = frozenset(
    """tofile dump write writelines write_text write_bytes touch unlink rmdir mkdir makedirs
    symlink_to hardlink_to link_to chmod lchmod to_pickle to_csv to_json to_parquet to_hdf to_sql
    to_excel to_feather to_stata to_orc to_xml to_html to_latex to_markdown to_clipboard to_gbq
    to_netcdf to_zarr to_file savetxt savefig set_data rm rm_file rmtree pipe_file put_file
    push_to_hub _write_file""".split()  # noqa: SIM905
)
_WRITES_BEGIN = ("save", "dump_", "write_", "sink_", "export_")
_FILES_END = ("_to_file", "_json_file", "_to_disk", "_from_disk", "_from_file")
_LOADS_BEGIN = (
    "load_model",
    "load_checkpoint",
    "load_adapter",
    "load_config",
    "try_load",
    "download",
)
_LOADS = frozenset(
    """load loads load_module exec_module get_code source_to_code load_local load_model
    load_weights load_from_checkpoint from_pretrained from_file read_pickle from_string
    get_template""".split()  # noqa: SIM905
)
_RUNS = frozenset("eval exec execute exec_code run_code system popen spawn runcode".split())  # noqa: SIM905
# Only of these libraries: a tree of neighbours is asked by a method of the same name.
_OF_LIBRARIES = {
    "query": ("pandas",),
    "export": ("torch", "keras"),
    "open": ("pathlib", "fsspec", "zipfile"),
    "rename": ("pathlib", "fsspec"),
    "replace": ("pathlib",),
    "copy": ("fsspec",),
    "move": ("fsspec", "pathlib"),
}
# Whatever is taken of these objects opens, writes or runs files.
_ONLY_ACT = ("_frozen_importlib_external", "fsspec", "joblib")
# Whose methods read a text as an expression, and run it.
_EVALUATES = ("sympy",)


def said_of(name: str, owner: Value = None) -> str:
    """What a method of this name does, in words; "" where nothing is known against it."""
    home = _module_of(owner)
    package = home.partition(".")[0]
    if package in _ONLY_ACT:
        return "is taken of an object that opens, writes or runs files"
    name = name.lstrip("_") if name not in _WRITES else name
    if package in _EVALUATES:
        return "evaluates a text that it is called with"
    if name.endswith(_FILES_END):
        return "reads or writes the file that it is called with"
    if name in _WRITES or name.startswith(_WRITES_BEGIN):
        return "writes what it is called with, or to where that says"
    if name in _LOADS or name.endswith("_pretrained") or name.startswith(_LOADS_BEGIN):
        return "loads what it is called with"
    if name in _RUNS:
        return "runs what it is called with"
    return "reads or runs what it is called with" if package in _OF_LIBRARIES.get(name, ()) else ""


def judge_method(name: str, owner: Value = None) -> Judgement | None:
    """What is wrong with storing such a method."""
    said = said_of(name, owner)
    if not said:
        return None
    detail = f"stores a method that {said}"
    return Judgement(
        kind=FactKind.DENIED_CALL, subject=f"a method {name}", detail=detail, danger=Severity.HIGH
    )


def _module_of(owner: Value) -> str:
    kind = class_of(owner) if type(owner) is CallResult else owner
    return kind.module if type(kind) is Global else ""
