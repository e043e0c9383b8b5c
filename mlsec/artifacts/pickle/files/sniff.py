"""Recognises a pickle by its first opcodes, without taking text for one."""

from __future__ import annotations

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.errors import ArtifactError
from mlsec.artifacts.pickle.known_names import Standing
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.artifacts.pickle.vm.literals import read_float, read_index, read_integer, read_quoted
from mlsec.artifacts.pickle.vm.opcodes import ARGUMENTS, FRAME, PROTO, STOP, Argument
from mlsec.core.regex import regex

_FIXED = {
    Argument.NONE: 0, Argument.BYTES_1: 1, Argument.BYTES_2: 2, Argument.BYTES_4: 4,
    Argument.BYTES_8: 8,
}  # fmt: skip
_COUNTED = {Argument.COUNTED_1: 1, Argument.COUNTED_4: 4, Argument.COUNTED_8: 8}
_NAME = regex(rb"[A-Za-z_][\w.]*\Z")
_BINARY = regex(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\xff]")
# What people name pickles: a second mark where the opcodes alone could be words.
_NAMED = regex(r"\.(?:pkl|pickle|pck|p|dill|joblib|sav|pt|pth|ckpt)(?:\.[\w.]{1,60})?\Z")
LONGEST_IMPORT = 512
_IMPORT = regex(rb"[ci][A-Za-z_][\w.]{0,250}\n[A-Za-z_][\w.]{0,250}\n")
ACTS = frozenset(b"Rob\x81\x92")
# Opcodes that must follow one another without a mistake before bytes without magic are a pickle.
ENOUGH = 24
# How many bytes are read behind a literal with which the ones before end, and how often.
FURTHER, HOPS = 64 << 10, ENOUGH
# Eight bytes that are by chance a number up to this one, and not 0, are met once in 16 million.
FRAME_BYTES = 1 << 40

# What each opcode takes from the stack and leaves on it; opcodes that go to a MARK are apart.
_TAKES = {
    **dict.fromkeys(b"0a\x85bR2Q\x81\x86\x93\x94qrp", 1),
    **dict.fromkeys(b"aRb\x81\x86\x93", 2),
    **dict.fromkeys(b"s\x87\x92", 3),
}
_LEAVES_NONE = frozenset(b"0")
_TO_MARK = frozenset(b"1eutldio\x90\x91")
# Read as a pickle, it begins with a persistent id that ends at the first line break.
_ZIP = b"PK\x03\x04"
_LINES = frozenset(b"SVFILPgp")
_KEEPS = frozenset(b"\x94qrp\x80\x95\x98")


def sniff_pickle(head: bytes, window: Window) -> bool:
    """Say whether the bytes begin a pickle of any protocol.

    With the magic of protocol 2 and later one more opcode is enough; without it the first
    opcodes must fit the stack, up to a STOP, a call, or 24 of them.
    """
    if len(head) < 2:
        return False
    if head[0] == PROTO and head[1] <= 5:
        return len(head) == 2 or head[2] in ARGUMENTS
    if head[0] not in ARGUMENTS:
        return False
    trial, base = Trial(head, window.size_bytes <= len(head)), 0
    trial.is_named = bool(_NAMED.search(window.name.lower()))
    for _ in range(HOPS):
        if trial.is_pickle():
            return True
        if base == 0 and head.startswith(_ZIP):
            break  # torch opens it as an archive, and pickle has no persistent ids of its own
        base = trial.beyond(window, base)
        if base < 0:
            break
        more = window.read(base, FURTHER)
        trial.go_on(more, is_whole=base + len(more) >= window.size_bytes)
    # Nothing but opcodes so far, and no second mark: an import would be one.
    return trial.count >= HOPS * ENOUGH and base > 0 and _imports_beyond(window, base)


def _imports_beyond(window: Window, start: int) -> bool:
    last = b""
    for block in window.blocks(start):
        if _IMPORT.search(last + block):
            return True
        last = block[-LONGEST_IMPORT:]
    return False


