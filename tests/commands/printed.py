"""Every command that a fix of the shipped rules has, and what it calls."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

import msgspec

from mlsec.core.catalogue import Fix
from mlsec.core.fix_template import CHOICE, HOLE
from tests.commands.shell import Word, commands_of
from tests.shipped import shipped_rules

TOOLS = {"aws": "aws", "azure": "az", "gcp": "gcloud", "kubernetes": "kubectl"}
FILLED = "FILLED"


class Printed(msgspec.Struct, frozen=True):
    """One command of a rule's fix: its words, and whether ``xargs`` adds more at its end."""

    rule: str
    words: tuple[Word, ...]
    has_more: bool = False


def fixes() -> Iterator[tuple[str, str, Fix]]:
    """Yield rule, provider and fix of every rule and cloud."""
    for rule in shipped_rules().rules:
        provider = rule.resource.partition(".")[0]
        parts = rule.fix.parts or {provider: rule.fix}
        for name, part in parts.items():
            yield rule.id, name, part


def printed(tool: str) -> Iterator[Printed]:
    """Yield every command of one command line."""
    for rule, _, fix in fixes():
        for text in (fix.cli, fix.keep or ""):
            for words in commands_of(filled(text)):
                yield from _of_tool(rule, tool, words)


def filled(text: str) -> str:
    """Put a plain word into every hole and choice."""
    return CHOICE.sub(FILLED, HOLE.sub(FILLED, text))


def _of_tool(rule: str, tool: str, words: list[Word]) -> Iterator[Printed]:
    texts = [word.text for word in words]
    if texts[:1] == [tool]:
        yield Printed(rule, tuple(words[1:]))
    elif texts[:1] == ["xargs"] and tool in texts:
        yield Printed(rule, tuple(words[texts.index(tool) + 1 :]), has_more=True)


def name_of(words: tuple[Word, ...]) -> str:
    """Give the words that name the command: all before the first option or value."""
    names = []
    for word in words:
        if not re.fullmatch(r"[a-z][a-z0-9-]*", word.text):
            break
        names.append(word.text)
    return " ".join(names)


if __name__ == "__main__":
    print("\n".join(sorted({name_of(command.words) for command in printed(sys.argv[1])})))  # noqa: T201
