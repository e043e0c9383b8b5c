"""What well-known calls and loops give; every other call gives what is not known."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult, EachValue, NamedValue
from mlsec.collect.python.texts import the_same

# A variable of the environment; what it is without one is the second argument.
ENVIRONMENT = ("os.environ.get", "os.getenv", "os.environ.setdefault")
# Methods of a path that give a path at the same place, or below it.
PATH_METHODS = frozenset({"resolve", "absolute", "expanduser", "as_posix", "joinpath"})
_HERE = ("os.getcwd", "pathlib.Path.cwd")
_JOINS = ("os.path.join", "posixpath.join")
# Calls that give a path or a text as it is.
_SAME = (
    "str", "pathlib.Path", "os.path.expanduser", "os.path.abspath", "os.fspath", "os.path.realpath",
)  # fmt: skip
# A policy that is written as JSON text may be a mapping for those who read it.
_DUMPS = ("json.dumps",)
_ONLY_RUN = "only a run of the code gives it"
# Longer lists are not gone through.
_MOST_ROUNDS = 50


def result_of(name: str, call: Call, text: Callable[..., Any]) -> Any:
    """Give what a call of this name gives; ``text`` puts parts together, within bounds."""
    first = call.args[0].value if call.args else None
    if name in ("dict", "list", "tuple"):
        if not call.args and not call.is_open:
            return dict(call.kwargs) if name == "dict" else ()
        if not call.kwargs and isinstance(first, Mapping | tuple):
            return first
    if name in ENVIRONMENT and call.args:
        if len(call.args) == 2:
            return call.args[1].value  # what holds where nobody sets the variable
        return UnknownValue(f"the environment sets {first}", f"‹{first}›")
    if name in _HERE:
        return "."
    if name == "os.path.dirname" and isinstance(first, str):
        return posixpath.dirname(first) or "."
    if name in _JOINS and call.args:
        parts = [item.value for item in call.args]
        return text([part.rstrip("/") if isinstance(part, str) else part for part in parts], "/")
    if name in _SAME and len(call.args) == 1 and not isinstance(first, CallResult):
        return text([first])
    if name in _DUMPS and isinstance(first, Mapping | tuple | str):
        return first
    why = f"only a run of the code gives what {name.lstrip('?.')} returns"
    return CallResult(why, f"‹{call.assigned or name.lstrip('?.') + '()'}›", call=call)


def element_of(value: Any, name: str) -> UnknownValue:
    """Give what a loop over a value gives a name: one text after the other, where it says them."""
    why, text = f"only a run of the code gives {name}", f"‹{name}›"
    elements = value if isinstance(value, tuple) and len(value) <= _MOST_ROUNDS else ()
    if elements and all(isinstance(element.value, str) for element in elements):
        return EachValue(why, text, elements=elements)
    return UnknownValue(why, text)


def one_of(nodes: list[Node], name: str) -> Any:
    """Give what a parameter is that calls hand these to: texts that differ, one after the other."""
    texts = {node.value: node for node in nodes if isinstance(node.value, str)}
    if len(texts) > 1 and all(isinstance(node.value, str) for node in nodes):
        why = f"the calls give {name} in more than one way"
        return EachValue(why, f"‹{name}›", elements=tuple(texts.values()))
    return the_same(nodes, f"the calls give {name} in more than one way", f"‹{name}›")


def attribute_of(of: Any, attribute: str, name: str) -> Any:
    """Give an attribute of a value; ``name`` is the qualified name of the attribute."""
    shown = f"‹{name.lstrip('?.')}›"
    if isinstance(of, str) and attribute == "parent":
        return posixpath.dirname(of) or "."
    if isinstance(of, CallResult):
        text = f"‹{of.text.strip('‹›')}.{attribute}›"
        return CallResult(of.why, text, call=of.call, path=f"{of.path}.{attribute}")
    if name.startswith("?") or "()" in name:
        return UnknownValue(f"only a run of the code gives {name.lstrip('?.')}", shown)
    return NamedValue(f"{name} is not set in this file", shown, name=name)


def item_of(container: Node, key: Any, *, is_part: bool) -> Any:
    """Give an item of a mapping or list, or what a call gave; ``is_part``: a slice of it."""
    of = container.value
    if isinstance(of, CallResult):
        step = f'["{key}"]' if isinstance(key, str) else "[]"
        return CallResult(of.why, of.text, call=of.call, path=of.path + step)
    if isinstance(of, UnknownValue):
        return UnknownValue(_ONLY_RUN, f"{of.text}[:]" if is_part and of.text else of.text)
    is_key = isinstance(of, Mapping) and isinstance(key, (str, int, float))
    step_ = str(key) if is_key else key
    result = container.get(step_) if isinstance(step_, (str, int)) else None
    return result.value if result is not None else UnknownValue(_ONLY_RUN)


def element_at(container: Node, index: int, name: str) -> Any:
    """Give what is unpacked from a value at an index, for a variable of this name."""
    of = container.value
    if isinstance(of, CallResult):
        return CallResult(of.why, f"‹{name}›", call=of.call, path=f"{of.path}[{index}]")
    part = container.get(index)
    if part is None or isinstance(of, UnknownValue):
        return UnknownValue(f"only a run of the code gives {name}", f"‹{name}›")
    return part.value
