"""Every command that a fix prints is one that its command line has, whole and marked.

``aws.json`` and its like hold what the real command lines take (``make commands`` writes them
again, with the versions at their head); a command that is not in its table fails here.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mlsec.core.catalogue import Fix
from mlsec.core.fix_template import CHOICE, HOLE
from tests.commands.printed import FILLED, TOOLS, Printed, filled, fixes, name_of, printed
from tests.commands.replacing import NEW, REPLACING
from tests.commands.shell import Word, commands_of
from tests.loops import for_each

TABLES = {
    path.stem: json.loads(path.read_text("utf-8"))
    for path in sorted(Path(__file__).parent.glob("*.json"))
    if path.stem in TOOLS
}
OTHERS = {"bq", "jq", "xargs", "echo", "curl", "base64", "date", "{", "}"}


@functools.cache
def all_printed() -> tuple[tuple[str, Printed], ...]:
    return tuple((provider, command) for provider in TABLES for command in printed(TOOLS[provider]))


def shown(provider: str, command: Printed) -> str:
    return f"{command.rule}: {TOOLS[provider]} {' '.join(word.text for word in command.words)}"


def entry(provider: str, command: Printed) -> tuple[dict[str, Any], list[Word]]:
    """Give the table's entry for a command and the words after its name."""
    commands, names = TABLES[provider]["commands"], name_of(command.words).split()
    for end in range(len(names), 0, -1):
        name = " ".join(names[:end])
        if name in commands:
            return commands[name], list(command.words[end:])
    raise AssertionError(f"{' '.join(names)} is not in {provider}.json (make commands)")


def options(known: dict[str, Any], words: list[Word]) -> dict[str, list[Word]]:
    """Give each option with its values; what stands before the first option is positional."""
    result: dict[str, list[Word]] = {"": []}
    at = ""
    for word in words:
        if re.match(r"--?[a-z]", word.text):
            at, joined, value = word.text.partition("=")
            result[at] = [Word(value)] if joined else []
            if at in known.get("flags", ()):
                at = ""
        else:
            result[at].append(word)
    return result


@for_each(("provider", "command"), all_printed, shown)
def test_command_exists_with_its_options(provider: str, command: Printed) -> None:
    known, words = entry(provider, command)
    given = options(known, words)
    takes = {*known.get("options", ()), *TABLES[provider]["global"]}
    assert not [option for option in given if option and option not in takes]
    is_whole = "--cli-input-json" in given
    needed = known.get("required", ())
    assert is_whole or [names for names in needed if not given.keys() & names.split("|")] == []
    for option, values in given.items():
        if option in known.get("flags", ()):
            assert "=" not in option
        elif option and not (command.has_more and option == list(given)[-1]):
            assert values, option


@for_each(("provider", "command"), all_printed, shown)
def test_a_value_is_one_that_the_option_has(provider: str, command: Printed) -> None:
    known, words = entry(provider, command)
    for option, values in options(known, words).items():
        choices = known.get("choices", {}).get(option)
        for value in values if choices else ():
            assert value.text in (*choices, FILLED) or not value.is_known


def test_every_word_at_the_head_of_a_command_is_a_program() -> None:
    heads = {
        (rule, words[0].text)
        for rule, provider, fix in fixes()
        if provider in TABLES
        for words in commands_of(filled(f"{fix.cli}\n{fix.keep or ''}"))
        if words
    }
    assert [head for head in heads if head[1] not in {*TOOLS.values(), *OTHERS}] == []


def capitals(text: str) -> set[str]:
    """Give the words of a command that are all capitals, outside of names such as KMSMasterKey."""
    plain = HOLE.sub("", CHOICE.sub("", text))
    return set(re.findall(r"(?<![\w.:/-])[A-Z][A-Z0-9]+(?:[_-][A-Z0-9]+)*(?![\w])", plain))


# Written as placeholders before there was a notation for them.
UNMARKED = {
    "NAME", "GROUP", "BUCKET", "KEY", "ROLE", "POLICY", "ACCOUNT", "TEAM", "VALUE", "TEXT",
    "URI", "URL", "TAG", "REPOSITORY", "FUNCTION", "GUARDRAIL", "ENDPOINT", "VARIANT", "SUBNET",
    "SUBNETS", "REGION", "TOPIC", "TRAIL", "FLOW", "ALIAS", "CLUSTER", "PACKAGE", "SECRET",
    "PROJECT", "MEMBER", "DATASET", "MODEL", "LOCATION", "WORKSPACE", "PRINCIPAL", "VAULT",
    "REGISTRY", "IMAGE",
}  # fmt: skip
# Values of an option or a field that look like one.
VALUES = {
    ("bedrock/guardrail-without-personal-data-filter", "NAME"),
    ("ai-services/kendra-trusts-caller-filter", "URL"),
    ("quotas/quota-use-without-alarm", "ACCOUNT"),
}


@pytest.mark.parametrize("provider", TABLES)
def test_every_hole_is_marked(provider: str) -> None:
    left = {
        (rule, word)
        for rule, of, fix in fixes()
        if of == provider
        for word in capitals(f"{fix.cli}\n{fix.keep or ''}")
        if word in UNMARKED or word.endswith(("_ARN", "_ID", "-ARN", "-ID"))
    }
    assert sorted(left - VALUES) == []


@pytest.mark.parametrize("provider", TABLES)
def test_no_command_reads_a_file_that_only_its_author_has(provider: str) -> None:
    text = re.compile(r"fileb?://(?!<)|@[\w./-]+\.json")
    assert [rule for rule, of, fix in fixes() if of == provider and text.search(fix.cli)] == []


def replacing() -> Iterator[tuple[str, Fix, str]]:
    for rule, _, fix in fixes():
        for command in (words for words in commands_of(filled(fix.cli)) if words):
            texts = [word.text for word in command]
            start = next((n for n, text in enumerate(texts) if text in TOOLS.values()), -1)
            for name in REPLACING:
                head, _, option = name.partition(" --")
                is_it = texts[start + 1 :][: len(head.split())] == head.split()
                given = {text.partition("=")[0] for text in texts}
                if is_it and (not option or f"--{option}" in given):
                    yield rule, fix, name


def test_a_command_that_replaces_keeps_what_is_there() -> None:
    silent = []
    for rule, fix, name in replacing():
        shows = REPLACING[name]
        before = fix.cli if shows in fix.cli else fix.keep or ""
        if shows not in before or (before != fix.cli and not fix.replaces):
            silent.append((rule, name))
    assert sorted(each for each in set(silent) if each[0] not in NEW) == []
