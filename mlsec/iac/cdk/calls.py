"""Works out the calls of one file: the things that they make, and what is then done to those."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from mlsec.collect.code.budget import Budget, OverLimitError
from mlsec.collect.located.located import Node, UnknownValue, over_limit
from mlsec.iac.cdk.evaluate import Values
from mlsec.iac.cdk.syntax.tree import (
    Attribute,
    Call,
    Entries,
    Expr,
    Index,
    Name,
    Scope,
    Source,
    Use,
)
from mlsec.iac.cdk.texts import text_of, words_of
from mlsec.iac.cdk.values import OPEN, Applied, Made, Member, Symbol, things_in, unknown_at
from mlsec.iac.mapping.path_lookup import fold

# Methods of lists and mappings of the languages themselves that change them.
_CHANGING = frozenset((
    "push", "unshift", "splice", "pop", "shift", "set", "delete", "append", "extend", "insert",
    "update", "remove", "clear", "setdefault", "popitem", "sort", "reverse", "concat",
))  # fmt: skip
_JSON = ("JSON.stringify", "json.dumps")


class Evaluation(Values):
    """The values of one file. ``made`` are the things that its calls give, in their order.

    ``loose`` names the methods that are called on what is not known.
    """

    def __init__(
        self, source: Source, budget: Budget, constants: Callable[[str], Any] = lambda _: None
    ) -> None:
        super().__init__(source, budget, constants)
        self._doubts: dict[int, Use] = {}
        self.made: list[Made] = []
        self.loose: set[str] = set()

    def run(self) -> None:
        """Work out every call of the file, and what is done to what they make."""
        for use in self.source.uses:
            self._doubts[id(use.of)] = use
        self.note_changes()
        for use in self.source.uses:
            try:
                with self.budget.unit():
                    self._apply(use)
            except OverLimitError as error:
                self.known[id(use.of)] = Node(over_limit(str(error)))

        self._share()

    def note_changes(self) -> None:
        """Note the lists and mappings that are changed after they were written."""
        for use in self.source.uses:
            self._note_change(use)

    def _share(self) -> None:
        """Note the things that other files may get at."""
        offered = [settings for home in self.source.objects for settings in home.names.values()]
        every = [*(setting for settings in offered for setting in settings), *self.source.returned]
        for expr, inside in every:
            try:
                with self.budget.unit():
                    several = self.candidates(expr, inside)[0]
                    for made in (*things_in(self.value(expr, inside)), *several):
                        made.is_shared = True
            except OverLimitError as error:
                self.known[id(expr)] = Node(over_limit(str(error)))
        for made in self.made:
            made.is_shared = made.is_shared or any(_is_foreign(item) for item in made.given_to)

    def _note_change(self, use: Use) -> None:
        """Note a list or mapping that is changed after it was written."""
        of = use.of
        if isinstance(of, Call) and isinstance(of.callee, Attribute):
            if of.callee.name in _CHANGING:
                self._change(of.callee.of, use.scope)
        elif isinstance(of, Attribute | Index):
            self._change(of.of, use.scope)

    def _change(self, what: Expr, scope: Scope) -> None:
        while isinstance(what, Attribute | Index) and not _is_this(what.of):
            what = what.of
        home = scope.object() if isinstance(what, Attribute) else _home(scope, what)
        name = what.name if isinstance(what, Name | Attribute) else ""
        if home is not None and name:
            self.changed.add((id(home), name))

    def _apply(self, use: Use) -> None:
        if isinstance(use.of, Call):
            self.value(use.of, use.scope)
            return
        if not isinstance(use.of, Attribute | Index) or use.value is None:
            return
        target = self.value(use.of.of, use.scope)
        name = use.of.name if isinstance(use.of, Attribute) else ""
        value = self.value(use.value, use.scope)
        if isinstance(target.value, Made):
            done = Applied(f"{fold(name)}=", (value,), use.of.line, use.doubt)
            target.value.applied.append(done)
        elif isinstance(target.value, Member):
            names = ".".join((*map(fold, target.value.names), fold(name)))
            target.value.of.applied.append(Applied(f"{names}=", (value,), use.of.line, use.doubt))
        else:
            self.loose.add(f"{fold(name)}=")
            self._hand((value,), "=")

    def call(self, expr: Call, scope: Scope) -> Node:
        """Work out a call: what it makes is noted, and what it is done to."""
        arguments = tuple(self.value(item, scope) for item in expr.arguments)
        keywords = self.entries(expr.keywords, scope) if expr.keywords is not None else None
        use = self._doubts.get(id(expr))
        doubt = use.doubt if use is not None else ""
        place = (expr.line, expr.column)
        callee = expr.callee
        if isinstance(callee, Attribute):
            given = (arguments, keywords, scope, doubt)
            result = self._called_on(expr, callee, *given)
            if result is not None:
                return result
        function = self.value(callee, scope).value
        if not isinstance(function, Symbol):
            self._hand((*arguments, *(keywords or {}).values()), ".")
            self._hand_perhaps(expr, scope, ".")
            return unknown_at(Node(None, *place), "it is worked out when the app runs")
        if function.path == "str" and len(arguments) == 1:
            return Node(arguments[0].value, *place)
        if function.path in _JSON and arguments:
            return Node(arguments[0].value, *place)
        if fold(function.path) == "this.formatarn":
            function = Symbol("core.Arn.format")
        if function.path == "this" or function.path.startswith("this."):
            self._hand((*arguments, *(keywords or {}).values()), ".")
            self._hand_perhaps(expr, scope, ".")
            return unknown_at(Node(None, *place), "a method of the app works it out")
        made = self._thing(function.path, arguments, keywords, expr, scope, doubt)
        return Node(made, *place)

    def _called_on(
        self, expr: Call, callee: Attribute, arguments: tuple[Node, ...],
        keywords: Mapping[str, Node] | None, scope: Scope, doubt: str,
    ) -> Node | None:  # fmt: skip
        """Work out a method that is called on something; None for a function of a library."""
        place = (expr.line, expr.column)
        of = self.value(callee.of, scope)
        if isinstance(of.value, Made | Member):
            made = self._method(of.value, expr, callee, arguments, keywords, scope, doubt)
            return Node(made, *place)
        if fold(callee.name) == "tostring" and isinstance(of.value, str | Mapping):
            return Node(of.value, *place)
        filled = _filled(of, arguments) if callee.name == "format" and not keywords else None
        if filled is not None or isinstance(of.value, Symbol):
            return filled
        things, has_more = self.candidates(callee.of, scope)
        for thing in things:
            self._method(thing, expr, callee, arguments, keywords, scope, doubt)
        if has_more or not isinstance(of.value, UnknownValue):
            self.loose.add(fold(callee.name))
        self._hand((*arguments, *(keywords or {}).values()), f".{fold(callee.name)}")
        self._hand_perhaps(expr, scope, f".{fold(callee.name)}")
        why = UnknownValue(f"{callee.name}() is not worked out")
        if fold(callee.name) == "arnforobjects":
            why = why.worded(f"arn:aws:‹{words_of(callee)}()›", is_given=True)
        return Node(why, *place)

    def _thing(
        self, path: str, arguments: tuple[Node, ...], keywords: Mapping[str, Node] | None,
        expr: Call, scope: Scope, doubt: str,
    ) -> Made:  # fmt: skip
        made = Made(
            path=path, arguments=arguments, props=_props(arguments, keywords), line=expr.line,
            column=expr.column, owner=scope.owner, doubt=doubt,
        )  # fmt: skip
        self._hand((*arguments, *(keywords or {}).values()), made)
        self._hand_perhaps(expr, scope, made)
        self.made.append(made)
        return made

    def _method(
        self, of: Made | Member, expr: Call, callee: Attribute, arguments: tuple[Node, ...],
        keywords: Mapping[str, Node] | None, scope: Scope, doubt: str,
    ) -> Made:  # fmt: skip
        target = of if isinstance(of, Made) else of.of
        above = () if isinstance(of, Made) else of.names
        name = ".".join(map(fold, (*above, callee.name)))
        given = (*arguments, Node(keywords)) if keywords else arguments
        target.applied.append(Applied(name, given, callee.line, doubt))
        made = Made(
            path=callee.name, of=of, arguments=arguments, props=_props(arguments, keywords),
            line=callee.line, column=callee.column, owner=scope.owner, doubt=doubt,
        )  # fmt: skip
        self._hand((*arguments, *(keywords or {}).values()), made)
        self._hand_perhaps(expr, scope, made)
        self.made.append(made)
        return made

    def _hand_perhaps(self, expr: Call, scope: Scope, to: Made | str) -> None:
        """Note what a call may be handed, where it is not known which thing that is."""
        written = [*expr.arguments, *([expr.keywords] if expr.keywords is not None else [])]
        for item in tuple(written):
            if isinstance(item, Entries):
                written += [value for _, value in item.entries]
        for item in written:
            if isinstance(self.value(item, scope).value, UnknownValue):
                for made in self.candidates(item, scope)[0]:
                    made.given_to.append(to)

    def _hand(self, nodes: tuple[Node, ...], to: Made | str) -> None:
        for node in nodes:
            for made in things_in(node):
                made.given_to.append(to)


def _filled(of: Node, arguments: tuple[Node, ...]) -> Node | None:
    """Give a text of Python whose ``{}`` are filled in; None for one that says more of them."""
    pieces = of.value.split("{}") if isinstance(of.value, str) else []
    if len(pieces) != len(arguments) + 1 or any("{" in piece or "}" in piece for piece in pieces):
        return None
    parts = [Node(pieces[0])]
    for value, piece in zip(arguments, pieces[1:], strict=True):
        parts += [value, Node(piece)]
    return Node(text_of([part for part in parts if part.value != ""]), of.line, of.column)


def _is_foreign(receiver: Made | str) -> bool:
    """Whether a thing is handed to what is not the library's."""
    if isinstance(receiver, str):
        return True
    root = receiver.root
    return not root.path.startswith(("aws_", "core.", "cdk_nag.", "cdk-nag."))


def _props(arguments: tuple[Node, ...], keywords: Mapping[str, Node] | None) -> Mapping[str, Node]:
    """Give the settings of a thing: its keywords, or the mapping that is its last argument."""
    if keywords is not None:
        return keywords
    last = arguments[-1] if arguments else None
    if last is None or last.value is None:
        return {}
    if isinstance(last.value, Mapping):
        return last.value
    # Whatever else is given as the settings of a construct, they are not known.
    is_settings = len(arguments) >= 3 and isinstance(last.value, UnknownValue | Symbol | Member)
    return (
        {OPEN: unknown_at(last, "its settings are put together elsewhere")} if is_settings else {}
    )


def _is_this(expr: Expr) -> bool:
    return isinstance(expr, Name) and expr.name == "this"


def _home(scope: Scope, what: Expr) -> Scope | None:
    here: Scope | None = scope
    while here is not None and isinstance(what, Name):
        if what.name in here.names and not here.is_class:
            return here
        here = here.above
    return None
