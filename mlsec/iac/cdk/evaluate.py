"""Works out the expressions of one file: constants, names, mappings and texts."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.code.budget import Budget
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.cdk.syntax.tree import (
    Attribute,
    Call,
    Choice,
    Entries,
    Expr,
    Index,
    Literal,
    Name,
    Scope,
    Sequence,
    Source,
    Text,
    Within,
)
from mlsec.iac.cdk.texts import text_of, words_of
from mlsec.iac.cdk.values import OPEN, Made, Member, Symbol, things_in, unknown_at
from mlsec.iac.mapping.path_lookup import fold

_MAX_DEPTH = 40
_MOST_CHOICES = 6
_THIS = Symbol("this")
# Names that both languages know without an import, as far as they are worked out.
_GLOBAL = ("JSON", "str")
# Attributes by which the interfaces of the CDK give the ARN of one thing.
_ARNS = frozenset((
    "bucketarn", "tablearn", "functionarn", "queuearn", "topicarn", "keyarn", "secretarn",
    "repositoryarn", "statemachinearn", "clusterarn", "eventbusarn", "streamarn", "loggrouparn",
    "parameterarn", "domainarn",
))  # fmt: skip
# Properties of the stack that stand for where it is deployed to.
_PSEUDO = {
    "account": "AWS::AccountId", "region": "AWS::Region", "partition": "AWS::Partition",
    "urlsuffix": "AWS::URLSuffix", "stackname": "AWS::StackName", "stackid": "AWS::StackId",
}  # fmt: skip
_CONSTANTS = {
    "core.Aws.ACCOUNT_ID": "AWS::AccountId", "core.Aws.REGION": "AWS::Region",
    "core.Aws.PARTITION": "AWS::Partition", "core.Aws.STACK_NAME": "AWS::StackName",
    "core.Aws.URL_SUFFIX": "AWS::URLSuffix", "core.Aws.STACK_ID": "AWS::StackId",
}  # fmt: skip


class Values(ABC):
    """The values of one file; ``constants`` looks up what it imports of other files."""

    def __init__(
        self, source: Source, budget: Budget, constants: Callable[[str], Any] = lambda _: None
    ) -> None:
        self.source, self.budget = source, budget
        self._constants = constants
        self.known: dict[int, Node] = {}
        # Names of lists and mappings that are changed after they were written, by their home.
        self.changed: set[tuple[int, str]] = set()
        self._open: set[int] = set()
        self._depth = 0

    @abstractmethod
    def call(self, expr: Call, scope: Scope) -> Node:
        """Work out a call."""

    def value(self, expr: Expr, scope: Scope) -> Node:
        """Work out an expression where it stands."""
        key = id(expr)
        known = self.known.get(key)
        if known is not None:
            return known
        self.budget.spend(1)
        if key in self._open or self._depth > _MAX_DEPTH:
            return Node(UnknownValue("it refers to itself"), expr.line, expr.column)
        self._open.add(key)
        self._depth += 1
        try:
            result = self.known[key] = self._work(expr, scope)
        finally:
            self._open.discard(key)
            self._depth -= 1
        return result

    def _work(self, expr: Expr, scope: Scope) -> Node:
        place = (expr.line, expr.column)
        match expr:
            case Literal(value=value):
                return Node(value, *place)
            case Name(name=name):
                return Node(self._named(name, scope), *place)
            case Attribute() | Index():
                return self._part(expr, scope)
            case Call():
                return self.call(expr, scope)
            case Entries():
                return Node(self.entries(expr, scope), *place)
            case Within(of=of, scope=inside):
                return self.value(of, inside)
            case Choice(why=why):
                chosen = self._chosen(expr, scope)
                return Node(UnknownValue(why), *place) if chosen is None else chosen
            case Sequence(items=items):
                return Node(tuple(self.value(item, scope) for item in items), *place)
            case Text(parts=parts):
                return Node(text_of([self.value(part, scope) for part in parts]), *place)
            case _:
                for part in expr.parts:
                    self._hold(self.value(part, scope))
                return Node(UnknownValue(expr.why), *place)

    def _chosen(self, expr: Choice, scope: Scope) -> Node | None:
        """Give the option that is taken, where what decides it is known."""
        if not expr.sign or len(expr.options) != 2:
            return None
        by = self.value(expr.test or expr.options[0], scope).value
        if not isinstance(by, str | int | float | None | Made):
            return None
        is_first = by is not None if expr.sign == "??" else bool(by)
        return self.value(expr.options[0 if is_first else 1], scope)

    def _named(self, name: str, scope: Scope) -> Any:
        if name == "this":
            return _THIS
        if name in ("undefined", "None"):
            return None
        here: Scope | None = scope
        while here is not None:
            if name in here.names and not here.is_class:
                return self._set_to(name, here)
            here = here.above
        path = self.source.imports.get(name) or (name if name in _GLOBAL else "")
        known = self._constants(path) if path else None
        if known is not None:
            return known
        return Symbol(path) if path else UnknownValue(f"{name} is not set here", f"‹{name}›")

    def _set_to(self, name: str, home: Scope) -> Any:
        several = home.names[name]
        if len(several) > 1:
            return UnknownValue(f"{name} is set in more than one place", f"‹{name}›")
        expr, inside = several[0]
        value = self.value(expr, inside).value
        if isinstance(value, tuple | Mapping):
            self._hold(Node(value))
        if (id(home), name) in self.changed and isinstance(value, tuple | Mapping):
            return UnknownValue(f"{name} is changed after it is written", f"‹{name}›")
        if isinstance(value, UnknownValue) and not value.text:
            return value.worded(f"‹{name}›", is_given=value.is_given)
        return value

    def _hold(self, node: Node) -> None:
        """Note the things of a value that is followed no further: any name may mean them."""
        for made in things_in(node):
            made.is_held = True

    def candidates(
        self, expr: Expr, scope: Scope, seen: frozenset[int] = frozenset()
    ) -> tuple[list[Made], bool]:
        """Give the things that an expression may be, where it is not known which.

        Returns them, and whether it may be something else, too.
        """
        self.budget.spend(1)
        if id(expr) in seen or len(seen) > _MOST_CHOICES:
            return [], True
        options: list[tuple[Expr, Scope]] = []
        if isinstance(expr, Choice):
            options = [(option, scope) for option in expr.options]
        elif isinstance(expr, Within):
            options = [(expr.of, expr.scope)]
        elif isinstance(expr, Name) and expr.name != "this":
            home = scope.home_of(expr.name)
            options = home.names[expr.name] if home is not None else []
        elif isinstance(expr, Attribute) and expr.of == Name("this", expr.of.line, expr.of.column):
            home = scope.object()
            options = home.names.get(expr.name, []) if home is not None else []
        if not options:
            value = self.value(expr, scope).value
            is_plain = value is None or isinstance(value, str | int | float)
            return ([value], False) if isinstance(value, Made) else ([], not is_plain)
        things: list[Made] = []
        has_more = False
        for option, inside in options:
            several, more = self.candidates(option, inside, seen | {id(expr)})
            things += [made for made in several if made not in things]
            has_more = has_more or more
        return things, has_more

    def exported(self, names: tuple[str, ...]) -> Any:
        """Give what a name of the file, or of a class of it, is set to; None when it has none."""
        home: Scope | None = self.source.objects[0] if self.source.objects else None
        of_class = self._class(names[0]) if len(names) == 2 else None
        if of_class is not None and names[1] in of_class.names:
            return self._set_to(names[1], of_class)
        if home is None or names[0] not in home.names:
            return None
        value = self._set_to(names[0], home)
        for name in names[1:]:
            value = self._member(value, name, home)
        return value

    def _class(self, name: str) -> Scope | None:
        """Give the names of the only class of the file that is called so."""
        named = [item for item in self.source.objects if item.is_class and item.owner == name]
        return named[0] if len(named) == 1 else None

    def _part(self, expr: Attribute | Index, scope: Scope) -> Node:
        if isinstance(expr, Attribute) and isinstance(expr.of, Name):
            home = self._class(expr.of.name)
            if home is not None and expr.name in home.names:
                return Node(self._set_to(expr.name, home), expr.line, expr.column)
        of = self.value(expr.of, scope)
        place = (expr.line, expr.column)
        if isinstance(expr, Attribute):
            name = expr.name
        else:
            key = self.value(expr.key, scope).value
            if isinstance(of.value, tuple) and isinstance(key, int) and 0 <= key < len(of.value):
                return Node(of.value[key].value, *place)
            name = key if isinstance(key, str) else ""
        value = self._member(of.value, name, scope)
        if isinstance(value, UnknownValue) and fold(name) in _ARNS and not _is_props(expr.of):
            value = value.worded(f"arn:aws:‹{words_of(expr)}›", is_given=True)
        return Node(value, *place)

    def _member(self, of: Any, name: str, scope: Scope) -> Any:
        if of == _THIS:
            home = scope.object()
            if home is not None and name in home.names:
                return self._set_to(name, home)
            pseudo = _PSEUDO.get(fold(name))
            if pseudo is not None:
                return {"Ref": Node(pseudo)}
            return UnknownValue(f"{name} is not set in this class", f"‹{name}›")
        if isinstance(of, Symbol):
            path = name if of.path == "core" and name.startswith("aws_") else f"{of.path}.{name}"
            pseudo = _CONSTANTS.get(path)
            if pseudo is not None:
                return {"Ref": Node(pseudo)}
            known = self._constants(path)
            return Symbol(path) if known is None else known
        if isinstance(of, Made):
            if of.path in ("core.Stack.of", "core.Stack") and fold(name) in _PSEUDO:
                return {"Ref": Node(_PSEUDO[fold(name)])}
            given = _setting(of, name)
            return Member(of, (name,)) if given is None else given
        if isinstance(of, Member):
            return Member(of.of, (*of.names, name))
        if isinstance(of, Mapping) and name in of and OPEN not in of:
            return of[name].value
        if isinstance(of, UnknownValue):
            words = f"‹{of.text.strip('‹›')}.{name}›" if of.text else ""
            return of.worded(words, is_given=of.is_given)
        return UnknownValue(f"{name} is worked out when the app runs")

    def entries(self, expr: Entries, scope: Scope) -> Mapping[str, Node]:
        """Put a mapping together; what stands before one that is not known may be set by it."""
        made: dict[str, Node] = {}
        for key, entry in expr.entries:
            value = self.value(entry, scope)
            if key is None:
                if isinstance(value.value, Mapping):
                    made |= value.value
                    continue
                hidden = unknown_at(value, "other settings are put in here")
                for thing in things_in(Node(made)):
                    # Whoever gets these settings has it, unless they are set again.
                    thing.given_to.append("=")
                made = {
                    name: unknown_at(node, "it may be set again") for name, node in made.items()
                }
                made[OPEN] = hidden
                continue
            name = self.value(key, scope).value
            if isinstance(name, str | int):
                made[str(name)] = value
            else:
                made[OPEN] = unknown_at(value, "the name of a setting is not known")
        return made


def _setting(of: Made, name: str) -> Any:
    """Give a setting of what is declared as the service has it: its attributes are these."""
    is_plain = of.of is None and of.path.startswith("aws_") and of.name.startswith("Cfn")
    is_set_again = any(done.name.startswith(fold(name)) for done in of.applied)
    given = of.get(name) if is_plain and not is_set_again and OPEN not in of.props else None
    return given.value if given is not None and isinstance(given.value, str | int) else None


def _is_props(expr: Expr) -> bool:
    """Whether it is the settings or the object itself: what their members are is up to the app."""
    return isinstance(expr, Name) and expr.name in ("this", "props", "kwargs")
