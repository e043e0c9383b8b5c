"""Allowed names that act through what they are given: items, states, methods, texts, raw arrays."""

from __future__ import annotations

import struct

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import pickles as make

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
TEXT = make.text
NAME = make.stacked


def look(*parts: bytes) -> Inspection:
    return inspect(Window.of(make.stream(*parts), name="a.pkl"))


def is_flagged(found: Inspection) -> bool:
    return any(fact.danger in FLAGGING for fact in found.facts)


def call(function: bytes, *arguments: bytes) -> bytes:
    return function + b"(" + b"".join(arguments) + b"tR"


def new(module: str, name: str, *arguments: bytes) -> bytes:
    return NAME(module, name) + b"(" + b"".join(arguments) + b"t\x81"


def table(*pairs: bytes) -> bytes:
    return b"}(" + b"".join(pairs) + b"u"


def items(target: bytes, *pairs: bytes) -> bytes:
    return target + b"(" + b"".join(pairs) + b"u"


def built(target: bytes, *states: bytes) -> bytes:
    return target + b"".join(state + b"b" for state in states)


def bound(owner: bytes, name: str) -> bytes:
    return call(NAME("builtins", "getattr"), owner, TEXT(name))


def computed(name: str) -> bytes:
    data = name.encode()
    return call(NAME("builtins", "str"), b"C" + bytes([len(data)]) + data, TEXT("ascii"))


