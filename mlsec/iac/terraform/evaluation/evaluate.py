"""Expressions to values: what is not known stays so, and says why."""

# tree-sitter-hcl parses. Why no library evaluates: the reference is Go and resolves everything or
# fails; those for Python (python-hcl2) only parse. What cannot be known must stay unknown, with
# its reason.

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import UnknownValue
from mlsec.iac.terraform.evaluation import operators
from mlsec.iac.terraform.evaluation.traverse import attribute_of, element_of, items_of
from mlsec.iac.terraform.evaluation.unit import (
    MAX_DEPTH,
    TOO_DEEP,
    TOO_MUCH,
    TemplateNames,
    Unit,
    limited,
)
from mlsec.iac.terraform.functions.table import call
from mlsec.iac.terraform.names import Names
from mlsec.iac.terraform.syntax.tree import (
    ELEMENT,
    Attr,
    Binary,
    Broken,
    Call,
    Conditional,
    Expr,
    For,
    Index,
    Literal,
    Name,
    ObjectOf,
    Splat,
    Template,
    TemplateFor,
    TemplateIf,
    TupleOf,
    Unary,
)
from mlsec.iac.terraform.values import (
    MAX_ITEMS,
    InvalidValue,
    Value,
    bool_of,
    join_text,
    text_of,
    weigh,
)


