"""What scripts and Terraform apply or run straight from a branch of a repository on the network."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.core.regex import regex

_BRANCH = r"(?:refs/heads/[\w.-]{1,80}|main|master|HEAD|develop|devel|dev|trunk)"
_FILE = regex(
    r"https://(?:raw\.githubusercontent\.com/[\w.-]{1,80}/[\w.-]{1,100}/"
    rf"|github\.com/[\w.-]{{1,80}}/[\w.-]{{1,100}}/(?:raw|blob)/){_BRANCH}/[^\s\"'|;&)]{{1,300}}"
)
_APPLIES = regex(r"\b(?:kubectl|oc)\b[^\n|;&]{0,200}?\b(?:apply|create|replace)\b")
_PIPED = regex(r"\|[ \t]*(?:sudo[ \t]+)?(?:ba|z|da)?sh\b|\b(?:ba|z|da)?sh[ \t]+<\(")
_FETCHES = regex(r"\b(?:curl|wget)\b")
_DATA = regex(r"[ \t]*(?:url|source|yaml_body|manifest)[ \t]*=[ \t]*\"")


def branch_downloads(file: CodeFile) -> Iterator[tuple[int, str]]:
    """Give the line and the address of each file of a branch that is applied or run.

    In Terraform it is the address of a data source, which each plan reads again.
    """
    if file.language is Language.SHELL:
        uses = _is_used
    elif file.language is Language.TERRAFORM:
        uses = _is_data
    else:
        return
    if "githubusercontent.com/" not in file.text and "github.com/" not in file.text:
        return
    for number, line in enumerate(_joined(file.text), start=1):
        if len(line) > 4_000 or line.lstrip().startswith(("#", "//")):
            continue
        match = _FILE.search(line)
        if match is not None and uses(line):
            yield number, match[0]


def _is_used(line: str) -> bool:
    """Whether a command applies the file to a cluster, or gives it to a shell."""
    return bool(_APPLIES.search(line) or (_FETCHES.search(line) and _PIPED.search(line)))


def _is_data(line: str) -> bool:
    return bool(_DATA.match(line))


def _joined(text: str) -> Iterator[str]:
    """Give the lines; one that goes on ends where its last part does, and stands at its first."""
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        whole, more = lines[number], 0
        while whole.endswith("\\") and number + more + 1 < len(lines) and more < 20:
            more += 1
            whole = whole[:-1] + " " + lines[number + more].strip()
        yield whole
        yield from [""] * more
        number += 1 + more
