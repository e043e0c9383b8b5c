"""The intrinsic functions of CloudFormation; what an argument leaves open stays unknown."""

# Why no library: cfn-lint resolves what it lints and does not say why a value stays open; moto
# resolves against the accounts that it plays. An unknown argument has to stay unknown, with its
# reason.

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

from mlsec.collect.code.budget import Budget
from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.core.enums import Truth
from mlsec.iac.cloudformation.conditions import Conditions
from mlsec.iac.cloudformation.macros import TRANSFORM, hidden_by
from mlsec.iac.mapping.declaration import text_of
from mlsec.iac.mapping.partial_text import at, joined
from mlsec.vocabulary.iac_mapping import CODE_REGION

_HOLE = re.compile(r"\$\{([^{}]*)\}")
_LOOP_HOLE = re.compile(r"[$&]\{([A-Za-z0-9]+)\}")


class Template(Protocol):
    """What a function may ask of the template that it stands in."""

    root: Node
    loop: Mapping[str, str]
    conditions: Conditions
    budget: Budget

    def work(self, node: Node) -> Node | None:
        """Work out a value; None when the template has no such part."""

    def reference(self, name: str, node: Node) -> Node | None:
        """Give what ``Ref`` of a name is."""

    def attribute(self, logical: str, wanted: str, node: Node) -> Node:
        """Give what ``Fn::GetAtt`` of a resource is."""


def apply(template: Template, name: str, argument: Node, node: Node) -> Node | None:
    """Give what a function works out to; None for no value. ``node`` is where it stands."""
    if name == TRANSFORM:
        return at(node, hidden_by(Node({name: argument})))
    function = _FUNCTIONS.get(name)
    if function is None:
        return at(node, UnknownValue(f"{name} is worked out by the deployment"))
    return function(template, argument, node)


def filled_in(text: str, loop: Mapping[str, str]) -> str:
    """Fill in the variables of loops."""
    return _LOOP_HOLE.sub(lambda hole: loop.get(hole.group(1), hole.group()), text)


def _ref(template: Template, argument: Node, node: Node) -> Node | None:
    name = filled_in(text_of(argument), template.loop)
    return template.reference(name, node)


def _get_att(template: Template, argument: Node, node: Node) -> Node | None:
    if isinstance(argument.value, tuple):
        worked = [template.work(item) for item in argument.value]
        words = [text_of(item) for item in worked]
        logical, wanted = (words[0], ".".join(words[1:])) if words else ("", "")
    else:
        logical, _, wanted = text_of(argument).partition(".")
    return template.attribute(filled_in(logical, template.loop), wanted, node)


def _sub(template: Template, argument: Node, node: Node) -> Node | None:
    own: Mapping[str, Node] = {}
    text = argument
    if isinstance(argument.value, tuple) and argument.value:
        text = argument.value[0]
        own = argument.value[1].pairs() if len(argument.value) > 1 else {}
    if not isinstance(text.value, str):
        return template.work(text)
    return at(node, _counted(template, joined(_parts(template, text.value, own, node))))


def _counted(template: Template, text: str | UnknownValue) -> str | UnknownValue:
    template.budget.spend(chars=len(text if isinstance(text, str) else text.text))
    return text


def _parts(template: Template, text: str, own: Mapping[str, Node], node: Node) -> Iterator[Any]:
    end = 0
    for hole in _HOLE.finditer(text):
        yield text[end : hole.start()]
        end = hole.end()
        name = hole.group(1).strip()
        if name.startswith("!"):
            yield "${" + name[1:] + "}"
            continue
        result = template.work(own[name]) if name in own else _named(template, name, node)
        yield _scalar(result)
    yield text[end:]


def _named(template: Template, name: str, node: Node) -> Node | None:
    if "." in name and name not in template.root.pairs("Parameters"):
        logical, _, wanted = name.partition(".")
        return template.attribute(logical, wanted, node)
    return template.reference(name, node)


def _scalar(node: Node | None) -> Any:
    if node is None:
        return ""
    if isinstance(node.value, tuple):
        return joined(_between(",", [_scalar(item) for item in node.value]))
    return node.value


def _between(delimiter: str, parts: list[Any]) -> Iterator[Any]:
    for index, part in enumerate(parts):
        if index:
            yield delimiter
        yield part


def _join(template: Template, argument: Node, node: Node) -> Node | None:
    parts = argument.items()
    if len(parts) != 2:
        return at(node, UnknownValue("Fn::Join needs a delimiter and a list"))
    result = template.work(parts[1])
    if result is None or isinstance(result.value, UnknownValue):
        return result if result is not None else at(node, "")
    values = result.value if isinstance(result.value, tuple) else (result,)
    words = joined(_between(text_of(parts[0]), [_scalar(value) for value in values]))
    return at(node, _counted(template, words))


def _split(template: Template, argument: Node, node: Node) -> Node | None:
    parts = argument.items()
    result = template.work(parts[1]) if len(parts) == 2 else None
    if result is None or not isinstance(result.value, str) or not text_of(parts[0]):
        if result is not None and isinstance(result.value, UnknownValue):
            return at(node, result.value.worded())
        return at(node, UnknownValue("no text to split"))
    pieces = result.value.split(text_of(parts[0]))
    return at(node, tuple(at(node, piece) for piece in pieces))


