"""The shipped policy: lists that do not contradict one another, and gadgets that stay out."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.artifacts.pickle.policy.code_by_value import BY_VALUE
from mlsec.artifacts.pickle.policy.judged_calls import JUDGEMENTS
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.strict_yaml import parse
from tests.artifacts.builders import pickles as make
from tests.loops import for_each

FOLDER = content_folder("rules") / "callables"
DENIED = parse((FOLDER / "deny.yaml").read_text("utf-8"), "deny.yaml").value["dangers"]
EXACT = sorted(
    {
        (module, name)
        for section in DENIED.values()
        for module, names in section.items()
        for name in str(names).split()
        if name != "*"
    }
)
WHOLE = sorted({m for section in DENIED.values() for m, names in section.items() if "*" in names})
# Functions of listed libraries that load, write or run when called, none of which is denied by
# its own name: that they are not listed must be enough.
GADGETS = (
    "numpy.lib.format.read_array", "numpy.lib._utils_impl._makenamedict", "scipy.io.loadmat",
    "scipy.datasets._fetchers.face", "sklearn.externals._arff.load", "pandas.core.frame.eval",
    "pandas.core.generic.to_pickle", "torch.utils.data.get_worker_info", "torch._utils_internal.x",
    "joblib.logger.pformat", "statsmodels.tools.web.webdoc", "xgboost.core._load_lib",
    "lightgbm.basic._safe_call", "catboost.core._check_train_params", "timm.models._hub.load",
    "builtins.map", "builtins.filter", "builtins.iter", "functools.reduce", "itertools.starmap",
    "inspect.getattr_static", "traceback.print_exc", "pprint.pprint", "string.Formatter",
    "textwrap.dedent", "weakref.finalize", "contextlib.ExitStack", "logging.Logger",
)  # fmt: skip


def dangers(data: bytes) -> set[Severity]:
    return {fact.danger for fact in inspect(Window.of(data)).facts}


@for_each(("module", "name"), EXACT, lambda module, name: f"{module}.{name}")
def test_a_denied_name_is_critical_when_called(module: str, name: str) -> None:
    standing = shipped_policy().look_up(module, name).standing
    assert standing is Standing.JUDGED or Severity.CRITICAL in dangers(
        make.stream(make.call(module, name))
    )


@for_each("module", WHOLE)
def test_any_function_of_a_denied_module_is_critical_when_called(module: str) -> None:
    assert Severity.CRITICAL in dangers(make.stream(make.call(module, "some_function")))


@for_each("gadget", GADGETS)
def test_what_is_not_listed_is_high_when_called_even_without_telling_arguments(gadget: str) -> None:
    module, _, name = gadget.rpartition(".")
    found = dangers(make.stream(make.call(module, name)))
    assert found & {Severity.HIGH, Severity.CRITICAL}


ARROW = parse((FOLDER / "allow" / "pyarrow.yaml").read_text("utf-8"), "").value["reducers"]


@for_each("name", ARROW["pyarrow.lib"].split())
def test_what_pyarrow_stores_is_quiet_and_the_rest_of_it_denied(name: str) -> None:
    assert not dangers(make.stream(make.call("pyarrow.lib", name, "large_string")))
    assert Severity.CRITICAL in dangers(make.stream(make.call("pyarrow.lib", f"x{name}")))


@pytest.mark.parametrize("core", ["numpy.core", "numpy._core"])
@pytest.mark.parametrize("path", ["records.recarray", "defchararray.chararray", "memmap.memmap"])
def test_an_array_of_a_numpy_subclass_is_quiet(core: str, path: str) -> None:
    module, _, name = f"{core}.{path}".rpartition(".")
    arguments = make.named(module, name) + b"K\x00\x85C\x01b\x87R"
    made = make.stream(make.named(f"{core}.multiarray", "_reconstruct"), arguments)
    assert not dangers(made)


def test_a_memmap_that_is_called_opens_a_file() -> None:
    assert Severity.CRITICAL in dangers(make.stream(make.call("numpy", "memmap", "/a/b")))


def test_every_way_of_judging_in_the_data_exists_in_the_code() -> None:
    judged = parse((FOLDER / "judged.yaml").read_text("utf-8"), "judged.yaml").value["judgements"]
    assert set(judged) == {*JUDGEMENTS, *BY_VALUE}


@for_each("path", sorted((FOLDER / "allow").glob("*.yaml")), called=lambda it: it.stem)
def test_every_inventory_is_read_and_says_where_it_comes_from(path: object) -> None:
    data = parse(path.read_text("utf-8"), str(path)).value  # type: ignore[attr-defined]
    assert {"library", "versions"} <= set(data)


def test_an_unknown_class_is_low_and_an_unknown_function_high() -> None:
    made = inspect(Window.of(make.stream(make.stacked("my.model", "Net") + b")\x81"))).facts
    called = inspect(Window.of(make.stream(make.call("my.model", "build")))).facts
    assert FactKind.UNVERIFIED_CLASS in {fact.kind for fact in made}
    assert max(fact.danger is Severity.HIGH for fact in called)
    assert not {fact.danger for fact in made} & {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}


@pytest.mark.parametrize("made", [b"", b")\x81"], ids=["imported", "NEWOBJ"])
def test_a_class_of_the_script_that_saved_the_file_is_low_and_the_file_is_assessed(
    made: bytes,
) -> None:
    seen = inspect(Window.of(make.stream(make.stacked("__main__", "Net") + made)))
    assert {fact.danger for fact in seen.facts} <= {Severity.LOW, Severity.INFO}
    assert (bool(seen.facts), seen.gaps) == (True, ())


@pytest.mark.parametrize("before", [b"", make.stacked("__main__", "Net") + b")R0"])
def test_what_the_script_defines_is_a_gap_and_no_alarm_when_it_is_called_with_arguments(
    before: bytes,
) -> None:
    called = make.stacked("__main__", "Net") + b"K\x01\x85R"
    seen = inspect(Window.of(make.stream(before + called)))
    assert {fact.danger for fact in seen.facts} <= {Severity.LOW, Severity.INFO}
    assert [gap.reason for gap in seen.gaps] == [GapReason.UNRESOLVED]


@pytest.mark.parametrize("said", ["bash", "weights/a.bin", "example.org"])
def test_a_class_that_no_list_knows_called_with_what_may_steer_it_is_a_gap_and_no_alarm(
    said: str,
) -> None:
    data = make.stream(make.stacked("unheard", "Model") + make.text(said) + b"\x85R")
    seen = inspect(Window.of(data))
    assert {fact.danger for fact in seen.facts} <= {Severity.LOW, Severity.INFO}
    assert [gap.reason for gap in seen.gaps] == [GapReason.UNRESOLVED]
