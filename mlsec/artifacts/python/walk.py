"""Walks the tree of a Python file and notes what its calls, values and texts reach."""

from __future__ import annotations

import ast
import contextlib

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.program_text import PROGRAM
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import TOO_MANY_NAMES, TOO_MANY_VALUES, FactKind
from mlsec.artifacts.python.dangers import ON_LOAD, danger_of_call, pickled_in
from mlsec.artifacts.python.flows import Flows
from mlsec.artifacts.python.indirect_access import IndirectAccess
from mlsec.artifacts.python.names import CallEffect, reach_of
from mlsec.artifacts.python.nodes import children, is_main, shown, undocumented
from mlsec.artifacts.python.places import ADDRESSES, SECRETS
from mlsec.artifacts.python.scope import Scope
from mlsec.artifacts.python.syntax import tree_of
from mlsec.artifacts.python.trust import judge_trust
from mlsec.artifacts.python.values import Values, function_given
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity
from mlsec.core.regex import regex

LONGEST_PLACE = 200
# How deep programs that are written out in a text of the program are followed.
MOST_WITHIN = 3
_TAGS = regex(r"!!python/(?:object|name|module|apply)")


class PythonWalk:
    """One file while it is judged."""

    def __init__(
        self, tree: ast.Module, record: Recorder, inside: str = "", within: int = 0
    ) -> None:
        self.tree = tree
        self.record = record
        self.inside = inside
        self.within = within
        self.scope = Scope(tree)
        self.flows = Flows(self.scope)
        self.values = Values(self.scope)
        self.indirect = IndirectAccess(self.flows, record, self._note)
        self.folded: set[int] = set()

    def read(self) -> None:
        """Note all that the file reaches."""
        left: list[tuple[ast.AST, str]] = [(self.tree, self.inside)]
        while left:
            node, inside = left.pop()
            self.record.budget.check_time()
            self.values.enter(node)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                left.extend(self._function(node, inside))
                continue
            if isinstance(node, ast.ClassDef):
                self._decorators(node, inside)
                self._bases(node, inside)
            if isinstance(node, ast.Lambda):
                inside = inside or "lambda"
            elif isinstance(node, ast.If) and is_main(node.test):
                inside = inside or "main"
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                self._text(node.value, node.lineno)
            if isinstance(node, ast.arg | ast.AnnAssign):
                self._annotation(node.annotation, inside)
            if isinstance(node, ast.expr):
                self._expression(node, inside)
            elif isinstance(node, ast.Assign):
                self.indirect.setting(node)
            left.extend((child, inside) for child in children(node))
        if self.scope.is_exhausted() or self.flows.folder.left < 0:
            self.record.unread(OverLimitError.reason, TOO_MANY_NAMES)
        elif self.flows.is_cut:
            self.record.gap(OverLimitError.reason, TOO_MANY_VALUES)

    def _annotation(self, node: ast.expr | None, inside: str) -> None:
        """An annotation in quotes is evaluated when the annotations are resolved."""
        text = node.value if isinstance(node, ast.Constant) else None
        if not isinstance(text, str) or "(" not in text or self.within >= MOST_WITHIN:
            return

        with contextlib.suppress(SyntaxError, OverLimitError):
            tree = tree_of(text.encode("utf-8", "surrogatepass"))
            if _OPENS.search(text):
                detail = f"a type that does more than name one (line {node.lineno if node else 0})"
                self.record.fact(FactKind.EMBEDDED_CODE, text[:80], detail, danger=Severity.MEDIUM)
            PythonWalk(tree, self.record, inside or "annotation", self.within + 1).read()

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, inside: str
    ) -> list[tuple[ast.AST, str]]:
        # Decorators and defaults run where the function is defined.
        self._decorators(node, inside)
        given = node.args
        outer: list[ast.AST] = [*node.decorator_list, *given.defaults]
        outer += filter(None, given.kw_defaults)
        named = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        outer += [item for item in (*named, node.returns) if item is not None]
        if node.returns is not None:
            self._annotation(node.returns, inside)
        within = [(part, node.name) for part in undocumented(node)]
        return [*((part, inside) for part in outer), *within]

    def _expression(self, node: ast.expr, inside: str) -> None:
        if isinstance(node, ast.Call):
            self._call(node, inside)
        elif isinstance(node, ast.Attribute):
            self.indirect.inner(node)
        elif isinstance(node, ast.Subscript):
            self.indirect.globals_of(node.value, node.slice, node.lineno)
        if isinstance(node, ast.Name | ast.Attribute | ast.Call | ast.Subscript):
            self._given_away(node, inside)
        if id(node) not in self.folded and self.flows.may_be_text(node):
            self._made_text(node)

    def _decorators(
        self, node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, inside: str
    ) -> None:
        """A decorator is called with what it stands on, and with what the next one gave."""
        for decorator in node.decorator_list:
            self.values.passed.add(id(decorator))
            if not isinstance(decorator, ast.Call):
                call = ast.Call(func=decorator, args=[], keywords=[])
                self.scope.keep(call)
                self._call(ast.copy_location(call, decorator), inside)

    def _bases(self, node: ast.ClassDef, inside: str) -> None:
        for base in node.bases:
            for name in self.scope.names_of(base):
                if reach_of(name.name) in {CallEffect.COMMANDS, CallEffect.IMPORTS}:
                    self._note(
                        name.name,
                        "is what a class is made of",
                        inside,
                        node.lineno,
                        Severity.MEDIUM,
                    )

    def _given_away(self, node: ast.expr, inside: str) -> None:
        """What runs commands or code is given to something, which may call it in its turn."""
        name = self.values.given_away(node)
        if name:
            danger = Severity.MEDIUM if inside or not function_given(name) else Severity.HIGH
            self._note(name, "given to what may call it", inside, node.lineno, danger)

    def _call(self, node: ast.Call, inside: str) -> None:
        names = self.scope.names_of(node.func)
        worst: tuple[Severity, str, CallEffect, str] | None = None
        for name in names:
            reach = reach_of(name.name)
            if reach is None or (name.name == "builtins.__import__" and not name.is_hidden):
                continue  # an import; what is called on the result is judged by its own name
            hidden = name.is_hidden and not name.name.endswith("?")
            danger = danger_of_call(reach, name.name, inside, node, self.flows, is_hidden=hidden)
            if worst is None or danger.rank < worst[0].rank:
                how = ", by a name put together at run time" if hidden else ""
                worst = (danger, name.name, reach, how)
        if worst is not None:
            self._reached(node, inside, *worst)
        else:
            self.indirect.unknown(node, names, inside)
        self._leaks_and_changes(node, inside)
        self.indirect.importing(node, names, inside)
        judge_trust(node, self.flows, self.record)

    def _reached(
        self,
        node: ast.Call,
        inside: str,
        danger: Severity,
        name: str,
        reach: CallEffect,
        how: str,
    ) -> None:
        if danger is Severity.INFO:
            return
        if self.record.runs_source and not inside:
            danger = max(danger, Severity.MEDIUM, key=lambda item: -item.rank)
        if reach is CallEffect.CODE:
            danger = self._program(node, inside, name, danger)
        elif reach is CallEffect.UNPICKLES and (data := pickled_in(name, node, self.flows)):
            self.record.member(f"the bytes in line {node.lineno}", Window.of(data))
        self._note(name, reach.value, inside, node.lineno, danger, how)

    def _program(self, node: ast.Call, inside: str, name: str, danger: Severity) -> Severity:
        """Judge the program that a call is given, where it is known; else say that it is not."""
        texts = self._programs(node.args[0]) if node.args else ()
        for text in texts:
            try:
                tree = tree_of(text.encode("utf-8", "surrogatepass"))
            except (SyntaxError, OverLimitError):
                continue
            if self.within < MOST_WITHIN:
                PythonWalk(tree, self.record, inside, self.within + 1).read()
            else:
                detail = "programs stand in the texts of programs, deeper than is followed"
                self.record.gap(OverLimitError.reason, detail)
        if danger is Severity.LOW and not texts and node.args and name.startswith(_RUNS_TEXT):
            if inside in ON_LOAD and self._is_asked(node.args[0]):
                return Severity.MEDIUM
            detail = f"what {name} runs in line {node.lineno} is put together as it runs"
            self.record.gap(GapReason.UNRESOLVED, detail)
        if danger is Severity.LOW and inside in ON_LOAD and any(map(_OPENS.search, texts)):
            return Severity.MEDIUM
        return danger

    def _programs(self, node: ast.expr) -> tuple[str, ...]:
        """The programs that an expression may be, compiled or not."""
        for _ in range(MOST_WITHIN):
            if not isinstance(node, ast.Call) or not node.args:
                break
            if "builtins.compile" not in {name.name for name in self.scope.names_of(node.func)}:
                break
            node = node.args[0]
        return self.scope.texts_of(node)

    def _is_asked(self, node: ast.expr) -> bool:
        """Whether an expression is made of what a function is called with."""
        given = self.scope.bindings.given
        return any(
            isinstance(part, ast.Name) and part.id in given and part.id not in {"self", "cls"}
            for part in self.flows.parts(node)
        )

    def _leaks_and_changes(self, node: ast.Call, inside: str) -> None:
        if sent := self.flows.leak(node):
            self._note(shown(node), f"sends away {sent}", inside, node.lineno, Severity.HIGH)
        if changed := self.flows.changes(node):
            self._note(shown(node), changed, inside, node.lineno, Severity.HIGH)

    def _made_text(self, node: ast.expr) -> None:
        """A text that is put together may name a place that none of its parts names."""
        text = self.flows.folder.text(node)
        if text is None:
            return
        self.folded.update(id(part) for part in ast.walk(node))
        if len(text) < LONGEST_PLACE:
            self._place(text, node.lineno)

    def _text(self, text: str, line: int) -> None:
        if len(text) < LONGEST_PLACE:
            self._place(text, line)
        match = PROGRAM.search(text.encode("utf-8", "surrogatepass")) or _TAGS.search(text)
        if match:
            shown = match.group()[:80]
            plain = shown.decode("utf-8", "replace") if isinstance(shown, bytes) else shown
            detail = f"a text that is a program, which something must mean to run (line {line})"
            self.record.fact(FactKind.EMBEDDED_CODE, plain, detail, danger=Severity.MEDIUM)

    def _place(self, text: str, line: int) -> None:
        match = SECRETS.search(text) or ADDRESSES.search(text)
        if match:
            detail = f"names a place that no model has business with (line {line})"
            kind = FactKind.OUTSIDE_REFERENCE
            self.record.fact(kind, match.group(), detail, danger=Severity.MEDIUM)

    def _note(
        self, name: str, what: str, inside: str, line: int, danger: Severity, how: str = ""
    ) -> None:
        if inside in {"", "main"}:
            where = "as soon as the file is imported" if not inside else "when the file is started"
        else:
            where = f"in {inside}()"
        detail = f"{what} {where}{how} (line {line})"
        self.record.fact(FactKind.DENIED_CALL, name, detail, danger=danger)


# A program that is kept as a text, and reaches beyond what it computes: nothing needs it so.
_OPENS = regex(
    r"(?<![\w.])(?:open|exec|eval|compile|__import__|globals|setattr)\s*\("
    r"|\.\s*(?:write(?:_text|_bytes|lines)?|open|unlink|rmtree|rename|mkdir|touch|symlink)\s*\("
)
_RUNS_TEXT = ("builtins.exec", "builtins.eval", "sympy.", "numexpr.", "timeit.")
