"""One ARM template with its parameters: what its expressions work out to, in bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.located.located import Node, UnknownValue, over_limit, plain
from mlsec.iac.arm import functions as arm_functions
from mlsec.iac.arm.deployment_context import GROUP_ID, OWN, words_of
from mlsec.iac.arm.expression import Call, ExpressionError, Step, is_expression, parse
from mlsec.iac.arm.steps import as_nodes, format_pieces, step_into
from mlsec.iac.mapping.declaration import text_of
from mlsec.iac.mapping.partial_text import at, cannot_be, joined

MAX_DEPTH = 60
_ERRORS = (ValueError, TypeError, KeyError, IndexError, AttributeError, ZeroDivisionError)


# Functions that build or take apart: what is not known inside of a value stays where it is.
_THROUGH = (
    "array", "coalesce", "createarray", "createobject", "first", "items", "last", "objectkeys",
    "shallowmerge", "tryget", "union",
)  # fmt: skip


_TAKES_APART = ("first", "items", "last", "objectkeys")
_TOO_DEEP = f"expressions nested deeper than {MAX_DEPTH}"
# What stands for a part of Bicep that is not read (bicep/expressions.py).
_NOT_READ = "notread"
# One such argument is enough, whatever the others are.
_DECIDED_BY = {"and": False, "or": True}


class ArmTemplate:
    """Works out values of one template. ``given`` are parameters that a parent or a file sets;
    ``refer`` gives what ``reference`` of a resource's id, or symbolic name, answers.
    """

    def __init__(
        self,
        root: Node,
        given: Mapping[str, Any],
        refer: Callable[[str], Any],
        scope_id: str = GROUP_ID,
        *,
        budget: Budget | None = None,
        tell: Callable[[str, int], None] = lambda _why, _line: None,
    ) -> None:
        self.budget, self.tell = budget or Budget(), tell
        self.root = root
        self.scope_id = scope_id
        self.loops: dict[str, int] = {}
        self._given = {name.lower(): value for name, value in given.items()}
        self._refer = refer
        self._parameters = {name.lower(): entry for name, entry in root.pairs("parameters").items()}
        self._variables = {name.lower(): entry for name, entry in root.pairs("variables").items()}
        self._known: dict[str, Any] = {}
        self._open: set[str] = set()
        # How many units are being worked out, one inside of the other.
        self._units = 0
        self._depth = 0

    def work(self, node: Node) -> Node:
        """Work out a tree as a unit: too much of it hides it alone; a mapping's entries are units.

        What stands in it keeps its place.
        """
        value = node.value
        if isinstance(value, Mapping) and not self._units:
            return at(node, self._mapping(value))
        try:
            with self.budget.unit():
                self._units += 1
                return self._part(node)
        except (OverLimitError, RecursionError) as error:
            why = str(error) if isinstance(error, OverLimitError) else _TOO_DEEP
            self.tell(why, node.line)
            return at(node, over_limit(why))
        finally:
            self._units -= 1

    def _part(self, node: Node) -> Node:
        # What is written once is read once; what is repeated costs.
        self.budget.spend(1 if self.loops else 0)
        value = node.value
        if isinstance(value, str):
            return at(node, as_nodes(self._text(value), node)) if value[:1] == "[" else node
        if isinstance(value, tuple):
            return at(node, tuple(self._part(item) for item in value))
        if isinstance(value, Mapping):
            return at(node, self._mapping(value))
        return node

    def _mapping(self, value: Mapping[str, Node]) -> dict[str, Node]:
        nodes: dict[str, Node] = {}
        for key, result in value.items():
            if key == "copy" and isinstance(result.value, tuple):
                for copy in result.value:
                    nodes[copy.text("name")] = self._copied(copy, is_part=self._units > 0)
                continue
            name = key
            if is_expression(key):
                name = text_of(at(result, self._text(key))) or key
            nodes[name] = self._part(result) if self._units else self.work(result)
        return nodes

    def _copied(self, copy: Node, *, is_part: bool = False) -> Node:
        """Repeat an input for a property or a variable; all of it is one unit."""
        if is_part:
            return self._repeated(copy)
        self._units += 1
        try:
            with self.budget.unit():
                return self._repeated(copy)
        except OverLimitError as error:
            self.tell(str(error), copy.line)
            return at(copy, over_limit(str(error)))
        finally:
            self._units -= 1

    def _repeated(self, copy: Node) -> Node:
        name, count = copy.text("name"), self.count_of(copy)
        body = copy.get("input")
        if isinstance(count, UnknownValue) or body is None:
            hidden = UnknownValue("a copy without an input")
            return at(copy, count.worded() if isinstance(count, UnknownValue) else hidden)
        made = []
        for index in range(count):
            self.loops[name.lower()] = index
            made.append(self._part(body))
        self.loops.pop(name.lower(), None)
        return at(copy, tuple(made))

    def count_of(self, copy: Node) -> int | UnknownValue:
        """Give how often a copy is made."""
        result = copy.get("count")
        value = self.work(result).value if result is not None else 1
        if isinstance(value, UnknownValue):
            return value
        if isinstance(value, int) and 0 <= value <= arm_functions.MAX_RANGE:
            return value
        return UnknownValue("how often it is copied")

    def _text(self, text: str) -> Any:
        """Give what a text of the template means, as plain values with ``UnknownValue`` in them."""
        if text.startswith("[["):
            return text[1:]
        if not is_expression(text):
            return text
        try:
            return self._value(parse(text))
        except ExpressionError as error:
            return UnknownValue(f"an expression that is not understood: {error}")

    def _value(self, expression: Any) -> Any:
        self.budget.spend(1)
        if self._depth > MAX_DEPTH:
            raise OverLimitError(_TOO_DEEP)
        self._depth += 1
        try:
            match expression:
                case Call(name=name, arguments=arguments):
                    return self._call(name, arguments)
                case Step(of=of, key=key):
                    return step_into(
                        self._value(of), key if isinstance(key, str) else self._value(key)
                    )
                case _:
                    return expression
        finally:
            self._depth -= 1

    def _call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        if name == "if" and len(arguments) == 3:
            return self._if(arguments)
        if name == _NOT_READ and arguments:
            return UnknownValue(str(arguments[0]))
        values = [self._value(argument) for argument in arguments]
        own = OWN.get(name)
        if own is not None:
            return own(self, values)
        if name in _DECIDED_BY and any(value is _DECIDED_BY[name] for value in values):
            return _DECIDED_BY[name]
        if _differs(name, values):
            return False
        function = arm_functions.PLAIN.get(name)
        if function is None:
            return UnknownValue(f"{name}() is answered by the deployment", is_given=True)
        if name in ("concat", "format", "join", "replace", "uri", "uricomponent") or not values:
            worded = self._worded(name, values)
            if worded is not None:
                return worded
        hidden = arm_functions.hidden_in(values)
        is_taken_apart = name in _TAKES_APART and isinstance(values[0], UnknownValue)
        if hidden is not None and (name not in _THROUGH or is_taken_apart):
            words = arm_functions.WORDED.get(name)
            text = words(hidden.text) if words and isinstance(values[0], UnknownValue) else ""
            if name in ("uniquestring", "guid"):
                return function(*[words_of(value) for value in values])
            return hidden.worded(text, is_given=hidden.is_given)
        try:
            arm_functions.check(name, values)
            result = function(*values)
        except _ERRORS:
            return UnknownValue(f"{name}() of values that it does not take")
        self.budget.spend(arm_functions.weigh(result))
        return result

    def _worded(self, name: str, values: list[Any]) -> Any:
        """Join texts of which a part is not known."""
        if arm_functions.hidden_in(values) is None:
            return None
        if name == "concat" and not any(isinstance(value, list) for value in values):
            return joined(values)
        if name == "format" and isinstance(values[0], str):
            return joined(format_pieces(values[0], values[1:]))
        return None

    def _if(self, arguments: tuple[Any, ...]) -> Any:
        condition = self._value(arguments[0])
        if isinstance(condition, bool):
            return self._value(arguments[1] if condition else arguments[2])
        first, second = self._value(arguments[1]), self._value(arguments[2])
        if arm_functions.hidden_in([first, second]) is None and first == second:
            return first
        if isinstance(condition, UnknownValue):
            return condition.worded()
        return UnknownValue("a condition")

    def parameter(self, name: str) -> Any:
        """Give a parameter: what is given for it, else its default."""
        key = name.lower()
        if key in self._given:
            return self._given[key]
        parameter = self._parameters.get(key)
        default = parameter.get("defaultValue") if parameter is not None else None
        if default is None:
            allowed = parameter.items("allowedValues") if parameter is not None else ()
            if len(allowed) == 1:
                return allowed[0].value
            if parameter is not None and _is_nullable(parameter):
                return None
            return UnknownValue(f"parameter {name} has no default", f"‹{name}›")
        return self._once(f"parameter {key}", default)

    def variable(self, name: str) -> Any:
        """Give a variable."""
        variable = self._variables.get(name.lower())
        if variable is None:
            copies = self.root.items("variables", "copy")
            result = [copy for copy in copies if copy.text("name").lower() == name.lower()]
            if not result:
                return UnknownValue(f"variable {name} is not in the template")
            return plain(self._copied(result[0]))
        if self.loops:
            return plain(self.work(variable))
        return self._once(f"variable {name.lower()}", variable)

    def _once(self, key: str, node: Node) -> Any:
        if key not in self._known:
            if key in self._open:
                return UnknownValue(f"{key} refers to itself")
            self._open.add(key)
            try:
                value = plain(self.work(node))
                self._known[key] = value
            finally:
                self._open.discard(key)
        # It may stand in many places.
        if self._units:
            self.budget.spend(arm_functions.weigh(self._known[key]))
        return self._known[key]

    def refer(self, what: Any) -> Any:
        """Give what ``reference`` of an id or a name answers."""
        return self._refer(what) if isinstance(what, str) else what


def _differs(name: str, values: list[Any]) -> bool:
    """Whether a text is surely not empty, or not another one, though it is not known as a whole."""
    if name == "empty" and len(values) == 1:
        return cannot_be(values[0], "")
    if name == "equals" and len(values) == 2:
        pairs = (values, values[::-1])
        return any(isinstance(text, str) and cannot_be(value, text) for value, text in pairs)
    return False


def _is_nullable(parameter: Node) -> bool:
    result = parameter.get("nullable")
    return result is not None and result.value is True
