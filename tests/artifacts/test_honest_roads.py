"""Ways by which honest files reach names, attributes and objects; each beside its hostile twin."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make
from tests.artifacts.test_honest_classes import of_type, text

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
WORST = FLAGGING - {Severity.MEDIUM}
DILL = "dill._dill._load_type"
DISTRIBUTIONS = "scipy.stats._distn_infrastructure"
MAKE = make.stacked("dill._dill", "_create_function")
CODE = of_type(DILL, "CodeType") + b"(K\0C\4abcdtR"
NAMES = make.stacked(DISTRIBUTIONS, "__dict__")
FUNCTION = MAKE + b"(" + CODE + NAMES + text("f") + b"NNtR"
GET = make.stacked("builtins", "getattr")
PARTIAL = make.stacked("functools", "partial")
RESULT, TENSOR = make.stacked("scipy.stats._fit", "FitResult"), make.stacked("numpy", "ndarray")
SYSTEM, STR = make.stacked("os", "system"), make.stacked("builtins", "str")
DESCRIBE = make.stacked("dill._dill", "_getattr")
WEAK = make.stacked("dill._dill", "_create_weakref")
TAKE = make.stacked("dill._dill", "_get_attr")
IMPORT = make.stacked("dill._dill", "_import_module")
ARRAYS = IMPORT + text("numpy.core._multiarray_umath") + b"\x85R"
STATE = make.stacked("numpy.random.mtrand", "RandomState") + b")\x81"
CURRY = make.stacked("toolz.functoolz", "_restore_curry")
CURRIED = (
    CURRY
    + b"("
    + make.stacked("toolz.functoolz", "curry")
    + make.stacked("numpy", "mean")
    + b")NNNtR"
)


def new_of(kind: bytes) -> bytes:
    """``getattr(kind, "__new__")``: how protocols 2 and 3 make an object with named arguments."""
    return GET + kind + text("__new__") + b"\x86R"


def described(owner: bytes, name: str, said: str) -> bytes:
    return DESCRIBE + owner + text(name) + text(said) + b"\x87R"


HONEST = {
    "function-of-a-module": FUNCTION,
    "function-kept-by-a-class": b"}" + text("_parse_args") + FUNCTION + b"s",
    "names-by-keyword": PARTIAL + b"(" + new_of(RESULT) + RESULT + b"K\1tR)R",
    "method-of-text": described(STR, "lower", "<method 'lower' of 'str' objects>"),
    "method-of-text-by-name": described(
        of_type(DILL, "str"), "lower", "<method 'lower' of 'str' objects>"
    ),
    "method-of-arrays": described(TENSOR, "mean", "<method 'mean' of 'numpy.ndarray' objects>"),
    "names-of-a-class": described(
        RESULT, "__dict__", "<attribute '__dict__' of 'FitResult' objects>"
    ),
    "weak-reference": WEAK + b"]\x85R",
    "weak-reference-to-nothing": WEAK + b"N\x85R",
    "method-of-an-object": TAKE + STATE + text("rand") + b"\x86R",
    "function-of-a-listed-module": TAKE + ARRAYS + text("array") + b"\x86R",
    "bytes-of-an-old-protocol": (
        TAKE + text("_codecs") + text("encode") + b"\x86R" + text("abc") + text("latin1") + b"\x86R"
    ),
    "partial-of-curried": PARTIAL + CURRIED + b"\x85R",
    "indices": make.stacked("numpy.lib._index_tricks_impl", "IndexExpression") + b")\x81",
    "indices-of-old": make.stacked("numpy.lib.index_tricks", "RClass") + b")\x81",
    "method-of-a-generator": make.stacked("numpy.random", "RandomState.rand"),
    "scaler": make.stacked("torch.cuda.amp.grad_scaler", "GradScaler") + b")\x81",
    "tooltips": make.stacked("pandas.io.formats.style_render", "Tooltips") + b")\x81",
}
HOSTILE = {
    "names-of-a-module-that-runs": (
        MAKE + b"(" + CODE + make.stacked("os", "__dict__") + text("f") + b"NNtR"
    ),
    "names-changed": NAMES + text("open") + SYSTEM + b"s",
    "names-called": NAMES + b")R",
    "names-given-on": make.stacked("builtins", "dict") + NAMES + b"\x85R",
    "names-given-within": make.stacked("builtins", "list") + b"]" + NAMES + b"a\x85R",
    "names-in-the-wrong-place": MAKE + b"(" + NAMES + NAMES + text("f") + b"NNtR",
    "names-as-a-state": make.stacked("sklearn.svm._classes", "SVC") + b")\x81" + NAMES + b"b",
    "names-in-a-state": (
        make.stacked("sklearn.svm._classes", "SVC") + b")\x81}" + text("C") + NAMES + b"sb"
    ),
    "names-of-names": GET + NAMES + text("get") + b"\x86R",
    "function-called": FUNCTION + b")R",
    "new-of-a-command": PARTIAL
    + b"("
    + GET
    + SYSTEM
    + text("__new__")
    + b"\x86R"
    + SYSTEM
    + b"tR)R",
    "new-of-another": PARTIAL + b"(" + new_of(RESULT) + TENSOR + b"K\1tR)R",
    "new-called-by-itself": new_of(RESULT) + TENSOR + b"\x85R",
    "new-of-a-type": PARTIAL + b"(" + new_of(make.stacked("builtins", "type")) + b"tR)R",
    "init-of-a-class": GET + RESULT + text("__init__") + b"\x86R",
    "text-run": described(
        STR, "lower", "<method 'lower' of '__import__(\"os\").system(1)' objects>"
    ),
    "text-of-a-module": described(STR, "system", "<method 'system' of 'os' objects>"),
    "text-of-another": described(STR, "lower", "<method 'lower' of 'bytes' objects>"),
    "text-of-another-name": described(STR, 'x"];f()#', "<method 'lower' of 'str' objects>"),
    "text-of-a-class-unheard": described(
        make.stacked("unheard", "os"), "system", "<method 'system' of 'os' objects>"
    ),
    "text-hooked": described(STR, "__class__", "<attribute '__class__' of 'str' objects>"),
    "described-and-called": (
        described(STR, "lower", "<method 'lower' of 'str' objects>") + text("a") + b"\x85R"
    ),
    "weak-with-a-call": WEAK + b"]" + SYSTEM + b"\x86R",
    "weak-with-a-listed-call": WEAK + b"]" + TENSOR + b"\x86R",
    "builtin-of-an-object": TAKE + STATE + text("eval") + b"\x86R",
    "command-of-a-module": TAKE + IMPORT + text("os") + b"\x85R" + text("system") + b"\x86R",
    "function-unlisted-by-text": TAKE + text("numpy.core") + text("unheard_of") + b"\x86R",
    "function-of-a-module-called": TAKE + ARRAYS + text("array") + b"\x86R" + text("x") + b"\x85R",
    "method-that-writes": TAKE + STATE + text("tofile") + b"\x86R",
    "described-that-writes": described(
        TENSOR, "tofile", "<method 'tofile' of 'numpy.ndarray' objects>"
    ),
    "method-called": TAKE + STATE + text("rand") + b"\x86RK\1\x85R",
    "partial-of-a-curried-command": (
        PARTIAL + CURRY + b"(" + make.stacked("toolz.functoolz", "curry") + SYSTEM + b")NNNtR\x85R"
    ),
    "indices-called": (
        make.stacked("numpy.lib._index_tricks_impl", "IndexExpression") + SYSTEM + b"\x85R"
    ),
    "method-of-a-generator-called": (
        make.stacked("numpy.random", "RandomState.rand") + STATE + b"\x85R"
    ),
}


def look(parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(parts), name="a.pkl"))


@pytest.mark.parametrize("name", HONEST)
def test_what_libraries_store_is_not_flagged(name: str) -> None:
    assert not [fact for fact in look(HONEST[name]).facts if fact.danger in FLAGGING]


@pytest.mark.parametrize("name", HOSTILE)
def test_its_hostile_twin_is_flagged(name: str) -> None:
    assert WORST & {fact.danger for fact in look(HOSTILE[name]).facts}


MADE = {
    "object": make.stacked("torch.utils.data.datapipes.iter.utils", "IterableWrapperIterDataPipe")
    + b")\x81",
    "graph": make.stacked("torch.fx.graph", "Graph") + b")\x81",
}
DONE = {
    "object-that-runs": make.stacked("subprocess", "Popen") + text("id") + b"\x85\x81",
    "called": make.stacked("subprocess", "Popen") + text("id") + b"\x85R",
    "called-after": (
        make.stacked("subprocess", "Popen") + b")\x81" + make.stacked("subprocess", "Popen")
        + text("id") + b"\x85R"
    ),
    "called-with-nothing": make.stacked("subprocess", "Popen") + b")R",
    "made-as-a-function": make.stacked("posix", "system") + b")\x81",
    "named-itself": make.stacked("numpy", "DataSource") + b")\x81",
}  # fmt: skip


@pytest.mark.parametrize("name", MADE)
def test_a_bare_object_of_a_denied_module_is_high(name: str) -> None:
    dangers = {fact.danger for fact in look(MADE[name]).facts}
    assert Severity.HIGH in dangers
    assert Severity.CRITICAL not in dangers


@pytest.mark.parametrize("name", DONE)
def test_what_does_something_of_a_denied_module_stays_critical(name: str) -> None:
    assert Severity.CRITICAL in {fact.danger for fact in look(DONE[name]).facts}


AFTER = {"immutable": "torch.fx.immutable_collections.immutable_list", "deque": "collections.deque",
         "counter": "collections.Counter", "chain": "itertools.chain"}  # fmt: skip


@pytest.mark.parametrize("name", AFTER)
def test_a_container_of_an_object_whose_class_the_file_brings_is_flagged(name: str) -> None:
    """It calls methods of the object: they are stored with the class."""
    kind = make.stacked("dill._dill", "_create_type") + b"(" + make.stacked("builtins", "type")
    made = kind + text("Net") + b")}" + text("__iter__") + FUNCTION + b"stR)\x81"
    module, _, last = AFTER[name].rpartition(".")
    seen = look(make.stacked(module, last) + made + b"\x85R")
    assert WORST & {fact.danger for fact in seen.facts}


SERIES = make.stacked("pandas", "StringDtype") + text("python") + make.stacked("pandas", "NA")
TAKEN = TAKE + ARRAYS + text("_reconstruct") + b"\x86R"
ARRAY = make.stacked("dill._dill", "_create_array") + b"(" + TAKEN + b"(" + TENSOR + b"K\0\x85C\1bt"
ARRAY += b"NNtR"
OBJECT = make.stacked("sklearn.svm._classes", "SVC") + b")\x81"
BYTES = make.call("_codecs", "encode", "abc", "latin1")
STATES = {
    "type-of-texts": OBJECT + b"(" + SERIES + b"\x86R" + b"N}tb",
    "array-of-dill": OBJECT + b"(" + ARRAY + b"N}tb",
    "partial-of-a-function": PARTIAL + FUNCTION + b"\x85R(" + FUNCTION + b")}NtbN0",
    "partial-within": OBJECT + b"(" + PARTIAL + FUNCTION + b"\x85RN}tb",
    "curried-within": OBJECT + b"(" + CURRIED + b"N}tb",
    "bytes-of-bytes": OBJECT + b"}" + text("k") + b"}" + BYTES + BYTES + b"ssb",
    "index-of-an-array": make.stacked("pandas.core.indexes.base", "_new_Index")
    + make.stacked("pandas.core.indexes.base", "Index") + b"}" + text("data") + ARRAY + b"s\x86R",
}  # fmt: skip
GIVEN_ON = {
    "index-of-a-command": make.stacked("pandas.core.indexes.base", "_new_Index")
    + make.stacked("pandas.core.indexes.base", "Index") + b"}" + text("data")
    + make.stacked("dill._dill", "_create_array") + b"(" + TAKE + IMPORT + text("os") + b"\x85R"
    + text("system") + b"\x86R" + text("id") + b"\x85NNtRs\x86R",
    "holder-of-a-function": OBJECT + make.stacked("types", "SimpleNamespace") + b")\x81}"
    + text("items") + FUNCTION + b"sbb",
    "function-under-a-computed-name": OBJECT + b"}" + text("k") + b"}" + BYTES + FUNCTION + b"ssb",
    "function-under-a-method": OBJECT + b"(" + PARTIAL + TENSOR + b"\x85R(" + TENSOR + b")}}"
    + text("items") + FUNCTION + b"stbN}tb",
    "function-within": OBJECT + b"(" + FUNCTION + b"N}tb",
    "rebuilt-by-a-function": make.stacked("types", "SimpleNamespace") + b")\x81}"
    + text("_rebuild") + FUNCTION + b"sb",
    "made-by-a-function": OBJECT + b"}" + text("_init_state") + FUNCTION + b"sb",
}  # fmt: skip


@pytest.mark.parametrize("name", STATES)
def test_a_state_that_libraries_store_is_not_flagged(name: str) -> None:
    assert not [fact for fact in look(STATES[name]).facts if fact.danger in FLAGGING]


@pytest.mark.parametrize("name", GIVEN_ON)
def test_a_state_that_acts_is_flagged(name: str) -> None:
    assert WORST & {fact.danger for fact in look(GIVEN_ON[name]).facts}
