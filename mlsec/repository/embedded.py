"""What a script or manifest holds in other languages, on the lines that it has there."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.collect.python.relevance import is_relevant
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.repository.notebooks import code_of_notebook
from mlsec.repository.startup_scripts import startup_scripts
from mlsec.servers.images.start_script import start_script
from mlsec.servers.shell.heredocs import Heredoc, heredocs

_APPLIED = regex(r"(?m)^apiVersion:[ \t]*\S")
_KIND = regex(r"(?m)^kind:[ \t]*\S")
_PYTHON = regex(r">[ \t]*[\"']?[^\s\"'|;&]{1,200}\.py\b|\bpython[0-9.]{0,6}(?:[ \t]+-)?[ \t]*<<")
_NOTEBOOK = regex(r">[ \t]*[\"']?[^\s\"'|;&]{1,200}\.ipynb\b")
_SHELL = regex(r"(?:^|[\s;&|])(?:sudo|su|bash|sh|zsh|ssh)\b")
# A backslash that the shell takes away.
_ESCAPED = regex(r"\\([\\$`])")
# What a shell fills in: a name, or what another command prints.
_EXPANDED = regex(r"(?<!\\)\$(?:\{[^{}\n]{0,200}\}|([A-Za-z_][A-Za-z0-9_]*)|\([^()\n]{0,200}\))")
_CONFIG_MAP = regex(r"(?m)^kind:[ \t]*[\"']?ConfigMap\b")
_SCRIPT_KEY = regex(r"([ ]*)[\"']?[\w.-]{1,200}\.py[\"']?:[ \t]*\|[-+0-9]{0,3}[ \t]*(?:#.*)?")


def embedded_files(file: CodeFile) -> Iterator[CodeFile]:
    """Give what a file holds in other languages: each with as many lines as the file itself."""
    if file.language is Language.SHELL and "<<" in file.text:
        yield from _in_script(file)
    elif file.language is Language.KUBERNETES and ".py" in file.text:
        text = python_in_config_maps(file.text)
        if is_relevant(text):
            yield _part(file, Language.PYTHON, text)
    elif file.language is Language.DOCKERFILE and any(
        sign in file.text for sign in ("<<", ".sh", "#!")
    ):
        script = start_script(file)
        if script:
            yield _part(file, Language.SHELL, script)
    elif file.language is Language.TERRAFORM and "#!" in file.text:
        script = startup_scripts(file.text)
        if script:
            yield _part(file, Language.SHELL, script)


def _part(file: CodeFile, language: Language, text: str) -> CodeFile:
    return msgspec.structs.replace(file, language=language, text=text)


def _in_script(file: CodeFile) -> Iterator[CodeFile]:
    bodies = list(_with_inner(heredocs(file.text)))
    manifests = [item for item in bodies if _APPLIED.search(item.text) and _KIND.search(item.text)]
    scripts = [item for item in bodies if _PYTHON.search(item.head) and is_relevant(item.text)]
    if manifests:
        yield _part(file, Language.KUBERNETES, _on_their_lines(file.text, manifests, "---"))
    if scripts:
        yield _part(file, Language.PYTHON, _on_their_lines(file.text, scripts, ""))
    notebooks = [text for item in bodies if _NOTEBOOK.search(item.head) and (text := _cells(item))]
    if notebooks:
        yield _part(file, Language.NOTEBOOK, "".join(notebooks))


def _with_inner(bodies: Iterable[Heredoc]) -> Iterator[Heredoc]:
    """Give heredocs, and those that stand in what one of them hands to a shell."""
    for body in bodies:
        yield body
        inner = heredocs(body.text) if _feeds_shell(body.head) and "<<" in body.text else ()
        for item in inner:
            yield msgspec.structs.replace(item, line=item.line + body.line - 1)


def _feeds_shell(head: str) -> bool:
    """Whether a heredoc that a line begins goes to a shell, and not into a file."""
    parts = head.replace("\n", ">\n").split("<<")[:-1]
    return any(
        _SHELL.search(("<" if position else "") + part[part.rfind(">") + (">" not in part) :])
        for position, part in enumerate(parts)
    )


def _cells(body: Heredoc) -> str:
    """Give the code of a notebook that a script writes, each cell with its line of the script."""
    text = _ESCAPED.sub(r"\1", body.text) if body.is_expanded else body.text
    try:
        return code_of_notebook("\n" * (body.line - 1) + text)
    except MlsecError:
        return ""  # what the shell fills in may be more than a text of it


def _on_their_lines(text: str, parts: list[Heredoc], before: str) -> str:
    lines = [""] * len(text.splitlines())
    for part in parts:
        lines[part.line - 2] = before
        body = _with_holes(part.text) if part.is_expanded else part.text
        for number, line in enumerate(body.splitlines(), start=part.line - 1):
            lines[number] = line
    return "\n".join(lines)


def _with_holes(text: str) -> str:
    """Mark what the shell fills in as readers of manifests mark what is not known."""
    return _EXPANDED.sub(lambda match: f"${{{match[1] or 'SHELL'}}}", text)


def python_in_config_maps(text: str) -> str:
    """Give a text with as many lines, of which only the scripts under ``*.py: |`` are left.

    Each loses its margin, so that a column is less by the margin of the script.
    """
    kept: list[str] = []
    for document in _documents(text):
        is_config = any(_CONFIG_MAP.match(line) for line in document)
        kept += _scripts(document) if is_config else [""] * len(document)
    return "\n".join(kept) if any(kept) else ""


def _documents(text: str) -> Iterator[list[str]]:
    document: list[str] = []
    for line in text.splitlines():
        if line.startswith("---") and document:
            yield document
            document = []
        document.append(line)
    yield document


def _scripts(lines: list[str]) -> list[str]:
    kept: list[str] = []
    key_margin, margin = -1, 0
    for line in lines:
        own = len(line) - len(line.lstrip(" "))
        if key_margin >= 0 and (not line.strip() or own > key_margin):
            margin = margin or (own if line.strip() else 0)
            kept.append(line[margin:])
            continue
        match: re.Match[str] | None = _SCRIPT_KEY.fullmatch(line)
        key_margin, margin = (own, 0) if match is not None else (-1, 0)
        kept.append("")
    return kept