class Trial:
    """A first walk that only counts what is on the stack."""

    def __init__(self, head: bytes, is_whole: bool) -> None:  # noqa: FBT001
        self.head = head
        self.is_whole = is_whole
        self.depth = 0
        self.marks: list[int] = []
        self.imports = 0
        # An import of what no text would name by chance: a pickle even if it breaks right after.
        self.is_known_danger = False
        self.is_text = False
        # Whether its name is one that pickles have, and how many literals on lines were no words.
        self.is_named, self.lines = False, 0
        self.is_binary = bool(_BINARY.search(head))
        # A FRAME: whatever follows it, as it may be read in more ways than this one.
        self.has_frame = False
        # Where the next opcode is, how many were before it, and whether it is a line without end.
        self.position, self.count, self.is_open = 0, 0, False

    def is_pickle(self) -> bool:
        while self.position < len(self.head):
            code = self.head[self.position]
            if code == STOP:
                if self.depth <= (self.marks[-1] if self.marks else 0):
                    return False
                if not self.marks and not self.is_text and self._is_marked(is_ended=True):
                    return True
                # Words by chance, if no stream that acts follows.
                self.depth, self.marks, self.position = 0, [], self.position + 1
                continue
            try:
                self.position = self.step(code, self.position)
            except (ArtifactError, IndexError):
                is_last = b"\n" not in self.head[self.position :] and not self.is_whole
                self.is_open = code in _LINES and is_last
                return self.is_known_danger
            self.count += 1
            if (self.imports and code in ACTS) or code in b"io" or self.has_frame:
                return True
            if self.count >= ENOUGH and not self.is_text and self._is_marked():
                return True
        # The head ended inside a long literal: believed only after something telling.
        # A list of two words may be an import by chance; nothing follows it.
        if self.imports and (self.count > 1 or self.is_known_danger):
            return True
        return not self.is_whole and self.count > 2 and not self.is_text and self._is_marked()

    def _is_marked(self, *, is_ended: bool = False) -> bool:
        """Whether more than opcodes that fit says that this is a pickle.

        Without the magic they may be letters of a text ("N.", "M,0.455") or single numbers.
        """
        if self.imports or self.lines or self.is_named:
            return True
        if is_ended:
            rest = self.head[self.position + 1 :].strip(b"\r\n\0 ")
            return self.is_whole and not rest
        return self.is_binary

    def beyond(self, window: Window, base: int) -> int:
        """Where the stream goes on behind the bytes that begin at ``base``; -1 if it does not."""
        end = base + self.position
        if not self.is_open:
            return end if len(self.head) <= self.position and end < window.size_bytes else -1
        for block in window.blocks(end):
            newline = block.find(b"\n")
            if newline >= 0:
                return end + newline + 1
            end += len(block)
        return -1

    def go_on(self, head: bytes, *, is_whole: bool) -> None:
        """Go on with these bytes, which follow what was passed."""
        self.head, self.is_whole = head, is_whole
        self.is_binary = self.is_binary or bool(_BINARY.search(head))
        self.position, self.is_open = 0, False

    def step(self, code: int, position: int) -> int:
        """Where the next opcode is, after this one has moved the stack.

        Raises:
            ArtifactError, IndexError: it does not fit.
        """
        self._move(code)
        argument = ARGUMENTS.get(code)
        position += 1
        if argument is None:
            raise ArtifactError("no opcode")
        if argument in _FIXED:
            end = position + _FIXED[argument]
            # The first entry of a memo: no text has it.
            self.lines += code == 0x94 or (code == ord("q") and self.head[position:end] == b"\0")
            if code == FRAME:
                length = int.from_bytes(self.head[position:end], "little")
                self.has_frame |= 0 < length < FRAME_BYTES and end <= len(self.head)
            return end
        if argument in _COUNTED:
            # Without PROTO these are of no protocol that writes text only: words that happen to
            # be opcodes, unless they import something.
            self.is_text = self.is_text or not _BINARY.search(self.head)
            width = _COUNTED[argument]
            return (
                position + width + int.from_bytes(self.head[position : position + width], "little")
            )
        lines = []
        for _ in range(2 if argument is Argument.TWO_LINES else 1):
            end = self.head.index(b"\n", position) if b"\n" in self.head[position:] else -1
            if end < 0:
                raise ArtifactError("no line end")
            self._check_line(code, self.head[position:end])
            lines.append(self.head[position:end].decode("latin-1"))
            position = end + 1
        if len(lines) == 2:
            standing = shipped_policy().look_up(*lines).standing
            self.is_known_danger |= standing is Standing.DENIED
        return position

    def _check_line(self, code: int, line: bytes) -> None:
        self.lines += code not in b"ci"
        if code in b"ci":
            self.imports += 1
            if not _NAME.match(line):
                raise ArtifactError("no name")
        elif code in b"IL":
            read_integer(line)
        elif code in b"P" and not line.isascii():
            raise ArtifactError("no persistent id")
        elif code in b"gp":
            read_index(line)
        elif code in b"S":
            read_quoted(line)
        elif code in b"F":
            read_float(line)

    def _move(self, code: int) -> None:
        if code == ord("("):
            self.marks.append(self.depth)
            return
        if code in _TO_MARK:
            mark = self.marks.pop()
            has_items, self.depth = self.depth > mark, mark
            if code in b"eu\x90" and not self.depth:
                raise ArtifactError("nothing to put into")
            if code == ord("o") and not has_items:
                raise ArtifactError("no class to make")
            self.depth += 0 if code in b"1eu\x90" else 1
            return
        if code == ord("0") and self.marks and self.marks[-1] == self.depth:
            self.marks.pop()
            return
        needed = _TAKES.get(code, 0)
        if self.depth < needed:
            raise ArtifactError("empty stack")
        if code in _KEEPS:
            return
        self.imports += code == 0x93
        self.depth += {ord("0"): -1, ord("a"): -1, ord("s"): -2, ord("b"): -1, ord("2"): 1}.get(
            code, 1 - needed
        )
