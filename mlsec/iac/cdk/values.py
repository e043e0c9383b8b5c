"""What expressions of a CDK app come to: values, and what stands for things that it makes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.iac.mapping.path_lookup import fold

# Under this key a mapping says why it may have more entries than are known.
OPEN = "…"


# What a function or task runs as; who has it can do to it what could be done to the thing itself.
_ROLES = ("role", "grantprincipal")


class Symbol(msgspec.Struct, frozen=True):
    """Something of a library, by its path: ``aws_s3.BucketEncryption.KMS``; or ``this``."""

    path: str

    @property
    def last(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


class Applied(msgspec.Struct, frozen=True, eq=False):
    """A method that is called on a thing, or an attribute of it that is set (``name=``)."""

    name: str
    arguments: tuple[Node, ...]
    line: int
    doubt: str = ""


class Made(msgspec.Struct, kw_only=True, eq=False):
    """What a call gives; each call of a file gives one thing.

    ``path`` is that of the class or function; for a method of another thing ``of`` is that thing
    and ``path`` the method. ``owner`` is the class whose method calls it. ``applied`` is what is
    then done to it, and ``given_to`` the things and methods that it is handed to.
    ``is_shared``: other files may get at it. ``is_held``: it stands in a list, a mapping or an
    expression that is followed no further.
    """

    path: str
    arguments: tuple[Node, ...] = ()
    props: Mapping[str, Node] = msgspec.field(default_factory=dict)
    of: Made | Member | None = None
    line: int = 0
    column: int = 0
    owner: str = ""
    doubt: str = ""
    applied: list[Applied] = msgspec.field(default_factory=list)
    given_to: list[Made | str] = msgspec.field(default_factory=list)
    is_shared: bool = False
    is_held: bool = False

    @property
    def root(self) -> Made:
        """The thing whose method it is, or whose method that is the method of."""
        made = self
        while made.of is not None:
            made = made.of if isinstance(made.of, Made) else made.of.of
        return made

    @property
    def kind(self) -> str:
        """The path as both languages write it; that of a method begins with a dot."""
        return fold(self.path) if self.of is None else f".{fold(self.path)}"

    @property
    def name(self) -> str:
        """The name of the class or method."""
        return self.path.rpartition(".")[2]

    def get(self, name: str) -> Node | None:
        """Give a property; None when it is not given, or given as nothing."""
        result = self.props.get(name)
        if result is None:
            wanted = fold(name)
            result = next((v for k, v in self.props.items() if fold(k) == wanted), None)
        if result is None or result.value is None:
            return self.props.get(OPEN)
        return result

    def argument(self, index: int) -> Node | None:
        """Give an argument by its place."""
        return self.arguments[index] if index < len(self.arguments) else None


class Member(msgspec.Struct, frozen=True, eq=False):
    """An attribute of a thing, or one of an attribute of it."""

    of: Made
    names: tuple[str, ...]


def things_in(node: Node) -> Iterator[Made]:
    """Give every thing that a value holds."""
    waiting = [node.value]
    for _ in range(10_000):
        if not waiting:
            return
        value = waiting.pop()
        if isinstance(value, Made):
            yield value
        elif isinstance(value, Member) and fold(value.names[-1]) in _ROLES:
            yield value.of
        elif isinstance(value, tuple):
            waiting.extend(item.value for item in value)
        elif isinstance(value, Mapping):
            waiting.extend(item.value for item in value.values())


def unknown_at(node: Node, why: str) -> Node:
    """Give what stands at a place and is not known."""
    return Node(UnknownValue(why), node.line, node.column)
