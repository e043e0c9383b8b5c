"""The severity of a call in a Python file, by its target, its place and its arguments."""

from __future__ import annotations

import ast

from mlsec.artifacts.python.flows import Flows
from mlsec.artifacts.python.names import CallEffect
from mlsec.artifacts.python.pure import UnfoldableError
from mlsec.core.enums import Severity
from mlsec.core.regex import regex

# Methods that run when a model is loaded or first used, not only when somebody asks for them.
ON_LOAD = frozenset(
    """__init__ __new__ __init_subclass__ __call__ forward from_pretrained from_config _from_config
    __setstate__ __reduce__ __reduce_ex__ __getattr__ __del__ __enter__ setup load_context load
    _load_pyfunc predict __post_init__ handle initialize preprocess postprocess inference execute
    __prepare__ __set_name__ __class_getitem__ __getitem__ __exit__ model_fn input_fn predict_fn
    transform_fn output_fn""".split()  # noqa: SIM905
)
# These are given a program; others of their kind are given a module or a file that holds one.
_TAKE_TEXT = ("builtins.", "timeit.", "cProfile.", "codeop.", "pdb.", "sympy.", "numexpr.")
# Programs that measure the machine or turn sounds and pictures into others.
_TOOLS = frozenset(
    """nvidia-smi ffmpeg ffprobe lscpu nproc uname sox espeak espeak-ng rocm-smi""".split()  # noqa: SIM905
)
_SHELL_SIGNS = regex(r"[;&|`$<>\n]")
_LOADS = regex(r"(?:\w+\.)+_?(?:loads|decode|pickle_loads)\Z")
_EXEC = 4


def danger_of_call(
    reach: CallEffect, name: str, inside: str, node: ast.Call, flows: Flows, *, is_hidden: bool
) -> Severity:
    """The severity of a call of a function; ``inside`` is the function that contains the call."""
    if reach is CallEffect.UNPICKLES:
        return _unpickles(name, node, flows)
    if name.endswith(".?"):
        return Severity.MEDIUM if inside else Severity.HIGH
    if name == "mmap.mmap":
        return _memory(node, flows)
    if is_hidden:
        return Severity.CRITICAL
    if reach is CallEffect.CODE:
        return _code(name, inside, node, flows)
    if reach is CallEffect.COMMANDS:
        if is_tool(node, flows):
            return Severity.LOW
        if not inside:
            return Severity.CRITICAL
        return Severity.HIGH if inside in ON_LOAD else Severity.MEDIUM
    if reach is CallEffect.IMPORTS:
        return Severity.MEDIUM
    if not inside:
        return Severity.HIGH
    if reach is CallEffect.LIBRARIES and node.args and flows.is_temporary(node.args[0]):
        return Severity.MEDIUM
    return Severity.LOW if reach in {CallEffect.NETWORK, CallEffect.LIBRARIES} else Severity.MEDIUM


def _code(name: str, inside: str, node: ast.Call, flows: Flows) -> Severity:
    if name.startswith(_TAKE_TEXT) and _is_plain_code(node, flows):
        return Severity.LOW
    is_fetched = flows.is_decoded(*node.args) or flows.is_fetched(*node.args)
    if not inside:
        return Severity.CRITICAL if is_fetched else Severity.MEDIUM
    return Severity.HIGH if is_fetched else Severity.LOW


def _unpickles(name: str, node: ast.Call, flows: Flows) -> Severity:
    if name == "numpy.load":
        is_allowed = any(
            keyword.arg == "allow_pickle" and getattr(keyword.value, "value", None) is True
            for keyword in node.keywords
        )
        if not is_allowed:
            return Severity.INFO
    if name.endswith(".?"):
        return Severity.MEDIUM
    if pickled_in(name, node, flows):
        return Severity.HIGH
    text = flows.folder.text(node.args[0]) if node.args else None
    is_address = text is not None and "://" in text and not name.startswith("torch.hub")
    if is_address:
        return Severity.HIGH
    is_hidden = bool(node.args) and flows.decodes(node.args[0])
    is_given = is_hidden or (node.args and _comes_over(name, node, flows))
    return Severity.HIGH if is_given else Severity.LOW


def _comes_over(name: str, node: ast.Call, flows: Flows) -> bool:
    return not name.startswith("torch.hub") and flows.is_fetched(node.args[0])


def pickled_in(name: str, node: ast.Call, flows: Flows) -> bytes:
    """The bytes that a call loads objects from, where the file has them in itself."""
    if not node.args:
        return b""
    given = node.args[0]
    is_reader = isinstance(given, ast.Call) or not isinstance(given, ast.Constant)
    data = flows.constant_bytes(given)
    if _LOADS.match(name) or isinstance(getattr(given, "value", None), bytes):
        return data
    # What opens a file is given its path as a text; a reader of bytes is not a path.
    is_path = flows.folder.text(given) is not None
    return data if is_reader and not is_path else b""


def _memory(node: ast.Call, flows: Flows) -> Severity:
    """Memory that may be run as machine code, which reading a file never needs."""
    rights = [keyword.value for keyword in node.keywords if keyword.arg == "prot"] + node.args[3:4]
    for right in rights:
        if any(
            getattr(part, "attr", getattr(part, "id", "")) == "PROT_EXEC"
            for part in ast.walk(right)
        ):
            return Severity.HIGH
        try:
            value = flows.folder.value(right)
        except UnfoldableError:
            continue
        if isinstance(value, int) and value & _EXEC:
            return Severity.HIGH
    return Severity.INFO


def is_tool(node: ast.Call, flows: Flows) -> bool:
    """Whether a program is started that is named, and that only measures or converts."""
    if not node.args:
        return False
    given = node.args[0]
    first = given.elts[0] if isinstance(given, ast.List | ast.Tuple) and given.elts else given
    text = flows.folder.text(first)
    if text is None or (first is given and _SHELL_SIGNS.search(text)):
        return False
    return text.split(" ")[0].rpartition("/")[2] in _TOOLS


def _is_plain_code(node: ast.Call, flows: Flows) -> bool:
    """Whether what is run is written out in full and calls nothing: ``compile("1 + 1")``."""
    texts = flows.scope.texts_of(node.args[0]) if node.args else ()
    return bool(texts) and not any(
        "(" in text or "import" in text or "__" in text for text in texts
    )