# A method that nothing is known against: what is wrong is how it would be called.
METHOD = bound(new("collections", "Counter"), "most_common")
PARTIAL = call(NAME("functools", "partial"), METHOD)
ORDERED = call(NAME("collections", "OrderedDict"))
RESULT = new("scipy.optimize._optimize", "OptimizeResult")
NORMAL = new("scipy.stats._continuous_distns", "norm_gen")
BAG = new("argparse", "Namespace")
FACTORY = call(NAME("collections", "defaultdict"), PARTIAL)
ACTING, HOOK = TEXT("_attach_methods"), TEXT("__setstate__")
PATH = call(NAME("pathlib", "PosixPath"), TEXT("/tmp/x"))
LOADER = new("_frozen_importlib_external", "SourceFileLoader")
FILES = new("fsspec.implementations.local", "LocalFileSystem")
ARRAY = make.dumped(bytearray(b"x"))[2:-1]
DTYPE = built(
    call(NAME("numpy", "dtype"), TEXT("U15"), b"\x89\x88"),
    b"(K\x03" + TEXT("<") + b"NNNK\x3cK\x04K\x08t",
)
NUMPY_TEXT = call(
    NAME("numpy.core.multiarray", "scalar"), DTYPE, b"C\x3c" + "_attach_methods".encode("utf-32-le")
)
MODEL = new("scipy.odr._odrpack", "Model")
MANY = [TEXT(f"k{n}") + b"K\1" for n in range(300)]
MORE = [TEXT(f"key{n:05}") + b"K\1" for n in range(400)]
HOSTILE = {
    # A class that looks its attributes up among its items calls what it finds there.
    "hook-among-items": built(items(RESULT, HOOK, METHOD), b"K\1"),
    "hook-by-one-item": built(RESULT + HOOK + METHOD + b"s", b"K\1"),
    "hook-behind-many": built(
        items(RESULT, *(TEXT(f"k{n}") + b"K\1" for n in range(400)), HOOK, METHOD), b"K\1"
    ),
    "hook-in-a-table-of-the-state": built(
        new("scipy.odr._odrpack", "Model"), table(TEXT("meta") + table(HOOK, METHOD)), b"K\1"
    ),
    "hook-in-another-table": built(built(BAG, items(ORDERED, HOOK, METHOD)), b"K\1"),
    "hook-by-pairs": built(
        BAG, call(NAME("builtins", "dict"), b"](" + HOOK + METHOD + b"\x86e")
    ),
    "hook-of-slots-by-a-call": built(
        BAG, call(NAME("builtins", "tuple"), b"](N" + table(HOOK, METHOD) + b"e")
    ),
    "acting-key-of-an-ordered-state": built(NORMAL, items(ORDERED, ACTING, PARTIAL)),
    "acting-key-by-pairs": built(
        NORMAL, call(NAME("collections", "OrderedDict"), b"](" + ACTING + PARTIAL + b"\x86e")
    ),
    "acting-key-by-rebuild": call(
        NAME("torch._tensor", "_rebuild_from_type_v2"),
        NAME("scipy.stats._continuous_distns", "norm_gen"),
        NAME("scipy.stats._continuous_distns", "norm_gen"), b")", table(ACTING, PARTIAL),
    ),
    "computed-key": built(NORMAL, table(computed("_attach_methods"), PARTIAL)),
    "computed-key-of-numpy": built(NORMAL, table(NUMPY_TEXT, PARTIAL)),
    "computed-hook-among-items": built(items(RESULT, computed("__setstate__"), METHOD), b"K\1"),
    "hook-behind-many-of-a-table-of-the-state": built(
        MODEL, table(TEXT("meta") + table(*MANY, HOOK, METHOD))
    ),
    "hook-among-skipped-of-a-table-of-the-state": built(
        HOOK + b"q\1" + METHOD + b"q\2" + MODEL,
        table(TEXT("meta") + table(*MORE, b"h\1h\2", *MORE)),
    ),
    "acting-key-behind-many-pairs": built(
        NORMAL,
        call(
            NAME("collections", "OrderedDict"),
            b"](" + b"".join(one + b"\x86" for one in MANY) + ACTING + PARTIAL + b"\x86e",
        ),
    ),
    "table-of-two-lists": built(
        NORMAL,
        call(
            NAME("builtins", "dict"),
            call(NAME("builtins", "zip"), b"](" + ACTING + b"e", b"](" + PARTIAL + b"e"),
        ),
    ),
    # A state that is asked for its items, and calls to make them.
    "state-that-makes-items": built(new("networkx.classes.coreviews", "AtlasView"), FACTORY),
    "state-with-methods": built(
        new("sklearn.linear_model._base", "LinearRegression"),
        built(BAG, table(TEXT("pop"), METHOD)),
    ),
    "part-with-methods": built(
        new("torch.optim.optimizer", "Optimizer"),
        table(TEXT("defaults"), built(BAG, table(TEXT("setdefault"), METHOD))),
    ),
    # Makers call what they are given, be it a name or a value.
    "maker-of-a-method": call(NAME("numpy.random._pickle", "__generator_ctor"), b"K\1", METHOD),
    "maker-of-another-class": call(
        NAME("numpy.random._pickle", "__generator_ctor"), TEXT("x"), NAME("pathlib", "PosixPath")
    ),
    # Methods that act by themselves, whatever calls them.
    "method-of-a-path": bound(PATH, "write_text"),
    "method-of-a-class": bound(NAME("numpy", "ndarray"), "tofile"),
    "method-of-a-loader": bound(LOADER, "is_package"),
    "method-of-a-file-system": bound(FILES, "info"),
    "method-by-a-dotted-name": NAME("numpy", "ndarray.tofile"),
    "method-by-its-name": call(NAME("operator", "methodcaller"), TEXT("to_csv"), TEXT("x")),
    "method-of-sympy": bound(new("sympy.core.symbol", "Symbol", TEXT("x")), "subs"),
    "method-with-a-line-before": bound(new("lightgbm.basic", "Booster"), "_save_to"),
    "method-of-settings": bound(
        new("transformers.configuration_utils", "PretrainedConfig"), "to_json_file"
    ),
    **{
        f"stored-{module}.{name}": call(
            NAME("functools", "partial"), NAME(module, name), TEXT("a"), TEXT("b")
        )
        for module, name in (
            ("uu", "decode"), ("pipes", "Template"), ("mailcap", "findmatch"),
            ("xml.sax", "parse"), ("nltk.downloader", "download"), ("nltk.data", "load"),
            ("transformers.utils.hub", "cached_file"), ("os", "setuid"),
            ("sentence_transformers.util", "import_from_string"),
            ("keras.src.utils.file_utils", "get_file"), ("copy", "_reconstruct"),
        )
    },
    "program-of-a-package": NAME("keras.__main__", "x"),
    "attribute-of-an-attribute": bound(bound(new("pandas", "DataFrame"), "style"), "env"),
    "lazy-module": built(
        new("transformers.utils.import_utils", "_LazyModule", TEXT("x")),
        table(TEXT("_objects"), b"}"),
    ),
    # Objects of libraries that are gone through.
    "list-of-an-object": call(
        NAME("builtins", "list"), new("torch.utils.data.dataset", "ConcatDataset")
    ),
    "list-of-an-iterator": call(
        NAME("builtins", "tuple"),
        call(NAME("builtins", "zip"), new("torch.utils.data.dataset", "ConcatDataset")),
    ),
    # Texts that a class evaluates.
    "text-of-sympy": new("sympy.core.containers", "Tuple", TEXT("(exec)('\\x6f')")),
    "text-of-sympy-inside": new("sympy.core.containers", "Tuple", b"(" + TEXT("x.y(z)") + b"t"),
    **{
        f"formula-{n}": built(
            new("statsmodels.base.data", "PandasData"),
            table(TEXT("restore_model_spec"), b"\x88", TEXT("formula"), TEXT(formula)),
        )
        for n, formula in enumerate((
            "y ~ C(x, levels=[open('/tmp/x','w')])",
            "y ~ x + open ('/tmp/x', 'w').fileno ()",
            "y ~ x.to_csv('/tmp/x')",
            "y ~ np.save('/tmp/x', x)",
            "y ~ (open)('/tmp/x')",
            "y ~ x.__class__",
            "y ~ [open][0]('x')",
        ))
    },
    "formula-not-written-out": built(
        new("statsmodels.base.data", "PandasData"),
        table(TEXT("restore_design_info"), b"\x88", TEXT("formula"), computed("x")),
    ),
}  # fmt: skip
HONEST = {
    "result-of-an-optimizer": items(RESULT, TEXT("x"), b"K\1", TEXT("success"), b"\x88"),
    "words-counted": items(call(NAME("collections", "Counter")), HOOK, b"K\1", TEXT("get"), b"K\2"),
    "registry-of-classes": items(ORDERED, TEXT("a"), NAME("collections", "Counter")),
    "factory": items(
        call(NAME("collections", "defaultdict"), NAME("builtins", "list")), TEXT("a"), b"]"
    ),
    "factory-of-factories": call(
        NAME("collections", "defaultdict"),
        call(
            NAME("functools", "partial"),
            NAME("collections", "defaultdict"), NAME("builtins", "int"),
        ),
    ),
    "function-of-a-state": built(
        new("sklearn.preprocessing._function_transformer", "FunctionTransformer"),
        table(TEXT("func"), METHOD, TEXT("kw_args"), b"N"),
    ),
    "settings": built(BAG, table(TEXT("get"), TEXT("x"), TEXT("func"), METHOD)),
    "words-of-a-state": built(
        new("sklearn.feature_extraction.text", "CountVectorizer"),
        table(TEXT("vocabulary_") + table(*MORE, HOOK + b"K\1", *MORE)),
    ),
    "table-in-a-table": built(BAG, table(TEXT("meta"), table(HOOK, TEXT("x")))),
    **{
        f"method-{name}": bound(new("scipy.spatial._ckdtree", "cKDTree"), name)
        for name in ("query", "predict", "transform", "get", "replace", "_call_linear", "copy")
    },
    **{
        f"method-by-name-{name}": call(NAME("operator", "methodcaller"), TEXT(name), TEXT("x"))
        for name in ("to_numpy", "toarray", "astype", "rename", "replace", "lower", "to_dict")
    },
    "generator": call(
        NAME("numpy.random._pickle", "__generator_ctor"), TEXT("MT19937"),
        NAME("numpy.random._pickle", "__bit_generator_ctor"),
    ),
    "set-of-objects": call(NAME("builtins", "set"), b"](" + PATH + b"e"),
    "symbol": new("sympy.core.symbol", "Symbol", TEXT("x_{(1)}")),
    "name-of-sympy": new("sympy.core.containers", "Tuple", TEXT("x")),
    **{
        f"honest-formula-{n}": built(
            new("statsmodels.base.data", "PandasData"),
            table(TEXT("restore_model_spec"), b"\x88", TEXT("formula"), TEXT(formula)),
        )
        for n, formula in enumerate((
            "y ~ x1 + x2", "Lottery ~ Literacy + np.log(Pop1831) - 1", "y ~ C(a, Treatment('b'))",
            "y ~ x + I(x ** 2) + a:b + 0.5", "Q('a b') ~ bs(x, df=4, degree=3)",
            "y ~ C(g, levels=['a', 'b']) * (x1 + x2)",
        ))
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_what_acts_through_what_it_is_given_is_flagged(name: str) -> None:
    assert is_flagged(look(HOSTILE[name]))


@pytest.mark.parametrize("name", HONEST)
def test_honest_objects_of_the_same_kinds_stay_quiet(name: str) -> None:
    found = look(HONEST[name])
    assert not is_flagged(found)
    assert not found.gaps


EVIL = make.call("os", "system", "echo inert")
PLAIN_TYPE = built(
    call(NAME("numpy", "dtype"), TEXT("u1"), b"\x89\x88"),
    b"(K\3" + TEXT("|") + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0t",
)
ONE_LETTER_OF_SIX = built(
    call(NAME("numpy", "dtype"), TEXT("S1"), b"\x89\x88"), b"(K\3" + TEXT("|") + b"NNNK\6K\1K\0t"
)
WRAPPER = new("joblib.numpy_pickle", "NumpyArrayWrapper")
REMADE = call(
    NAME("copyreg", "_reconstructor"), NAME("joblib.numpy_pickle", "NumpyArrayWrapper"),
    NAME("builtins", "object"), b"N",
)  # fmt: skip


def fields(size: int, dtype: bytes = PLAIN_TYPE) -> bytes:
    shape = b"(K" + bytes([size]) + b"t"
    return (
        TEXT("subclass") + NAME("numpy", "ndarray") + TEXT("shape") + shape
        + TEXT("order") + TEXT("C") + TEXT("dtype") + dtype + TEXT("allow_mmap") + b"\x89"
    )  # fmt: skip


def swallowed(data: bytes) -> bytes:
    """Bytes that hold opcodes: whoever skips their head runs them."""
    return b"B" + struct.pack("<I", len(data)) + data


FILE_FIELDS = TEXT("subclass") + NAME("numpy", "ndarray") + TEXT("allow_mmap") + b"\x89"
ROOTED = TEXT("filename") + TEXT("/tmp/x.npy") + FILE_FIELDS
OLD = "joblib.numpy_pickle_compat"
TWO_READINGS = {
    "opcodes-in-an-array": (built(WRAPPER, table(fields(len(EVIL)))), EVIL, b"0"),
    "two-sizes": (built(WRAPPER, table(fields(1, ONE_LETTER_OF_SIX))), b"x", swallowed(EVIL), b"0"),
    "state-of-another-kind": (
        built(WRAPPER, items(ORDERED, fields(5))), swallowed(EVIL), b"0",
    ),
    "made-another-way": (built(REMADE, table(fields(5))), swallowed(EVIL), b"0"),
    "shape-given-twice": (
        built(WRAPPER, table(fields(5), TEXT("shape") + b"(K\0t")), swallowed(EVIL), b"0",
    ),
    "shape-behind-many": (
        built(WRAPPER, table(fields(5), *(TEXT(f"k{n}") + b"N" for n in range(300)),
                             TEXT("shape") + b"(K\0t")), swallowed(EVIL), b"0",
    ),
    "shape-by-a-computed-key": (
        built(WRAPPER, table(fields(5), computed("shape") + b"(K\0t")), swallowed(EVIL), b"0",
    ),
    "file-of-a-remade-wrapper": (
        built(call(NAME("copyreg", "_reconstructor"), NAME(OLD, "NDArrayWrapper"),
                   NAME("builtins", "object"), b"N"), table(ROOTED)),
    ),
    "file-of-an-ordered-state": (built(new(OLD, "NDArrayWrapper"), items(ORDERED, ROOTED)),),
    "file-by-a-computed-key": (
        built(new(OLD, "NDArrayWrapper"), table(computed("filename") + TEXT("/tmp/x.npy"))),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TWO_READINGS)
def test_raw_arrays_that_loaders_read_in_two_ways_are_flagged(name: str) -> None:
    assert is_flagged(look(*TWO_READINGS[name]))


def test_numbers_that_pickle_would_read_as_opcodes_are_told_with_what_they_call() -> None:
    found = look(*TWO_READINGS["opcodes-in-an-array"])

    told = {(fact.kind, fact.subject) for fact in found.facts}
    assert (FactKind.TWO_READINGS, "os.system") in told


@pytest.mark.parametrize("numbers", [bytes(200), bytes(range(200)), b"cabc\ndef\n" * 20])
def test_numbers_of_an_honest_array_are_no_alarm(numbers: bytes) -> None:
    found = look(built(WRAPPER, table(fields(len(numbers)))), numbers)

    assert not is_flagged(found)


@pytest.mark.parametrize("protocol", [0, 2, 4])
@pytest.mark.parametrize(
    ("name", "expected"),
    [("evil.make", True), ("subprocess.run", True), ("a", False)]
    + [(f"{home}.cli.instantiate_module", False) for home in ("lightning.x", "pytorch_lightning")],
)
def test_what_lightning_makes_a_checkpoint_s_model_by_is_told(
    name: str, expected: bool, protocol: int
) -> None:
    data = make.dumped({"hyper_parameters": {"_instantiator": name, "lr": 1}}, protocol)

    assert is_flagged(inspect(Window.of(data, "a.ckpt"))) is expected


# Streams of many alike objects, of which one acts: what was learned of the first must not pass it.
def _alike(first: bytes, other: bytes) -> bytes:
    return b"](" + first * 3_000 + other + first * 3_000 + b"e"


ALIKE = {
    "items": (items(ORDERED, TEXT("attach_methods"), PARTIAL), items(ORDERED, ACTING, PARTIAL)),
    "texts-of-sympy": (
        new("sympy.core.containers", "Tuple", b"(" + TEXT("abcdefghi") + b"t"),
        new("sympy.core.containers", "Tuple", b"(" + TEXT("(vars)(x)") + b"t"),
    ),
    "tables-given": (
        call(NAME("torch._utils", "_rebuild_parameter_with_state"), b"N\x88N",
             table(TEXT("abc"), METHOD)),
        call(NAME("torch._utils", "_rebuild_parameter_with_state"), b"N\x88N",
             table(HOOK, METHOD)),
    ),
    "methods": (
        call(NAME("operator", "methodcaller"), TEXT("lower")),
        call(NAME("operator", "methodcaller"), TEXT("tofile")),
    ),
    "formulas": tuple(
        built(new("statsmodels.base.data", "PandasData"),
              table(TEXT("restore_model_spec"), b"\x88", TEXT("formula"), TEXT(formula)))
        for formula in ("y ~ x + I(x)", "y ~ open(x)")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ALIKE)
def test_one_that_acts_among_many_alike_is_flagged(name: str) -> None:
    first, other = ALIKE[name]
    assert not is_flagged(look(_alike(first, b"N")))
    assert is_flagged(look(_alike(first, other)))
