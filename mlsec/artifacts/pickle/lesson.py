"""Learns how a stream writes its objects: values that calls made, as expressions for the next ones.

A lesson follows the opcodes as text, without what they hold, and remembers for each argument of a
call how free it is: how much of it may differ without another verdict.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

from mlsec.artifacts.pickle.calls_alike import Role, Roles, name_role, roles_of
from mlsec.artifacts.pickle.literals import read_text, read_unicode_line
from mlsec.artifacts.pickle.memo import Memo
from mlsec.artifacts.pickle.nodes import Node, Token
from mlsec.artifacts.pickle.opcodes import ARGUMENTS, Argument
from mlsec.artifacts.pickle.passes import index_of
from mlsec.artifacts.pickle.values import ACTING_KEYS, Global, How, Value

LONGEST_TOKENS = 400
_GETS, _PUTS = frozenset(b"hjg"), frozenset(b"\x94pqr")
_TEXTS = frozenset(b"SVUTX\x8c")
_WIDTHS = {
    Argument.NONE: 1, Argument.BYTES_1: 2, Argument.BYTES_2: 3, Argument.BYTES_4: 5,
    Argument.BYTES_8: 9,
}  # fmt: skip
_COUNTED = {Argument.COUNTED_1: 1, Argument.COUNTED_4: 4, Argument.COUNTED_8: 8}


class LostError(Exception):
    """An opcode takes what was there before the lesson, or does what no lesson is made of."""


class Lesson:
    """Follows opcodes of one block; ``nodes`` are the values that are left on the stack."""

    def __init__(
        self, block: bytes, memo: Memo, globals_: Mapping[tuple[str, str], Global]
    ) -> None:
        self.block = block
        self.memo = memo
        self.globals = globals_
        self.tokens: list[Token] = []
        self.nodes: list[Node] = []
        self.marks: list[tuple[int, int]] = []

    def is_followed(self, position: int, end: int) -> bool:
        """Follow one opcode; False where the values before it are whole, and it is none of them."""
        before = len(self.nodes)
        try:
            self._follow(position, end)
        except LostError:
            # What it took before it was lost is none of the values any more.
            del self.nodes[before:]
            return False
        return True

    def _follow(self, position: int, end: int) -> None:
        code = self.block[position]
        if code in _PUTS:
            return
        step = STEPS.get(code)
        if step is None:
            raise LostError
        self.tokens.append(Token(code, position, self._end(position, code)))
        if self.tokens[-1].end != end:
            raise LostError
        step(self, code)

    def _end(self, position: int, code: int) -> int:
        argument, block = ARGUMENTS[code], self.block
        if argument in _WIDTHS:
            return position + _WIDTHS[argument]
        if argument in _COUNTED:
            start = position + 1 + _COUNTED[argument]
            return start + int.from_bytes(block[position + 1 : start], "little")
        end = block.find(b"\n", position)
        if argument is Argument.TWO_LINES and end >= 0:
            end = block.find(b"\n", end + 1)
        if end < 0:
            raise LostError
        return end + 1

    def _push(self, node: Node) -> Node:
        self.nodes.append(node)
        return node

    def _take(self, count: int) -> list[Node]:
        floor = self.marks[-1][0] if self.marks else 0
        if len(self.nodes) - floor < count:
            raise LostError
        taken = self.nodes[-count:]
        del self.nodes[-count:]
        return taken

    def _to_mark(self) -> tuple[list[Node], int]:
        if not self.marks:
            raise LostError
        floor, first = self.marks.pop()
        taken = self.nodes[floor:]
        del self.nodes[floor:]
        return taken, first

    @property
    def _now(self) -> int:
        return len(self.tokens) - 1

    def leaf(self, code: int) -> None:
        """A literal, or an entry of the memo."""
        node = self._push(Node("leaf", self._now, self._now))
        if code in _GETS:
            node.kind, node.value = "get", self._held(self.tokens[-1])

    def _held(self, token: Token) -> Value:
        index = index_of(self.block[token.start : token.end])
        if not self.memo.is_steady(index):
            raise LostError
        return self.memo.get(index)

    def empty(self, code: int) -> None:
        """A container without items."""
        self._push(Node("tuple" if code == ord(")") else "box", self._now, self._now))

    def mark(self, _code: int) -> None:
        """MARK."""
        self.marks.append((len(self.nodes), self._now))

    def marked(self, code: int) -> None:
        """TUPLE, LIST, DICT, FROZENSET."""
        kids, first = self._to_mark()
        self._name_what_acts(kids)
        self._push(Node("tuple" if code == ord("t") else "box", first, self._now, kids))

    def tuples(self, code: int) -> None:
        """TUPLE1 to TUPLE3."""
        kids = self._take(code - 0x84)
        self._name_what_acts(kids)
        self._push(Node("tuple", kids[0].first, self._now, kids))

    def added(self, code: int) -> None:
        """Items for a container or an object."""
        width = {ord("a"): 1, ord("s"): 2}.get(code, 0)
        if not (self.marks[-1][0] if self.marks and not width else len(self.nodes) - width):
            raise LostError  # into what was there before: the values are whole
        kids = self._take(width) if width else self._to_mark()[0]
        (target,) = self._take(1)
        for key in kids[::2] if target.kind == "result" and code in b"su" else ():
            self.restrict(key, Role.FIXED)  # among items of an object a hook acts
        self._join(target, kids)

    def _name_what_acts(self, values: list[Node]) -> None:
        """What may be called is judged by the name before it, in a table: that is no other word."""
        for key, value in pairwise(values):
            is_text = value.kind == "get" and type(value.value) is str
            if value.is_call or (value.value is not None and not is_text):
                if key.kind == "get":
                    self.restrict(key, Role.FIXED)
                elif key.kind == "leaf" and self.tokens[key.first].code in _TEXTS:
                    self.restrict(key, Role.SILENT)

    def _join(self, target: Node, kids: list[Node]) -> None:
        self._name_what_acts(kids)
        target.kids += kids
        target.last = self._now
        target.is_call |= any(kid.is_call for kid in kids)
        target.is_bad |= any(kid.is_bad for kid in kids) or target.kind not in ("box", "result")
        self._push(target)

    def named(self, code: int) -> None:
        """GLOBAL and STACK_GLOBAL: the very name counts."""
        token = self.tokens[-1]
        if code == ord("c"):
            module, name = self.block[token.start + 1 : token.end - 1].split(b"\n")
            kids: list[Node] = []
            key = (module.decode("utf-8", "replace"), name.decode("utf-8", "replace"))
        else:
            kids = self._take(2)
            key = (self._text(kids[0]), self._text(kids[1]))
        token.role = Role.FIXED
        node = Node("name", kids[0].first if kids else self._now, self._now, kids)
        node.value = self.globals.get(key)
        for kid in kids:
            self.restrict(kid, Role.FIXED)
        self._push(node)

    def _text(self, node: Node) -> str:
        token = self.tokens[node.first]
        data = self.block[token.start : token.end]
        if node.kind == "get":
            return node.value if type(node.value) is str else ""
        if token.code == ord("V"):
            return read_unicode_line(data[1:-1])
        skipped = {0x8C: 2, ord("X"): 5}.get(token.code, len(data))
        return read_text(data[skipped:])

    def _acts(self, key: Node) -> bool:
        """Whether what a state puts under a key must be looked at, each time."""
        token = self.tokens[key.first]
        if key.kind == "get" or token.code != ord("S"):
            return self._text(key) in ACTING_KEYS
        return any(one in self.block[token.start : token.end] for one in (b"_", b"\\"))

    def reduced(self, _code: int) -> None:
        """REDUCE."""
        function, arguments = self._take(2)
        self._called(How.REDUCE, function, [arguments], function.first)

    def instantiated(self, code: int) -> None:
        """NEWOBJ and NEWOBJ_EX."""
        function, *arguments = self._take(3 if code == 0x92 else 2)
        self._called(How.NEW, function, arguments, function.first)

    def obj(self, _code: int) -> None:
        """OBJ."""
        taken, first = self._to_mark()
        if not taken:
            raise LostError
        self._called(How.OBJ, taken[0], [Node("tuple", first, self._now, taken[1:])], first)

    def _called(self, how: How, function: Node, arguments: list[Node], first: int) -> None:
        made = Node("result", first, self._now, [function, *arguments])
        made.is_call = True
        self._push(made)
        self.restrict(function, Role.FIXED)
        if type(function.value) is not Global:
            # Which value is called says what the call does: only the same again is alike.
            for one in arguments:
                self.restrict(one, Role.FIXED)
            made.is_bad |= function.kind in ("leaf", "tuple", "box")
            return
        given = arguments[0].kids if arguments[0].kind == "tuple" else None
        # How many there are matters too, even where there are none.
        arguments[0].is_kept = True
        first_given = given[0].value if given else None
        roles = roles_of(how, function.value, first_given) if given is not None else None
        if roles is None or name_role(function.value) is Role.BAD:
            made.is_bad = True
            return
        for place, one in enumerate(given or ()):
            self.restrict(one, roles.at(place), roles, is_direct=True)
        for one in arguments[1:]:
            self.restrict(one, roles.rest, roles)

    def restrict(
        self, node: Node, role: Role, roles: Roles | None = None, *, is_direct: bool = False
    ) -> None:
        """A value, and what is in it, is given to a call."""
        inner = Role.HARMLESS if role is Role.PLAIN and not is_direct else role
        node.role = max(node.role, inner)
        token = self.tokens[node.first]
        if node.kind in ("leaf", "get"):
            token.role = max(token.role, inner)
            token.has_small_numbers |= bool(roles and roles.has_small_numbers)
        for kid in node.kids:
            self.restrict(kid, role, roles)

    def built(self, _code: int) -> None:
        """BUILD: the keys of the state must be the same, and none of its parts be read."""
        target, state = self._take(2)
        parts = state.kids if state.kind == "tuple" and len(state.kids) == 2 else [state]
        for part in (state, *parts):
            part.is_kept = True
            if part.kind == "get":
                self.restrict(part, Role.FIXED)
            elif part.kind == "leaf":
                self.restrict(part, Role.GIVEN)
            elif part.kind == "box" and self.tokens[part.first].code not in b"]\x8f":
                for key in part.kids[::2]:
                    self.restrict(key, Role.FIXED)
                    target.is_bad |= self._acts(key)
        self._join(target, [state])
        target.is_bad |= target.kind != "result"


Step = Callable[[Lesson, int], None]
STEPS: Mapping[int, Step] = {
    **dict.fromkeys(b"NKMJGILFSVXTUBC\x88\x89\x8a\x8chjg", Lesson.leaf),
    **dict.fromkeys(b")]}\x8f", Lesson.empty), ord("("): Lesson.mark,
    **dict.fromkeys(b"tld\x91", Lesson.marked), **dict.fromkeys(b"\x85\x86\x87", Lesson.tuples),
    **dict.fromkeys(b"aseu\x90", Lesson.added), **dict.fromkeys(b"c\x93", Lesson.named),
    ord("R"): Lesson.reduced, 0x81: Lesson.instantiated, 0x92: Lesson.instantiated,
    ord("o"): Lesson.obj, ord("b"): Lesson.built,
}  # fmt: skip
