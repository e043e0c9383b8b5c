"""What a name stands for in a Python file, by all that sets or changes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.bindings import Binding, Place
from mlsec.collect.python.call import Call, CallResult, NamedValue
from mlsec.collect.python.functions import Functions
from mlsec.collect.python.meanings import Meaning
from mlsec.collect.python.names import Namer
from mlsec.collect.python.results import element_at, element_of, one_of
from mlsec.collect.python.texts import the_same

_MORE = Node(UnknownValue("more arguments are given than the file says"))
# A name that is set in more places is not worked out.
_MOST_PLACES = 8


class Meant:
    """Works out what a name is set to; ``value`` works out expressions, ``spend`` counts steps."""

    def __init__(
        self,
        value: Callable[..., Node],
        namer: Namer,
        functions: Functions,
        line_of: Callable[[int], int],
        spend: Callable[[int], None],
    ) -> None:
        self._value = value
        self._namer = namer
        self._functions = functions
        self._line_of = line_of
        self._spend = spend

    def value(self, name: str, meanings: tuple[Meaning, ...], depth: int) -> Any:
        """Give what a name of these meanings is, the latest first."""
        whole = [(item, scope) for item, scope in meanings if not item.is_changed]
        if len(whole) > _MOST_PLACES:
            return UnknownValue(f"{name} is set in many places", f"‹{name}›")
        made = [self._bound(item, Place(scope, item.block), name, depth) for item, scope in whole]
        if not made:
            return UnknownValue(f"{name} is not set in this file", f"‹{name}›")
        why = f"{name} is set in more than one way"
        result = the_same([Node(value) for value in made], why, f"‹{name}›")
        for item, scope in (pair for pair in reversed(meanings) if pair[0].is_changed):
            result = self._changed(result, item, Place(scope, item.block), name, depth)
        return result

    def _bound(self, item: Binding, place: Place, name: str, depth: int) -> Any:
        if item.qualified:
            return NamedValue(f"{item.qualified} is not set in this file", f"‹{name}›",
                              name=item.qualified)  # fmt: skip
        if item.each is not None:
            return element_of(self._value(item.each, place, depth).value, name)
        if item.parameter and (handed := self._handed(item, place, depth)) is not None:
            return handed
        if item.value is None:
            return self._parameter(item, place, name)
        result = self._value(item.value, place, depth)
        if item.index is not None:
            return element_at(result, item.index, name)
        if type(result.value) is UnknownValue and not result.value.text:
            return result.value.worded(f"‹{name}›")
        return result.value

    def _handed(self, item: Binding, place: Place, depth: int) -> Any:
        """Give what the calls in the file hand to a parameter; None where they do not say it."""
        given = self._functions.given(place.scope, item.parameter, self._namer.name_of)
        if given is None:
            return None
        nodes = [_MORE if part is None else self._value(*part, depth) for part in given]
        made = one_of(nodes, item.parameter)
        of = self._parameter(item, place, item.parameter)
        if not isinstance(of, CallResult) or not of.call.name.startswith("."):
            return made
        # Annotated with a class of the file: its fields say more than another call's result.
        is_other = isinstance(made, CallResult) and made.call.name != of.call.name
        return None if is_other or type(made) is UnknownValue else made

    def _parameter(self, item: Binding, place: Place, name: str) -> Any:
        why, text = f"only a run of the code gives {name}", f"‹{name}›"
        if item.annotation is None or place.scope.parent is None:
            return UnknownValue(why, text)
        kind = self._namer.name_of(item.annotation, Place(place.scope.parent, ()))
        if kind.startswith("?"):
            return UnknownValue(why, text)
        return CallResult(why, text, call=Call(name=kind, line=self._line_of(item.at[0])))

    def _changed(self, container: Any, item: Binding, place: Place, name: str, depth: int) -> Any:
        """Give what a mapping is after an entry of it was set, where that is known."""
        unknown = UnknownValue(f"{name} is changed while the code runs", f"‹{name}›")
        key = self._value(item.key, place, depth).value if item.key is not None else None
        if not (isinstance(container, Mapping) and isinstance(key, str)) or item.value is None:
            return container if isinstance(container, UnknownValue) else unknown
        value = self._value(item.value, place, depth)
        if item.block and key not in container:
            value = Node(unknown, value.line, value.column)
        self._spend(1 + len(container) // 16)
        return {**container, key: value}
