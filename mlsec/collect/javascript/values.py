"""Values of JavaScript expressions as far as the file says them; everything else is unknown."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from mlsec.collect.javascript.names import Names, unwrapped
from mlsec.collect.javascript.syntax import words_of
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.texts import put_together, the_same

if TYPE_CHECKING:
    from tree_sitter import Node as Syntax

_ONLY_RUN = "only a run of the code gives it"
_DEFAULTS = ("||", "??")
_MOST_DEPTH = 20
_MOST_STEPS = 50_000
_PLAIN = {"true": True, "false": False, "null": None, "undefined": None}


class Values:
    """Works out the expressions of one file within bounds."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._steps = _MOST_STEPS

    def value(self, node: Syntax, depth: int = 0) -> Node:
        """Give what an expression is, with the place it stands at."""
        self._steps -= 1
        if depth > _MOST_DEPTH or self._steps < 0:
            made: Any = UnknownValue("it takes too many steps to work out", is_over_limit=True)
        else:
            made = self._worked_out(unwrapped(node), depth + 1)
        return Node(made, node.start_point[0] + 1, node.start_point[1] + 1)

    def _worked_out(self, node: Syntax, depth: int) -> Any:
        match node.type:
            case "string":
                return _text_of(node)
            case "number":
                return float(words_of(node)) if words_of(node).isdecimal() else words_of(node)
            case "true" | "false" | "null" | "undefined":
                return _PLAIN[node.type]
            case "template_string":
                return put_together([self._part(part, depth) for part in node.named_children])
            case "object":
                return self._object(node, depth)
            case "identifier":
                return self._named(words_of(node), depth)
            case "member_expression":
                return self._member(node, depth)
            case "binary_expression":
                return self._binary(node, depth)
            case "ternary_expression":
                both = [self.value(part, depth) for part in node.named_children[1:]]
                return the_same(both, "which of two it is depends on the run")
            case _:
                return UnknownValue(_ONLY_RUN)

    def _part(self, part: Syntax, depth: int) -> Any:
        if part.type == "template_substitution" and part.named_children:
            return self.value(part.named_children[0], depth).value
        return words_of(part)

    def _object(self, node: Syntax, depth: int) -> Any:
        made: dict[str, Node] = {}
        for item in node.named_children:
            match item.type:
                case "pair":
                    key, value = item.child_by_field_name("key"), item.child_by_field_name("value")
                    if key is not None and value is not None:
                        name = _text_of(key) if key.type == "string" else words_of(key)
                        made[name] = self.value(value, depth)
                case "shorthand_property_identifier":
                    here = (item.start_point[0] + 1, item.start_point[1] + 1)
                    made[words_of(item)] = Node(self._named(words_of(item), depth), *here)
                case "spread_element":
                    inner = self.value(item.named_children[0], depth).value
                    if not isinstance(inner, dict):
                        return UnknownValue("only a run of the code gives its entries")
                    made |= inner
                case _:
                    pass
        return made

    def _named(self, name: str, depth: int) -> Any:
        given = self._names.set_to.get(name, [])
        known = [self.value(item, depth) for item in given if item is not None]
        why, text = f"only a run of the code gives {name}", f"‹{name}›"
        if not known:
            return UnknownValue(why, text)
        others = [Node(UnknownValue(why, text))] if len(known) < len(given) else []
        return the_same([*known, *others], f"{name} is set in more than one way", text)

    def _member(self, node: Syntax, depth: int) -> Any:
        name = words_of(node)
        if name in self._names.set_to:
            return self._named(name, depth)
        of, key = node.child_by_field_name("object"), node.child_by_field_name("property")
        if of is None or of.type == "this":
            return UnknownValue(_ONLY_RUN, f"‹{name}›")
        part = self.value(of, depth).get(words_of(key))
        is_known = part is not None and not isinstance(part.value, UnknownValue)
        return part.value if part is not None and is_known else UnknownValue(_ONLY_RUN, f"‹{name}›")

    def _binary(self, node: Syntax, depth: int) -> Any:
        left, right = node.child_by_field_name("left"), node.child_by_field_name("right")
        operator = words_of(node.child_by_field_name("operator"))
        if left is None or right is None:
            return UnknownValue(_ONLY_RUN)
        both = [self.value(part, depth) for part in (left, right)]
        if operator == "+" and any(isinstance(part.value, str) for part in both):
            return put_together([part.value for part in both])
        if operator not in _DEFAULTS:
            return UnknownValue(_ONLY_RUN)
        if not isinstance(both[0].value, UnknownValue):
            return both[0].value or both[1].value
        # What holds where nobody sets the variable.
        is_environment = words_of(left).startswith(("process.env.", "import.meta.env."))
        return both[1].value if is_environment else the_same(both, _ONLY_RUN)


def _text_of(node: Syntax) -> str:
    text = "".join(words_of(part) for part in node.named_children)
    if "\\" not in text:
        return text
    try:
        return str(ast.literal_eval(f'"{text}"'))
    except (SyntaxError, ValueError):
        return text
