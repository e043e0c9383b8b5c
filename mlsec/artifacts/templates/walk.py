"""Walks the tree of a template and notes what leads out of it, fills memory, or steers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from mlsec.artifacts.content.references import leaves_folder
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.templates.assignments import assignments
from mlsec.artifacts.templates.growth import growth_in
from mlsec.artifacts.templates.names import (
    ATTRIBUTE_FILTERS,
    CRITICAL_GATEWAYS,
    DANGEROUS_METHODS,
    FILTERS,
    FUNCTIONS,
    GATEWAYS,
    METHODS,
    OWN_NAMES,
    is_hidden_name,
)
from mlsec.artifacts.templates.poison import hidden_in, poison_in
from mlsec.artifacts.templates.triggers import triggers_in
from mlsec.artifacts.templates.values import Folder, is_wide, reaches_attribute
from mlsec.core.enums import GapReason, Severity

if TYPE_CHECKING:
    from jinja2 import nodes

HUGE = 1_000_000
# More characters than any prompt has.
MOST_MADE = 20_000_000
_OWN = ("loop", "caller")
_BUILDS_TEXT = frozenset({"Concat", "Add", "Mod", "Filter"})


class TemplateWalk:
    """One template while it is judged."""

    def __init__(
        self, tree: nodes.Template, record: Recorder, where: str, offset: int, *, is_chat: bool
    ) -> None:
        from jinja2 import nodes as kinds  # noqa: PLC0415

        self.kinds = kinds
        self.tree = tree
        self.record = record
        self.where = where
        self.offset = offset
        self.is_chat = is_chat
        self.names = assignments(tree)
        self.folder = Folder(self.names)
        self.judges: Mapping[type, Callable[[Any], None]] = {
            kinds.Getattr: self._attribute,
            kinds.Getitem: self._item,
            kinds.Filter: self._filter,
            kinds.Call: self._call,
            kinds.Name: self._name,
            kinds.Include: self._include,
            kinds.Import: self._include,
            kinds.FromImport: self._include,
            kinds.Extends: self._include,
            kinds.Mul: self._product,
            kinds.Pow: self._power,
            kinds.Mod: self._modulo,
            kinds.Const: self._constant,
            kinds.TemplateData: lambda node: self._poison(node.data),
            kinds.Concat: self._made_text,
            kinds.Add: self._made_text,
        }

    def read(self) -> None:
        """Judge every node."""
        for node in self.tree.find_all(self.kinds.Node):
            judge = self.judges.get(type(node))
            if judge is not None:
                judge(node)
        if self.is_chat:
            for item in growth_in(self.tree, self.kinds):
                self._note(*item)
            for item in triggers_in(self.tree, self.kinds, self.names, self.folder.texts):
                self._note(*item)
        if self.folder.is_cut:
            detail = f"{self.where} makes more texts than are worked out: some names are not known"
            self.record.unread(OverLimitError.reason, detail, start=max(self.offset, 0))

    def _note(self, kind: FactKind, subject: str, why: str, danger: Severity | None = None) -> None:
        detail = f"{why} (in {self.where})"
        is_loose = kind is FactKind.TEMPLATE_UNVERIFIED and not self.is_chat  # of a program
        danger = Severity.LOW if is_loose else danger
        self.record.fact(kind, subject[:200], detail, offset=self.offset, danger=danger)

    def _unknown(self, name: str, why: str) -> None:
        self._note(FactKind.TEMPLATE_UNVERIFIED, name, why, Severity.LOW)
        self.record.gap(GapReason.UNRESOLVED, f"what {name[:80]!r} does is not known: {why}")

    def _hidden(self, name: str) -> None:
        danger = Severity.LOW if not self.is_chat and name in OWN_NAMES else None
        self._note(FactKind.TEMPLATE_CODE, name, "leads into Python's own machinery", danger)

    def _attribute(self, node: nodes.Getattr) -> None:
        if is_hidden_name(node.attr):
            self._hidden(node.attr)

    def _item(self, node: nodes.Getitem) -> None:
        if isinstance(node.arg, self.kinds.Slice):
            return
        self._computed(node.arg)
        fixed = isinstance(node.node, self.kinds.Const) or (
            isinstance(node.node, self.kinds.Tuple | self.kinds.List) and not node.node.items
        )
        if fixed and not self.folder.values(node.arg):
            why = "asks a fixed text for what only the data name"
            self._note(FactKind.TEMPLATE_UNVERIFIED, "computed name", why)

    def _computed(self, node: nodes.Node) -> None:
        """Judge an expression that names an attribute or item."""
        texts = self.folder.texts(node)
        for text in texts:
            if is_hidden_name(text):
                self._hidden(text)
        if texts or not self._builds_text(node) or self._starts_plainly(node):
            return
        parts = [part.value for part in _with_itself(node, self.kinds.Const)]
        if any(isinstance(part, str) and (part[:1] == "_" or "__" in part) for part in parts):
            why = "puts together a name with underscores when it is rendered"
            self._note(FactKind.TEMPLATE_CODE, "computed name", why)
        elif self._joins_unknown(node):
            why = "puts together a name when it is rendered: what it reaches is not known"
            self._note(FactKind.TEMPLATE_UNVERIFIED, "computed name", why)

    def _starts_plainly(self, node: Any) -> bool:
        """Whether a joined name starts with a letter, so that no hidden name can come of it."""
        while isinstance(node, self.kinds.Concat | self.kinds.Add):
            node = node.nodes[0] if isinstance(node, self.kinds.Concat) else node.left
        return any(text[:1].isalnum() for text in self.folder.texts(node))

    def _builds_text(self, node: nodes.Node) -> bool:
        if type(node).__name__ in _BUILDS_TEXT:
            return True
        return isinstance(node, self.kinds.Call) and isinstance(node.node, self.kinds.Getattr)

    def _joins_unknown(self, node: nodes.Node) -> bool:
        """Whether a name is joined from pieces or characters, rather than looked up whole."""
        joins = (self.kinds.Concat, self.kinds.Slice)
        if isinstance(node, joins) or any(True for _ in node.find_all(joins)):
            return True
        named = [part.name for part in _with_itself(node, self.kinds.Filter)]
        called = [part.attr for part in node.find_all(self.kinds.Getattr)]
        return bool({"join", "format", "reverse", "replace"} & {*named, *called})

    def _made_text(self, node: nodes.Node) -> None:
        """Judge what fixed texts become when they are joined, replaced in or formatted."""
        for text in self.folder.texts(node):
            self._poison(text)

    def _filter(self, node: nodes.Filter) -> None:
        if node.name in {"join", "replace", "format"}:
            self._made_text(node)
        if node.name == "join":
            self._attribute_filter(node, first=1)
        elif node.name == "attr":
            self._attr_filter(node)
        elif node.name not in FILTERS:
            self._unknown(node.name, "is a filter that chat templates do not have")
        elif node.name in ATTRIBUTE_FILTERS:
            self._attribute_filter(node)
        elif node.name == "format":
            self._format(node.node)
        elif node.name in {"center", "indent", "wordwrap", "batch"}:
            self._width(node)

    def _attr_filter(self, node: nodes.Filter) -> None:
        names = self.folder.texts(node.args[0]) if node.args else ()
        shown = names[0] if names else "attr"
        known = bool(names) and not any(is_hidden_name(name) for name in names)
        why = "asks for an attribute by a name of its own making"
        self._note(FactKind.TEMPLATE_CODE, shown, why, Severity.HIGH if known else None)

    def _attribute_filter(self, node: nodes.Filter, first: int = 0) -> None:
        by_name = [pair.value for pair in node.kwargs if pair.key == "attribute"]
        for argument in [*node.args[first:], *by_name]:
            self._computed(argument)
        if node.name == "map" and node.args:
            for filter_name in self.folder.texts(node.args[0]):
                if filter_name == "attr":
                    why = "asks for attributes by name"
                    self._note(FactKind.TEMPLATE_CODE, "map('attr')", why)
            if not self.folder.texts(node.args[0]):
                why = "maps with a filter whose name is not known"
                self._note(FactKind.TEMPLATE_UNVERIFIED, "map", why)

    def _format(self, base: nodes.Node | None) -> None:
        for text in self.folder.texts(base):
            if is_wide(text):
                self._note(FactKind.BOMB, text[:40], "asks for a width that fills memory")
            if reaches_attribute(text):
                kind = FactKind.TEMPLATE_CODE
                self._note(kind, text[:80], "asks for attributes from within a format text")

    def _width(self, node: nodes.Filter) -> None:
        for argument in node.args:
            for value in self.folder.values(argument):
                if isinstance(value, int) and value > HUGE:
                    self._note(FactKind.BOMB, node.name, f"makes a text {value} wide")

    def _call(self, node: nodes.Call) -> None:
        target = node.node
        if isinstance(target, self.kinds.Getattr):
            self._method(target, node)
        elif isinstance(target, self.kinds.Name):
            self._function(target.name, node)
        else:
            why = "calls what an expression gives"
            self._note(FactKind.TEMPLATE_UNVERIFIED, type(target).__name__, why)
            for text in self.folder.texts(getattr(target, "arg", None)):
                if text in DANGEROUS_METHODS:
                    self._note(FactKind.TEMPLATE_CODE, text, "calls a function that runs commands")

    def _method(self, target: nodes.Getattr, node: nodes.Call) -> None:
        if target.attr in DANGEROUS_METHODS:
            why = "calls a method that runs commands or reaches files"
            self._note(FactKind.TEMPLATE_CODE, target.attr, why)
        elif target.attr in {"join", "replace"}:
            self._made_text(node)
        elif target.attr == "format":
            self._made_text(node)
            self._format(target.node)
            if not self.folder.values(target.node):
                why = "formats with a text that is not known"
                self._note(FactKind.TEMPLATE_UNVERIFIED, "format", why, Severity.LOW)
        elif target.attr in {"center", "ljust", "rjust", "zfill"}:
            for value in self.folder.values(node.args[0] if node.args else None):
                if isinstance(value, int) and value > HUGE:
                    self._note(FactKind.BOMB, target.attr, f"makes a text {value} wide")
        elif target.attr not in METHODS and getattr(target.node, "name", "") not in _OWN:
            why = "calls a method that chat templates do not have"
            self._note(FactKind.TEMPLATE_UNVERIFIED, target.attr, why)

    def _function(self, name: str, node: nodes.Call) -> None:
        if name in DANGEROUS_METHODS and name not in self.names:
            self._note(FactKind.TEMPLATE_CODE, name, "calls a function that runs commands")
        elif name == "range":
            sizes = [value for part in node.args for value in self.folder.values(part)]
            if any(isinstance(size, int) and abs(size) > HUGE for size in sizes):
                self._note(FactKind.BOMB, "range", "loops over more than a million numbers")
        elif name not in FUNCTIONS and name not in self.names and name not in GATEWAYS:
            self._unknown(name, "calls a function that chat templates do not have")

    def _name(self, node: nodes.Name) -> None:
        if node.ctx != "load" or node.name in self.names:
            return
        if node.name.startswith("__") or node.name in CRITICAL_GATEWAYS:
            self._hidden(node.name)

    def _include(self, node: Any) -> None:
        paths = self.folder.texts(node.template) or ("another template",)
        outside = any(leaves_folder(path) for path in paths)
        danger = Severity.HIGH if self.is_chat or outside else Severity.LOW
        self._note(FactKind.TEMPLATE_CODE, paths[0], "reads another file", danger)

    def _product(self, node: nodes.Mul) -> None:
        sides = [self.folder.values(side) for side in (node.left, node.right)]
        for mine, other in (sides, sides[::-1]):
            numbers = [abs(value) for value in mine if isinstance(value, int)]
            longest = max((len(item) for item in other if isinstance(item, str | list)), default=1)
            for value in numbers:
                if value > HUGE or value * longest > MOST_MADE:
                    self._note(FactKind.BOMB, str(value)[:40], "multiplies by a huge number")

    def _power(self, node: nodes.Pow) -> None:
        for value in self.folder.values(node.right):
            if isinstance(value, int) and value > 1000:
                self._note(FactKind.BOMB, str(value)[:40], "raises to a huge power")

    def _modulo(self, node: nodes.Mod) -> None:
        for text in self.folder.texts(node.left):
            if is_wide(text):
                self._note(FactKind.BOMB, text[:40], "asks for a width that fills memory")

    def _constant(self, node: nodes.Const) -> None:
        if isinstance(node.value, str):
            self._poison(node.value)

    def _poison(self, text: str) -> None:
        for words, why in poison_in(text) if self.is_chat else hidden_in(text):
            self._note(FactKind.TEMPLATE_POISON, words, why)


def _with_itself(node: Any, kind: Any) -> Iterator[Any]:
    if isinstance(node, kind):
        yield node
    yield from node.find_all(kind)
