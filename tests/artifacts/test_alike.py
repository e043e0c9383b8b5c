"""What repeats is judged once: then it must be the same in all that decides."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.artifacts.limits import Limits
from mlsec.core.enums import Severity
from tests.artifacts.builders.compressed_files import gz
from tests.artifacts.builders.oci_layouts import IMAGE_LAYER, layout
from tests.artifacts.builders.payloads import EVIL_PICKLE_2, elf
from tests.artifacts.builders.skops_files import dictionary, node, schema
from tests.artifacts.builders.tars import member, tar
from tests.artifacts.test_silence import FLAGGING


def function(module: str, name: str) -> dict[str, object]:
    """A node as older skops wrote them: outer names that are always the same."""
    content = {"module_path": module, "function": name}
    return node("FunctionNode", "numpy", "ufunc", content=content)


def kind(module: str, name: str) -> dict[str, object]:
    content = {"__module__": module, "__class__": name}
    return node("TypeNode", "builtins", "type", content=content)


@pytest.mark.parametrize("make", [function, kind])
@pytest.mark.parametrize("step", [1, -1], ids=["first", "last"])
def test_a_node_of_skops_is_judged_by_the_name_that_it_holds(make: object, step: int) -> None:
    names = [("numpy", "log1p"), ("os", "system")][::step]
    nodes = {"a": make(*names[0]), "b": make(*names[1])}  # type: ignore[operator]
    facts = inspect(Window.of(schema(dictionary(**nodes)), "schema.json")).facts
    assert [fact.subject for fact in facts if fact.danger in FLAGGING] == ["os.system"]


NAMED = {
    "requirements": ("notes.txt", "requirements.txt", b"--index-url http://192.0.2.1/simple\n"),
    "start-of-python": ("notes.txt", "own.pth", b"import os; os.getpid()\n"),
    "run-by-python": ("notes.py", "sitecustomize.py", b"x = 1\n"),
}


@pytest.mark.parametrize("case", NAMED)
def test_an_equal_member_is_read_again_where_its_name_decides(case: str) -> None:
    harmless, decides, data = NAMED[case]
    alone = inspect(Window.of(tar(member(decides.encode(), data))))
    both = inspect(Window.of(tar(member(harmless.encode(), data), member(decides.encode(), data))))
    assert alone.facts
    assert [fact.kind for fact in both.facts if fact.place.endswith(decides)] == [
        fact.kind for fact in alone.facts
    ]


def test_equal_archives_are_read_once_whatever_they_are_called() -> None:
    inner = tar(member(b"own.pth", b"import os; os.getpid()\n"))
    names = (b"a.tar", b"b.tar", b"c.tar")
    found = inspect(Window.of(tar(*(member(name, inner) for name in names))))
    assert [fact.place for fact in found.facts] == ["a.tar!/own.pth"]


def test_a_program_in_a_layer_of_an_image_hides_none_beside_the_image() -> None:
    image = layout(IMAGE_LAYER, gz(tar(member(b"bin/tool.so", elf()))))
    deeper = member(b"tool.so", elf())
    for name in (b"c.tar", b"b.tar", b"a.tar"):
        deeper = member(name, tar(deeper))
    alone = inspect(Window.of(tar(deeper)))
    found = inspect(Window.of(tar(member(b"image.tar", image), deeper)))
    place = "a.tar!/b.tar!/c.tar!/tool.so"
    assert [fact.danger for fact in alone.facts if fact.place == place] == [Severity.HIGH]
    assert [fact.danger for fact in found.facts if fact.place == place] == [Severity.HIGH]


def test_what_lay_too_deep_to_be_read_whole_is_read_again_where_it_lies_higher() -> None:
    inner = tar(member(b"m.pkl", EVIL_PICKLE_2))
    deep = tar(member(b"b.tar", tar(member(b"x.tar", inner))))
    whole = tar(member(b"a.tar", deep), member(b"x.tar", inner))
    found = inspect(Window.of(whole), Limits(depth=3))
    assert [fact.place for fact in found.facts if fact.kind is FactKind.DENIED_CALL] == [
        "x.tar!/m.pkl"
    ]
