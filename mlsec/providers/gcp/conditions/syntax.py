"""The language of IAM conditions, a part of CEL: read into a tree, or refused with a reason."""

from __future__ import annotations

import msgspec

from mlsec.core.regex import regex
from mlsec.providers.gcp.conditions.errors import NotUnderstoodError

_MOST_CHARACTERS = 12_000  # Google refuses more than twelve logical operators
_DEEPEST = 60
_TOKEN = regex(
    r"\s*+(?:(?P<number>\d++\.\d++|\d++u?+)|(?P<raw>[rR](?:\"[^\"]*+\"|'[^']*+'))"
    r"|(?P<string>\"(?:[^\"\\\n]|\\.|(?!))*+\"|'(?:[^'\\\n]|\\.|(?!))*+')"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*+)|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/%<>!?:.,()\[\]]))"
)
_ESCAPE = regex(
    r"\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|[xX]([0-9a-fA-F]{2})|([0-3][0-7]{2})|(.))"
)
_PLAIN = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
_CONSTANTS = {"true": True, "false": False, "null": None}
# Looser binding first; "?:" stands below all of them.
_BINDING = {
    "||": 1, "&&": 2, "==": 3, "!=": 3, "<": 3, "<=": 3, ">": 3, ">=": 3, "in": 3,
    "+": 4, "-": 4, "*": 5, "/": 5, "%": 5,
}  # fmt: skip


class Literal(msgspec.Struct, frozen=True):
    """A constant: a string, a number, true, false or null."""

    value: str | int | float | bool | None


class Attribute(msgspec.Struct, frozen=True):
    """A name with its dots, such as resource.name."""

    path: str


class ListOf(msgspec.Struct, frozen=True):
    """A list that is written out."""

    items: tuple[Node, ...]


class Call(msgspec.Struct, frozen=True):
    """A function, or a method of ``target``."""

    name: str
    arguments: tuple[Node, ...]
    target: Node | None = None


class Operation(msgspec.Struct, frozen=True):
    """An operator with its operands: ``!`` and ``neg`` have one, ``?`` has three."""

    sign: str
    operands: tuple[Node, ...]


Node = Literal | Attribute | ListOf | Call | Operation


def parse(text: str) -> Node:
    """Read an expression.

    Raises:
        NotUnderstoodError: it is not of this language, or longer than Google accepts.
    """
    if len(text) > _MOST_CHARACTERS:
        raise NotUnderstoodError("it is too long")
    reader = _Reader(_tokens(text))
    node = reader.expression()
    if reader.kind:
        raise NotUnderstoodError(f"{reader.text!r} is not expected there")
    return node


def walk(node: Node) -> list[Node]:
    """Give a node and everything below it."""
    match node:
        case ListOf(items=below) | Operation(operands=below):
            pass
        case Call(arguments=below, target=target):
            below = (*below, *((target,) if target is not None else ()))
        case _:
            below = ()
    return [node, *(below_it for child in below for below_it in walk(child))]


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    stripped = text.rstrip()
    while position < len(stripped):
        match = _TOKEN.match(stripped, position)
        if match is None:
            raise NotUnderstoodError(f"{stripped[position : position + 20]!r} is not understood")
        tokens.append((str(match.lastgroup), match.group(str(match.lastgroup))))
        position = match.end()
    return [*tokens, ("", "")]


class _Reader:
    """A parser by precedence over tokens."""

    def __init__(self, tokens: list[tuple[str, str]]) -> None:
        self._tokens, self._at, self._depth = tokens, 0, 0

    @property
    def kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def text(self) -> str:
        return self._tokens[self._at][1]

    def expression(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise NotUnderstoodError("it is nested too deeply")
        node = self._binary(1)
        if self._takes("?"):
            chosen = self._binary(1)
            self._expect(":")
            node = Operation("?", (node, chosen, self.expression()))
        self._depth -= 1
        return node

    def _binary(self, binding: int) -> Node:
        node = self._unary()
        while self.kind in ("sign", "name") and _BINDING.get(self.text, 0) >= binding:
            sign = self._next()
            node = Operation(sign, (node, self._binary(_BINDING[sign] + 1)))
        return node

    def _unary(self) -> Node:
        signs = []
        while self.kind == "sign" and self.text in ("!", "-"):
            signs.append(self._next())
        node = self._member()
        for sign in reversed(signs):
            node = Operation("!" if sign == "!" else "neg", (node,))
        return node

    def _member(self) -> Node:
        node = self._primary()
        while self.kind == "sign" and self.text in (".", "["):
            if self._next() == "[":
                node = Operation("[", (node, self.expression()))
                self._expect("]")
                continue
            name = self._name()
            if self.text == "(":
                node = Call(name, self._list("(", ")"), node)
            elif isinstance(node, Attribute):
                node = Attribute(f"{node.path}.{name}")
            else:
                raise NotUnderstoodError(f"the field {name!r} of a value")
        return node

    def _primary(self) -> Node:
        kind, text = self.kind, self.text
        if text == "(":
            self._next()
            node = self.expression()
            self._expect(")")
            return node
        if text == "[" and kind == "sign":
            return ListOf(self._list("[", "]"))
        if kind == "name":
            self._next()
            if text in _CONSTANTS:
                return Literal(_CONSTANTS[text])
            return Call(text, self._list("(", ")")) if self.text == "(" else Attribute(text)
        if not kind or kind == "sign":
            raise NotUnderstoodError(f"{text!r} is not expected there" if text else "it ends early")
        self._next()
        return Literal(_constant(kind, text))

    def _list(self, opens: str, closes: str) -> tuple[Node, ...]:
        self._expect(opens)
        items = []
        while self.text != closes or self.kind != "sign":
            items.append(self.expression())
            if not self._takes(","):
                break
        self._expect(closes)
        return tuple(items)

    def _name(self) -> str:
        if self.kind != "name":
            raise NotUnderstoodError(f"a name is expected, not {self.text!r}")
        return self._next()

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _takes(self, sign: str) -> bool:
        if self.kind != "sign" or self.text != sign:
            return False
        self._next()
        return True

    def _expect(self, sign: str) -> None:
        if not self._takes(sign):
            raise NotUnderstoodError(f"{sign!r} is expected, not {self.text!r}")


def _constant(kind: str, text: str) -> str | int | float:
    if kind == "raw":
        return text[2:-1]
    if kind == "string":
        return _ESCAPE.sub(lambda m: _unescaped(m.groups()), text[1:-1])
    return float(text) if "." in text else int(text.rstrip("u"))


def _unescaped(groups: tuple[str | None, ...]) -> str:
    short, long, byte, octal, plain = groups
    if plain is not None:
        return _PLAIN.get(plain, plain)
    number = int(short or long or byte or octal or "0", 8 if octal else 16)
    if number > 0x10FFFF:
        raise NotUnderstoodError("a character that does not exist")
    return chr(number)
