"""Finds what makes a template act differently for some: words, days, names that are replaced."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.templates.poison import is_trigger, poison_in

if TYPE_CHECKING:
    from jinja2 import nodes

HUGE = 1_000_000
MOST_TURNS = 1 << 64
_BASE64 = re.compile(r"[A-Za-z0-9+/]{16,}={0,2}\Z")
Found = tuple[FactKind, str, str]
# A name of a place or a thing, as no mark of a format and no escaping is.
_NAMED = re.compile(r"[A-Za-z0-9][\w.@ -]{3,60}\Z")
_GATEWAYS = frozenset("self request g url_for get_flashed_messages environ app application".split())  # noqa: SIM905
_SETTINGS = frozenset("config session settings environment environ env".split())  # noqa: SIM905
_WHOLE = frozenset("items keys values copy pop popitem".split())  # noqa: SIM905
_WORD_METHODS = frozenset(("startswith", "endswith", "find", "count", "index"))


def triggers_in(
    tree: nodes.Template, kinds: Any, names: Any, texts: Callable[[Any], Any]
) -> Iterator[Found]:
    """What to note, why; ``texts`` gives the fixed texts that an expression can be."""
    for node in tree.find_all(kinds.Node):
        if isinstance(node, kinds.Call):
            yield from _call(node, kinds, texts)
        elif isinstance(node, kinds.Filter) and node.name == "replace" and node.node is not None:
            yield from _replaced(node.node, node.args, kinds, texts)
        elif isinstance(node, kinds.Compare):
            yield from _days(node, kinds)
            yield from _trigger_conditions(node, kinds)
        elif isinstance(node, kinds.For):
            yield from _loops(node, kinds)
        elif isinstance(node, kinds.Pow) and any(node.find_all(kinds.Pow)):
            yield FactKind.BOMB, "**", "raises to a power that is itself a power"
        elif isinstance(node, kinds.Const) and isinstance(node.value, str):
            yield from _encoded(node.value)
        elif isinstance(node, kinds.Name) and node.name in _GATEWAYS and node.name not in names:
            why = "touches the template itself, or an object of a web server"
            yield FactKind.TEMPLATE_UNVERIFIED, node.name, why
    yield from _settings(tree, kinds, names)


def _settings(tree: Any, kinds: Any, names: Any) -> Iterator[Found]:
    """All settings of a program at once, in which its keys are; a single one is looked up."""
    looked_up = {
        id(node.node)
        for node in tree.find_all((kinds.Getattr, kinds.Getitem))
        if not (isinstance(node, kinds.Getattr) and node.attr in _WHOLE)
    }
    tested = {id(node.node) for node in tree.find_all(kinds.Test)}
    for node in tree.find_all(kinds.Name):
        is_free = node.ctx == "load" and node.name not in names
        if node.name in _SETTINGS and is_free and id(node) not in looked_up | tested:
            why = "reads all settings of the program that renders it"
            yield FactKind.TEMPLATE_UNVERIFIED, node.name, why


def _encoded(text: str) -> Iterator[Found]:
    """Orders in base64, which a model reads and a person does not."""
    if not _BASE64.match(text):
        return
    try:
        plain = base64.b64decode(text + "=" * (-len(text) % 4)).decode("ascii")
    except ValueError:
        return
    if plain.isprintable():
        for words, why in poison_in(plain):
            yield FactKind.TEMPLATE_POISON, words, f"{why}, in base64"


def _call(node: Any, kinds: Any, texts: Callable[[Any], Any]) -> Iterator[Found]:
    target = node.node
    if not isinstance(target, kinds.Getattr):
        return
    if target.attr == "replace":
        yield from _replaced(target.node, node.args, kinds, texts)
    elif target.attr in _WORD_METHODS and _is_content(target.node, kinds):
        for word in texts(node.args[0]) if node.args else ():
            if is_trigger(word):
                yield FactKind.TEMPLATE_POISON, word, "acts on words that a user writes"


def _replaced(base: Any, given: Any, kinds: Any, texts: Callable[[Any], Any]) -> Iterator[Found]:
    if len(given) < 2 or not _is_content(base, kinds):
        return
    before, after = (next(iter(texts(part)), "") for part in given[:2])
    if _NAMED.match(before) and _NAMED.match(after):
        why = f"puts other words in the place of what is written: {after[:60]}"
        yield FactKind.TEMPLATE_POISON, before, why


def _trigger_conditions(node: Any, kinds: Any) -> Iterator[Found]:
    """A message that is searched for plain words triggers something else for some users."""
    word = node.expr.value if isinstance(node.expr, kinds.Const) else None
    if not isinstance(word, str) or not is_trigger(word):
        return
    for operand in node.ops:
        if operand.op == "in" and _is_content(operand.expr, kinds):
            yield FactKind.TEMPLATE_POISON, word, "acts on words that a user writes"


def _days(node: Any, kinds: Any) -> Iterator[Found]:
    """A comparison with the time of day or the date."""
    called = {part.node.name for part in node.find_all(kinds.Call)
              if isinstance(part.node, kinds.Name)}  # fmt: skip
    if "strftime_now" in called and any(node.find_all(kinds.Const)):
        yield FactKind.TEMPLATE_POISON, "strftime_now", "acts differently from some day on"


def _loops(node: Any, kinds: Any) -> Iterator[Found]:
    """Loops over fixed ranges inside one another."""
    size, current = 1, node
    while current is not None:
        size = min(size * _size(current, kinds), MOST_TURNS)
        current = next(iter(current.find_all(kinds.For)), None)
    if size > HUGE and _size(node, kinds) <= HUGE:
        yield FactKind.BOMB, "range", f"loops inside one another run {size} times"


def _size(node: Any, kinds: Any) -> int:
    made = node.iter
    if isinstance(made, kinds.Call) and isinstance(made.node, kinds.Name):
        numbers = [part.value for part in made.args if isinstance(part, kinds.Const)]
        if made.node.name == "range" and numbers and all(isinstance(n, int) for n in numbers):
            first, *others = (int(number) for number in numbers)
            return max(1, others[0] - first if others else first)
    return 1


def _is_content(node: Any, kinds: Any) -> bool:
    """Whether an expression reads what a message says."""
    for part in (node, *node.find_all(kinds.Node)):
        if isinstance(part, kinds.Getattr) and part.attr == "content":
            return True
        if isinstance(part, kinds.Getitem) and getattr(part.arg, "value", None) == "content":
            return True
    return False
