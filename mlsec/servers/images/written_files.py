"""Files that a Dockerfile writes itself: echo, printf, tee and heredocs of RUN, COPY of a text."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Sequence

from mlsec.collect.code.launch import UNKNOWN_TEXT, WrittenFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.regex import regex
from mlsec.servers.images.instructions import Instruction
from mlsec.servers.images.printed import Output, printed, printed_heredoc
from mlsec.servers.shell.expand import Lookup
from mlsec.servers.shell.heredocs import Heredoc, heredocs, without_heredocs
from mlsec.servers.shell.shell_tokens import Command, no_arrays, split_joined

_REDIRECTION = regex(r"(?s)1?(>>?)\|?(.*)")
_HEREDOC = regex(r"(?s)<<-?(.*)")
_SHELL_OF_HEREDOC = regex(
    r"\s*+(?:(?:/bin/|/usr/bin/env )?(?:ba|da)?sh(?: -[a-z]+)*)?\s*+<<-?\s*+\S++\s*+"
)
# What makes it uncertain whether the commands of a RUN are run.
_BRANCH = regex(r"\|\||(?<![\w./-])(?:if|for|while|until|case)(?![\w./-])")
_ASSIGNED = regex(r"(?<![\w.-])([A-Za-z_]\w{0,80})\+?=")
_ALTERNATIVE = regex(r"\$\{\w{1,80}:?\+")
_HARMLESS = frozenset({"[", "cat", "chgrp", "chmod", "chown", "grep", "ls", "mkdir", "test"})
_MOST_TARGETS = 8
MOST_FILES = 200


class Writes:
    """What one stage has written so far, by path; ``~USER:/`` stands for the home of a user.

    ``touched`` are paths that other commands name or other images fill.
    """

    def __init__(
        self,
        shown: str,
        files: dict[str, WrittenFile] | None = None,
        touched: set[str] | None = None,
    ) -> None:
        self._shown = shown
        self.files = dict(files or {})
        self.touched = set(touched or ())

    def copied(self) -> Writes:
        """Give what a stage that goes on from here begins with."""
        return Writes(self._shown, self.files, self.touched)

    def of_copy(
        self, instruction: Instruction, words: Sequence[Node], folder: str, lookup: Lookup
    ) -> tuple[str, ...]:
        """Note the texts that a COPY holds; give the paths that they lie at."""
        target = words[-1].value if words else None
        documents = {document.head: document for document in instruction.documents}
        paths = []
        for word in words[:-1]:
            matched = _HEREDOC.fullmatch(word.value) if isinstance(word.value, str) else None
            document = documents.get(matched[1]) if matched is not None else None
            if document is None:
                continue
            name = target if isinstance(target, str) else UNKNOWN_TEXT
            if name.endswith("/") or name in (".", "..") or len(words) > 2:
                name = posixpath.join(name, document.head)
            path = posixpath.normpath(posixpath.join(folder, name))
            output = printed_heredoc(document, _with_unknowns(lookup, document.text))
            self._write(path, output, is_added=False)
            paths.append(path)
        return tuple(path for path in paths if path in self.files)

    def of_run(
        self,
        text: str,
        place: tuple[int, int],
        documents: Sequence[Heredoc],
        where: tuple[str, str],
        lookup: Lookup,
    ) -> tuple[str, ...]:
        """Note what the commands of a RUN write, in ``where`` (folder, user); give the paths."""
        line, column = place
        if documents and _SHELL_OF_HEREDOC.fullmatch(text):
            script = documents[0]
            text, line, column = without_heredocs(script.text), script.line, 1
            documents = [_moved(item, script.line - 1) for item in heredocs(script.text)]
        folder, user = where
        is_certain = _BRANCH.search(text) is None
        known = _with_unknowns(lookup, text)
        rest, piped = iter(documents), None
        paths: list[str] = []
        for before, command, after in split_joined(
            text, known, no_arrays, line=line, column=column
        ):
            words, targets, has_document = _divided(command)
            document = next(rest, None) if has_document else None
            given = printed_heredoc(document, known) if document is not None else None
            if given is None and before == "|":
                given = piped
            output = printed(words, given) if words or before != ")" else None
            piped = output if after == "|" else None
            name = words[0].value if words else ""
            if name == "cd":
                folder = posixpath.join(folder, _text(words[1:2]))
            added = name == "tee" and any(word.value == "-a" for word in words[1:3])
            if name == "tee":
                targets = [*targets, *((added, w) for w in words[1:] if str(w.value)[:1] != "-")]
                piped = None
            elif targets:
                targets = targets[-1:]
            is_known = is_certain and len(targets) <= _MOST_TARGETS
            for is_added, target in targets:
                path = _path(target, folder, user)
                if path.startswith(("/dev/", "/proc/")):
                    continue
                paths.append(path)
                self._write(path, output if is_known else None, is_added=is_added)
            self._touch(words, folder, user)
        return tuple(path for path in paths if path in self.files)

    def cover(self, target: str) -> None:
        """Forget what is known of the files at or below a path that another image fills."""
        self._note_touched(target, is_any=True)
        for path in self.files:
            if path == target or path.startswith(f"{target.rstrip('/')}/"):
                self.files[path] = WrittenFile(shown=self._shown, is_known=False)

    def _note_touched(self, path: str, *, is_any: bool = False) -> None:
        if (is_any or path == "/" or is_in_home(f"{path}/")) and len(self.touched) < MOST_FILES:
            self.touched.add(path)

    def _write(self, path: str, output: Output | None, *, is_added: bool) -> None:
        if path not in self.files and len(self.files) >= MOST_FILES:
            path, output = UNKNOWN_TEXT, None  # it may be any
        file = self.files.get(path) if is_added else None
        if output is None and not is_added:
            self.files[path] = WrittenFile(shown=self._shown, is_known=False)
            return
        self.files[path] = WrittenFile(
            shown=self._shown,
            pieces=(file.pieces if file is not None else None, tuple(output or ())),
            is_whole=(file.is_whole if file is not None else not is_added) and output is not None,
            is_known=(file is None or file.is_known) and output is not None,
        )

    def _touch(self, words: Sequence[Node], folder: str, user: str) -> None:
        """Forget what is known of the files that any other command may change."""
        if not words or words[0].value in (*_HARMLESS, "echo", "printf", "tee"):
            return
        for word in words[1:]:
            path = _path(word, folder, user)
            self._note_touched(path)
            if path in self.files:
                self.files[path] = WrittenFile(shown=self._shown, is_known=False)


def home_of(user: str) -> str:
    """Give what stands for the home of a user."""
    return f"~{user}:/"


def is_in_home(path: str) -> bool:
    """Whether a path lies in the home of a user."""
    return path.startswith(("~", "/root/", "/home/"))


def _with_unknowns(lookup: Lookup, text: str) -> Lookup:
    """Give a lookup that marks what is not known, so that the text around it can be read."""
    own = {matched[1] for matched in _ASSIGNED.finditer(text)} if "$" in text else set()
    is_asked = _ALTERNATIVE.search(text) is not None

    def find(name: str) -> str | UnknownValue | None:
        value = lookup(name) if name not in own else None
        if value is None and name == "HOME":
            return "~"
        if isinstance(value, str):
            return value
        return UnknownValue(f"the variable {name}") if is_asked else UNKNOWN_TEXT

    return find


def _moved(document: Heredoc, lines: int) -> Heredoc:
    return Heredoc(
        head=document.head,
        line=document.line + lines,
        text=document.text,
        is_expanded=document.is_expanded,
    )


def _divided(command: Command) -> tuple[list[Node], list[tuple[bool, Node]], bool]:
    """Give the words of a command, where its output goes, and whether a heredoc feeds it."""
    words: list[Node] = []
    targets: list[tuple[bool, Node]] = []
    has_document = False
    items: Iterator[Node] = iter(command)
    for word in items:
        text = word.value if isinstance(word.value, str) else ""
        if (document := _HEREDOC.fullmatch(text)) is not None and not text.startswith("<<<"):
            has_document = True
            if not document[1]:
                next(items, None)
        elif (matched := _REDIRECTION.fullmatch(text)) is not None:
            target = Node(matched[2], word.line) if matched[2] else next(items, None)
            if target is not None and not str(target.value).startswith("&"):
                targets.append((matched[1] == ">>", target))
        elif words or text != "sudo":
            words.append(word)
    return words, targets, has_document


def _text(words: Iterable[Node]) -> str:
    value = next((word.value for word in words), "")
    return value if isinstance(value, str) else UNKNOWN_TEXT


def _path(word: Node, folder: str, user: str) -> str:
    value = _text([word]).replace("\\\n", "")
    if value.startswith("~/"):
        return posixpath.normpath(f"{home_of(user)}{value[2:]}")
    return posixpath.normpath(posixpath.join(folder, value))
