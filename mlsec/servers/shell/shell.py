"""The variables and arrays of a shell's text, followed command by command; nothing is run.

What only one branch sets is not known behind it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.shell.expand import Lookup
from mlsec.servers.shell.growth import Growth, Tell
from mlsec.servers.shell.shell_tokens import Command, split_joined

# What a file sets that a text takes in; None where the file was not read.
Sourced = Callable[[str], Mapping[str, Node] | None]
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)(\+?=)(.*)", re.S)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_OPENING = frozenset({"if", "while", "until", "for", "case", "select", "{"})
_CLOSING = frozenset({"fi", "done", "esac", "}"})
_BETWEEN = frozenset({"then", "do", "!", "time"})
_OTHERWISE = frozenset({"else", "elif"})
_ALONE = frozenset({"if", "while", "until", "{", *_CLOSING, *_BETWEEN, *_OTHERWISE})
_DECLARING = frozenset({"export", "declare", "local", "typeset", "readonly"})
_READING = frozenset({"read", "getopts", "mapfile", "readarray"})
# They set paths of programs and prompts, and nothing that a server is started with.
_HARMLESS = re.compile(
    r"(?:^|/)(?:activate|\.?bashrc|\.?profile|\.?bash_profile|conda\.sh|nvm\.sh)$"
)
_OR = ("&&", "||")
# A branch keeps what each variable was before it, so the time grows with the square of these.
_MAX_COMMANDS = 5_000
_CHARS_PER_WORD = 16
_Held = tuple[dict[str, Node], dict[str, tuple[Node, ...]]]


class Shell:
    """What a text has set so far; ``exported`` is what the commands it starts see."""

    def __init__(
        self, outside: Lookup, sourced: Sourced | None = None, tell: Tell | None = None
    ) -> None:
        self._outside, self._sourced = outside, sourced
        self._growth = Growth(tell)
        self._vars: dict[str, Node] = {}
        self._arrays: dict[str, tuple[Node, ...]] = {}
        self._exported: set[str] = set()
        self._exports_all = False
        self._unread = ""
        # For each open block: what held before it, and the names that a branch of it has set.
        self._blocks: list[tuple[_Held, set[str]]] = []
        # How many blocks are open inside of each ``case``, itself included.
        self._cases: list[int] = []
        self._expects_pattern = False
        self._chain: _Held | None = None

    @property
    def exported(self) -> dict[str, Node]:
        """The variables that a command sees in its environment."""
        return {name: self._vars[name] for name in sorted(self._exported) if name in self._vars}

    @property
    def known(self) -> Mapping[str, Node]:
        """All variables that the text has set."""
        return self._vars

    def commands(
        self, text: str, *, line: int = 1, column: int = 1, is_one_place: bool = False
    ) -> Iterator[Command]:
        """Yield each command that is not an assignment, with its variables filled in."""
        parts = split_joined(
            text,
            self._lookup,
            self._array,
            line=line,
            column=column,
            is_one_place=is_one_place,
            alone=_ALONE,
        )
        for count, (before, command, after) in enumerate(parts):
            if count >= _MAX_COMMANDS:
                self._growth.note(f"more than {_MAX_COMMANDS} commands")
                return
            self._growth.line = command[0].line if command else self._growth.line
            self._begin(before)
            if not self._is_pattern(command, before, after):
                opened = len(self._cases)
                words = self._without_keywords(command, before)
                self._expects_pattern = len(self._cases) > opened and after != ")"
                if words and not self._takes(words):
                    yield words
            self._expects_pattern = self._expects_pattern or after == ";;"
            self._end(after)

    def _lookup(self, name: str) -> str | UnknownValue | None:
        var = self._vars.get(name)
        if var is not None:
            if isinstance(var.value, UnknownValue):
                return var.value
            return self._growth.take(len(str(var.value))) or str(var.value)
        if self._unread:
            return UnknownValue(f"the variable {name} may be set in {self._unread}")
        return self._outside(name)

    def _array(self, name: str) -> tuple[Node, ...] | None:
        words = self._arrays.get(name)
        # A word takes far more room than its text.
        hidden = self._growth.take(_CHARS_PER_WORD * len(words)) if words else None
        return words if hidden is None else (Node(hidden),)

    def _begin(self, before: str) -> None:
        """A chain of && and || is a branch: what it sets is not known behind it."""
        if before in _OR and self._chain is None:
            self._chain = self._held()

    def _end(self, after: str) -> None:
        if after not in _OR and self._chain is not None:
            result, self._chain = self._chain, None
            self._leave(result, _changed(result, self._held()))

    def _is_pattern(self, command: Command, before: str, after: str) -> bool:
        """Whether words are a pattern of a ``case``: they stand behind ``in`` or ``;;``."""
        is_in_case = bool(self._cases) and self._cases[-1] == len(self._blocks)
        is_expected = is_in_case and (self._expects_pattern or before == ";;")
        if not is_expected or (command and command[0].value == "esac"):
            return False
        # A pattern may stand in brackets.
        if before in (";;", "("):
            self._turn()
        self._expects_pattern = after != ")"
        return True

    def _without_keywords(self, command: Command, before: str) -> Command:
        words = command
        if before == ";;" and self._blocks:
            self._turn()
        while words:
            first = words[0].value
            if first in _OPENING:
                self._blocks.append((self._held(), set()))
                if first == "case":
                    self._cases.append(len(self._blocks))
                if first in ("for", "case", "select"):
                    self._forget(words[1:2] if first != "case" else ())
                    return ()
            elif first in _CLOSING:
                self._close()
            elif first in _OTHERWISE:
                self._turn()
            elif first not in _BETWEEN:
                if first == "function" and words[-1].value == "{":
                    self._blocks.append((self._held(), set()))
                    return ()
                break
            words = words[1:]
        return words

    def _turn(self) -> None:
        """Begin another branch of the innermost block."""
        if not self._blocks:
            return
        result, changed = self._blocks[-1]
        changed |= _changed(result, self._held())
        self._vars, self._arrays = dict(result[0]), dict(result[1])

    def _close(self) -> None:
        if self._blocks:
            self._turn()
            result, changed = self._blocks.pop()
            if self._cases and self._cases[-1] > len(self._blocks):
                self._cases.pop()
            self._leave(result, changed)

    def _leave(self, value: _Held, changed: set[str]) -> None:
        self._vars, self._arrays = dict(value[0]), dict(value[1])
        for name in changed:
            doubt = Node(UnknownValue(f"the variable {name} is set only in a branch"))
            if name.startswith("("):
                bare = name[1:]
                self._arrays[bare] = (*self._arrays.get(bare, ()), doubt)
            else:
                self._vars[name] = doubt

    def _held(self) -> _Held:
        return dict(self._vars), dict(self._arrays)

    def _takes(self, words: Command) -> bool:
        """Take what only changes the state; False for a command that is run."""
        first = words[0].value
        if first in _DECLARING:
            self._declare(words, is_export=first == "export")
            return True
        pairs = [_pair(word) for word in words]
        if all(pair is not None for pair in pairs):
            for pair in pairs:
                self._assign(*pair) if pair is not None else None
            return True
        if first in ("source", ".") and len(words) > 1:
            self._source(words[1])
        elif first in _READING:
            self._forget(words[1:])
        elif first == "unset":
            for word in words[1:]:
                self._vars.pop(str(word.value), None)
                self._arrays.pop(str(word.value), None)
        elif first == "set" and {"-a", "allexport"} & {word.value for word in words[1:]}:
            self._exports_all = True
        else:
            return False
        return True

    def _declare(self, words: Command, *, is_export: bool) -> None:
        is_export = is_export or any(word.value == "-x" for word in words[1:])
        for word in words[1:]:
            pair = _pair(word)
            if pair is not None:
                self._assign(*pair)
            name = pair[0] if pair is not None else str(word.value)
            if is_export and _NAME.match(name):
                self._exported.add(name)

    def _assign(self, name: str, sign: str, node: Node) -> None:
        if isinstance(node.value, tuple):
            result = self._arrays.get(name, ()) if sign == "+=" else ()
            self._arrays[name] = (*result, *node.value)
            return
        if sign == "+=":
            before = self._lookup(name)
            both = next((v for v in (before, node.value) if isinstance(v, UnknownValue)), None)
            node = Node(both or f"{before or ''}{node.value}", node.line, node.column)
        self._vars[name] = Node(node.value, node.line, node.column)
        if self._exports_all:
            self._exported.add(name)

    def _forget(self, words: Command) -> None:
        for word in words:
            if isinstance(word.value, str) and _NAME.match(word.value):
                why = UnknownValue(f"the variable {word.value} is read or counted while it runs")
                self._vars[word.value] = Node(why, word.line, word.column)

    def _source(self, word: Node) -> None:
        path = word.value
        if isinstance(path, str) and _HARMLESS.search(path):
            return
        sourced = self._sourced(path) if isinstance(path, str) and self._sourced else None
        if sourced is not None:
            self._vars.update(sourced)
            self._exported |= sourced.keys() if self._exports_all else set()
            return
        self._unread = (
            f"{path[:80]}, which was not read" if isinstance(path, str) else _unknown_path(word)
        )
        for name in self._vars:
            why = UnknownValue(f"the variable {name} may be set again in {self._unread}")
            self._vars[name] = Node(why, word.line, word.column)


def _unknown_path(word: Node) -> str:
    """Say which file is taken in, where its name is not known."""
    why = word.value.why if isinstance(word.value, UnknownValue) else ""
    return f"a file that is not known: {why}"


def _pair(word: Node) -> tuple[str, str, Node] | None:
    if word.tag.endswith("="):
        name = word.tag.rstrip("+=")
        return name, word.tag[len(name) :], word
    result = _ASSIGNED.fullmatch(word.value) if isinstance(word.value, str) else None
    if result is None:
        return None
    return result[1], result[2], Node(result[3], word.line, word.column)


def _changed(before: _Held, after: _Held) -> set[str]:
    """Name the variables that differ, and with a bracket in front the arrays."""
    names = {
        name
        for name in before[0].keys() | after[0].keys()
        if _value(before[0].get(name)) != _value(after[0].get(name))
    }
    return names | {
        f"({name}"
        for name in before[1].keys() | after[1].keys()
        if before[1].get(name) != after[1].get(name)
    }


def _value(node: Node | None) -> object:
    return node.value if node is not None else None