class Evaluator:
    """Evaluates in one module; ``bound`` are the names of loops, ``each``, ``count``, ``self``.

    ``file`` is where what is evaluated stands. ``is_repeated``: it stands in a loop.
    """

    def __init__(
        self,
        names: Names,
        budget: Budget,
        bound: Mapping[str, Value] | None = None,
        *,
        file: CodeFile | None = None,
        is_repeated: bool = False,
    ) -> None:
        self.names, self.budget = names, budget
        self.bound: Mapping[str, Value] = bound or {}
        self.file, self.is_repeated = file, is_repeated

    def knowing(self, bound: Mapping[str, Value], *, is_repeated: bool = False) -> Evaluator:
        """Give an evaluator that knows more names; for one turn of a loop: ``is_repeated``."""
        return Evaluator(
            self.names,
            self.budget,
            {**self.bound, **bound},
            file=self.file,
            is_repeated=is_repeated or self.is_repeated,
        )

    def standing_in(self, file: CodeFile) -> Evaluator:
        """Give an evaluator for what stands in a file."""
        return Evaluator(self.names, self.budget, self.bound, file=file)

    def alone(self, bound: Mapping[str, Value]) -> Evaluator:
        """Give an evaluator that knows these names and no others, as templates in files do."""
        files = TemplateNames(self.names)
        return Evaluator(files, self.budget, bound, file=self.file, is_repeated=True)

    def whole(self, expr: Expr) -> Value:
        """Give the value of an expression as a unit of work: too much of it hides it alone."""
        if type(expr) is Literal:
            return expr.value
        with self.limited(expr.line) as unit:
            unit.value = self.value(expr)
        return unit.value

    def limited(self, line: int) -> AbstractContextManager[Unit]:
        """Work out one unit; where it is too much, its value says so, and so does the scan."""
        return limited(self.budget, lambda why: self.names.tell_limit(self.file, line, why))

    def value(self, expr: Expr) -> Value:
        """Give the value of an expression.

        Raises:
            OverLimitError: the unit that it is a part of takes too much.
        """
        if type(expr) is Literal:
            return expr.value
        budget = self.budget
        budget.steps -= 1
        if budget.steps < 0:
            raise OverLimitError(TOO_MUCH)
        if budget.depth > MAX_DEPTH:
            budget.deep_cuts += 1
            raise OverLimitError(TOO_DEEP)
        budget.depth += 1
        try:
            return _KINDS[type(expr)](self, expr)
        finally:
            budget.depth -= 1

    def part(self, expr: Expr) -> Value:
        """Give a part of a list or map that is written out: it is a unit of its own."""
        return self.value(expr) if self.is_repeated else self.whole(expr)

    def _broken(self, expr: Broken) -> Value:
        if expr.is_over_limit:
            raise OverLimitError(expr.why)
        return UnknownValue(expr.why)

    def _name(self, expr: Name) -> Value:
        if expr.name in self.bound:
            return self.bound[expr.name]
        return self.names.lookup(expr.name)

    def _attr(self, expr: Attr) -> Value:
        return attribute_of(self.value(expr.of), expr.name)

    def _index(self, expr: Index) -> Value:
        return element_of(self.value(expr.of), self.value(expr.key))

    def _splat(self, expr: Splat) -> Value:
        of = self.value(expr.of)
        if of is None:
            return []
        items = items_of(of)
        if isinstance(items, UnknownValue):
            if isinstance(of, (list, dict, UnknownValue)):
                return items
            items = [(0, of)]
        elif isinstance(of, dict):
            items = [(0, of)]
        return [self._loop("", None, ELEMENT, value).value(expr.each) for _, value in items]

    def _template(self, expr: Template) -> Value:
        if len(expr.parts) == 1:
            return self.value(expr.parts[0])
        made = join_text([self.value(part) for part in expr.parts])
        self.budget.spend(weigh(made))
        return made

    def _template_if(self, expr: TemplateIf) -> Value:
        return text_of(self._conditional(expr))

    def _template_for(self, expr: TemplateFor) -> Value:
        items = items_of(self.value(expr.collection))
        if isinstance(items, UnknownValue):
            return items
        made = join_text(
            [
                self._loop(expr.key_name, key, expr.value_name, value).value(expr.body)
                for key, value in items
            ]
        )
        self.budget.spend(weigh(made))
        return made

    def _loop(self, key_name: str, key: Value, value_name: str, value: Value) -> Evaluator:
        keys = {key_name: key} if key_name else {}
        return self.knowing({**keys, value_name: value}, is_repeated=True)

    def _call(self, expr: Call) -> Value:
        arguments = [self.value(argument) for argument in expr.arguments]
        if expr.expands and arguments:
            last = arguments.pop()
            items = items_of(last)
            if isinstance(items, UnknownValue):
                return items
            arguments += [value for _, value in items]
        return call(expr.name, arguments, self)

    def _unary(self, expr: Unary) -> Value:
        return operators.unary(expr.operator, self.value(expr.operand))

    def _binary(self, expr: Binary) -> Value:
        left = self.value(expr.left)
        # What is right of a decided "and" or "or" is not looked at, as guards rely on.
        decided = operators.decided(expr.operator, left)
        if decided is not None:
            return decided
        right = self.value(expr.right)
        if isinstance(left, (list, dict)):
            self.budget.spend(weigh(left) + weigh(right))
        return operators.binary(expr.operator, left, right)

    def _conditional(self, expr: Conditional | TemplateIf) -> Value:
        then, otherwise = expr.then, expr.otherwise
        verdict = bool_of(self.value(expr.condition))
        if isinstance(verdict, InvalidValue):
            return verdict
        if isinstance(verdict, UnknownValue):
            both = self.value(then), self.value(otherwise)
            self.budget.spend(weigh(both[0]) + weigh(both[1]))
            return operators.agreed(*both, verdict)
        return self.value(then if verdict else otherwise)

    def _tuple(self, expr: TupleOf) -> Value:
        made = [self.part(item) for item in expr.items]
        return _mistake(made) or made

    def _object(self, expr: ObjectOf) -> Value:
        made: dict[str, Value] = {}
        for key_expr, value_expr in expr.items:
            key = text_of(self.value(key_expr))
            if not isinstance(key, str):
                return _unknown_key(key)
            made[key] = self.part(value_expr)
        return _mistake(made.values()) or made

    def _for(self, expr: For) -> Value:
        items = items_of(self.value(expr.collection))
        if isinstance(items, UnknownValue):
            return items
        made_list: list[Value] = []
        made_map: dict[str, Value] = {}
        for at, result in items:
            inner = self._loop(expr.key_name, at, expr.value_name, result)
            if expr.condition is not None:
                keeps = bool_of(inner.value(expr.condition))
                if isinstance(keeps, UnknownValue):
                    return keeps
                if not keeps:
                    continue
            value = inner.value(expr.value)
            if expr.key is None:
                made_list.append(value)
                continue
            key = text_of(inner.value(expr.key))
            if not isinstance(key, str):
                return _unknown_key(key)
            if expr.groups:
                made_map.setdefault(key, []).append(value)
            elif key in made_map:
                return InvalidValue(f'two elements have the key "{key[:80]}"')
            else:
                made_map[key] = value
            if len(made_list) > MAX_ITEMS or len(made_map) > MAX_ITEMS:
                raise OverLimitError(f"more than {MAX_ITEMS:,} elements")
        return _mistake([*made_list, *made_map.values()]) or (
            made_list if expr.key is None else made_map
        )


def _mistake(values: Iterable[Value]) -> InvalidValue | None:
    """Terraform refuses an expression whole, which is what ``try`` and ``can`` go by."""
    return next((value for value in values if isinstance(value, InvalidValue)), None)


def _unknown_key(key: Value) -> UnknownValue:
    if isinstance(key, InvalidValue):
        return key
    if isinstance(key, UnknownValue):
        return key.worded()
    return UnknownValue("a map with a key that only the apply knows")


_KINDS: dict[type[Expr], Callable[..., Value]] = {
    Broken: Evaluator._broken,
    Name: Evaluator._name,
    Attr: Evaluator._attr,
    Index: Evaluator._index,
    Splat: Evaluator._splat,
    Template: Evaluator._template,
    TemplateIf: Evaluator._template_if,
    TemplateFor: Evaluator._template_for,
    Call: Evaluator._call,
    Unary: Evaluator._unary,
    Binary: Evaluator._binary,
    Conditional: Evaluator._conditional,
    TupleOf: Evaluator._tuple,
    ObjectOf: Evaluator._object,
    For: Evaluator._for,
}