def _select(template: Template, argument: Node, node: Node) -> Node | None:
    parts = argument.items()
    if len(parts) != 2:
        return at(node, UnknownValue("Fn::Select needs an index and a list"))
    index, result = template.work(parts[0]), template.work(parts[1])
    if result is None or not isinstance(result.value, tuple):
        if result is None or not isinstance(result.value, UnknownValue):
            return at(node, UnknownValue("no list"))
        words = result.value.text
        text = f"‹{words.strip('‹›')}[{text_of(index)}]›" if words and text_of(index) else ""
        return at(node, result.value.worded(text, is_given=bool(words)))
    place = text_of(index)
    if not place.isdecimal() or int(place) >= len(result.value):
        return at(node, UnknownValue("Fn::Select of something that is not in the list"))
    return at(node, result.value[int(place)].value)


def _find_in_map(template: Template, argument: Node, node: Node) -> Node | None:
    parts = argument.items()
    keys = [text_of(template.work(part)) for part in parts[:3]]
    collected = template.root.get("Mappings", *keys) if len(keys) == 3 else None
    if collected is not None:
        return at(node, collected.value)
    result = template.root.get("Mappings", keys[0]) if keys else None
    if result is not None and len(keys) == 3 and CODE_REGION in keys[1:2]:
        same = [pair.get(keys[2]) for pair in result.pairs().values()]
        values = [plain(item) for item in same if item is not None]
        if values and len(values) == len(same) and all(value == values[0] for value in values):
            return at(node, values[0])
    default = parts[3].get("DefaultValue") if len(parts) == 4 else None
    if default is not None and result is not None and CODE_REGION not in keys:
        return template.work(default)
    name = ".".join(keys)
    return at(
        node,
        UnknownValue(f"the mapping {name} depends on the deployment", f"‹{name}›", is_given=True),
    )


def _if(template: Template, argument: Node, node: Node) -> Node | None:
    parts = argument.items()
    if len(parts) != 3:
        return at(node, UnknownValue("Fn::If needs a condition and two values"))
    condition = parts[0]
    name = condition.value if isinstance(condition.value, str) and not condition.tag else None
    holds = template.conditions.named(name) if name else template.conditions.holds(condition)
    if holds is not Truth.UNKNOWN:
        chosen = template.work(parts[1] if holds is Truth.TRUE else parts[2])
        return None if chosen is None else _placed(chosen, node)
    first, second = template.work(parts[1]), template.work(parts[2])
    if first is None and second is None:
        return None
    if first is not None and second is not None and plain(first) == plain(second):
        return _placed(first, node)
    is_given = all(item is not None and _is_given(item) for item in (first, second))
    why = f"condition {name or 'in Fn::If'} depends on the deployment"
    return at(node, UnknownValue(why, f"‹{name}?›" if name and is_given else "", is_given))


def _placed(value: Node, node: Node) -> Node:
    """A plain value stands where the function does; a tree keeps its own places."""
    return value if isinstance(value.value, tuple | Mapping) else at(node, value.value)


def _is_given(node: Node) -> bool:
    if isinstance(node.value, UnknownValue):
        return node.value.is_given
    return node.value not in (None, "", (), {}, False)


def _inside(template: Template, argument: Node, node: Node) -> Node | None:
    """The text before it is encoded, or the structure before it is written as JSON."""
    result = template.work(argument)
    return None if result is None else _placed(result, node)


def _import(template: Template, argument: Node, node: Node) -> Node | None:
    words = text_of(template.work(argument))
    why = f"the export {words} of another stack"
    shown = f"‹{words.strip('‹›')}›" if words else ""
    return at(node, UnknownValue(why, shown, is_given=True, among=()))


def _condition(template: Template, argument: Node, node: Node) -> Node | None:
    holds = template.conditions.named(text_of(argument))
    if holds is Truth.UNKNOWN:
        return at(node, UnknownValue(f"condition {text_of(argument)} depends on the deployment"))
    return at(node, holds is Truth.TRUE)


def _length(template: Template, argument: Node, node: Node) -> Node | None:
    result = template.work(argument)
    if result is None or not isinstance(result.value, tuple):
        return at(node, UnknownValue("the length of a list that the deployment knows"))
    return at(node, len(result.value))


_FUNCTIONS: Mapping[str, Callable[[Template, Node, Node], Node | None]] = {
    "Ref": _ref,
    "Condition": _condition,
    "Fn::GetAtt": _get_att,
    "Fn::Sub": _sub,
    "Fn::Join": _join,
    "Fn::Split": _split,
    "Fn::Select": _select,
    "Fn::FindInMap": _find_in_map,
    "Fn::If": _if,
    "Fn::Base64": _inside,
    "Fn::ToJsonString": _inside,
    "Fn::ImportValue": _import,
    "Fn::Length": _length,
}
