"""One thing that code declares, with its body worked out, and what others call it."""

from __future__ import annotations

import re
from collections.abc import Callable

import msgspec

from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.vocabulary.iac_mapping import CODE_REGION, DeclaredType, code_account

_HOLE = re.compile(r"\{([^{}]+)\}")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9-]+")
Get = Callable[[str], Node | None]


class Declaration(msgspec.Struct, frozen=True, kw_only=True):
    """One declared resource.

    ``kind`` is that of the table (``cloudformation``), ``type`` as the code writes it, ``address``
    how it is named inside its ``stack``. ``body`` are its properties, worked out; what only an
    apply can know is ``UnknownValue`` in it. ``given`` is the name it goes by when its body has
    none. A policy that the code writes as JSON text may be a mapping here. ``why_unknown`` says
    why it is not known whether it is declared at all, or how many times; ``why_open`` why what
    its body does not say is not what the service then does. ``account`` is the one that it is made
    in, "" where the code does not say. ``scenario`` is the file of values that it is made with,
    where there are several; ``is_variant``: that is not the first of them.
    """

    kind: str
    type: str
    address: str
    body: Node
    file: CodeFile
    stack: str
    line: int = 0
    column: int = 0
    given: str = ""
    why_unknown: UnknownValue | None = None
    why_open: UnknownValue | None = None
    account: str = ""
    scenario: str = ""
    is_variant: bool = False

    @property
    def id(self) -> str:
        """The id of what it declares; the same wherever the target is mounted."""
        return f"{self.stack}#{self.address}{f'@{self.scenario}' if self.is_variant else ''}"

    @property
    def applied(self) -> str:
        """What it is applied together with: its stack, made with the same values."""
        return f"{self.stack} {self.scenario}" if self.is_variant else self.stack


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What a declared thing is called: its name, its id, and what a reference to it gives.

    ``account`` is the one it is made in, or what stands for one that is not known.
    """

    name: str
    id: str
    ref: str
    account: str


def given_name(address: str) -> str:
    """Make the name of what has none: the words of its address, as any service takes them."""
    return _NOT_IN_NAMES.sub("-", address).strip("-").lower() or "unnamed"


def called(entry: DeclaredType, get: Get, given: str, provider: str, account: str = "") -> Called:
    """Name a declared thing; ``get`` gives what stands at a path of its body.

    ``account`` is the one it is made in, "" where the code does not say.
    """
    whose = account if account and provider == "aws" else code_account(provider)
    name = ""
    for path in entry.naming:
        # Written out: names of names go through these frames at each step.
        name = name_at(path, get) if "{" in path else text_of(get(path))
        if name:
            break
    name = name or f"{entry.prefix}{given}"
    known = {
        "name": name,
        "account": whose,
        "region": CODE_REGION,
        "partition": "aws",
    }
    identity = fill(entry.id, known, get)
    if provider == "azure":
        # Ids of Azure are the same in any case; live ones are kept in lower case.
        identity = identity.lower()
    ref = fill(entry.ref, {**known, "id": identity}, get)
    return Called(name=name, id=identity, ref=ref, account=whose)


def name_at(path: str, get: Get) -> str:
    """Give the text at a path, or a template filled in; "" where something of it is missing."""
    if "{" not in path:
        return text_of(get(path))
    needed = (hole for hole in _HOLE.findall(path) if "|" not in hole)
    return fill(path, {}, get) if all(text_of(get(hole)) for hole in needed) else ""


def attribute(entry: DeclaredType, value: Called, wanted: str, get: Get) -> str | None:
    """Give what an attribute of a declared thing is; None when its table does not say."""
    template = entry.attributes.get(wanted)
    if template is None:
        return None
    return fill(template, known_words(value), get)


def known_words(value: Called) -> dict[str, str]:
    """Give what the holes of a template mean that are no paths."""
    return {
        "name": value.name,
        "id": value.id,
        "ref": value.ref,
        "account": value.account,
        "region": CODE_REGION,
        "partition": "aws",
    }


def fill(template: str, known: dict[str, str], get: Get) -> str:
    """Fill the holes of a template.

    ``{Path|word}`` says what stands for what is not there; ``{Path/}`` and ``{Path:}`` are what
    follows the last ``/`` or ``:`` of what stands there.
    """

    def value_of(hole: re.Match[str]) -> str:
        inside, _, default = hole.group(1).partition("|")
        if inside.endswith(("/", ":")):
            return text_of(get(inside[:-1])).rpartition(inside[-1])[2]
        return known[inside] if inside in known else text_of(get(inside)) or default

    return _HOLE.sub(value_of, template)


def text_of(node: Node | None) -> str:
    """Give a node as text, with what is not known of it in its own words; "" for none."""
    if node is None:
        return ""
    value = node.value
    if isinstance(value, UnknownValue):
        return value.text
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int | float) else ""
