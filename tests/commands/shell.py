"""What a POSIX shell makes of the text of a fix: its commands, each with its words."""

from __future__ import annotations

import re

import msgspec

SUBSTITUTED = "\N{OBJECT REPLACEMENT CHARACTER}"
_SEPARATORS = re.compile(
    r"\|\||&&|[|;\n]|\$\(|[)'\"]|\\.|>+|\s+|[{}](?=\s)|[^\s|&;)'\"\\>$]+|.", re.DOTALL
)


class ShellSyntaxError(Exception):
    """A quote or a substitution that is not closed."""


class Word(msgspec.Struct, frozen=True):
    """One word; what only the run knows (``$(...)``) stands in it as SUBSTITUTED."""

    text: str

    @property
    def is_known(self) -> bool:
        return SUBSTITUTED not in self.text


def commands_of(text: str) -> list[list[Word]]:
    """Give every simple command of a text, also those inside ``$(...)``, in reading order."""
    reader = _Reader(text.replace("\\\n", " "))
    reader.commands(is_nested=False)
    return reader.result


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = _SEPARATORS.findall(text)
        self.at = 0
        self.result: list[list[Word]] = []

    def commands(self, *, is_nested: bool) -> None:
        words: list[Word] = []
        self.result.append(words)
        word: str | None = None

        def end() -> None:
            nonlocal word
            if word is not None:
                words.append(Word(word))
            word = None

        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token in ("|", "||", "&&", ";", "\n", "{", "}"):
                end()
                words = []
                self.result.append(words)
            elif token == ")" and is_nested:
                end()
                return
            elif token.isspace():
                end()
            else:
                word = (word or "") + self._piece(token)
        if is_nested:
            raise ShellSyntaxError("$( is not closed")
        end()

    def _piece(self, token: str) -> str:
        if token == "$(":
            self.commands(is_nested=True)
            return SUBSTITUTED
        if token == "'":
            return self._until("'", is_plain=True)
        if token == '"':
            return self._until('"', is_plain=False)
        return token[1:] if token.startswith("\\") else token

    def _until(self, quote: str, *, is_plain: bool) -> str:
        result = ""
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            self.at += 1
            if token == quote:
                return result
            if is_plain and token.endswith(quote) and token.startswith("\\"):
                return result + token[:-1]
            if not is_plain and token == "$(":
                self.commands(is_nested=True)
                token = SUBSTITUTED
            elif not is_plain and token in ('\\"', "\\\\", "\\$", "\\`"):
                token = token[1:]
            result += token
        raise ShellSyntaxError(f"{quote} is not closed")
