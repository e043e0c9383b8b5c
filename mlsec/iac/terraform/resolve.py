"""From symbols to what declared things will be called, so that the graph joins them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.located import json as marked_json
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.core.errors import MlsecError
from mlsec.iac.mapping.declaration import Declaration as ResolvedDeclaration
from mlsec.iac.mapping.declaration import attribute, called, given_name
from mlsec.iac.mapping.partial_text import joined
from mlsec.iac.mapping.path_lookup import PathLookup, fold
from mlsec.iac.terraform.declaration import Declaration
from mlsec.iac.terraform.evaluation.located_blocks import plain_node
from mlsec.iac.terraform.own_account import own_account
from mlsec.iac.terraform.plan_references import module_path
from mlsec.iac.terraform.type_tables import Home, home_of, in_api_form, provider_of
from mlsec.iac.terraform.values import Joined, Symbol
from mlsec.vocabulary.iac_mapping import (
    CODE_ACCOUNT,
    CODE_OWNER_ID,
    CODE_PROJECT,
    CODE_REGION,
    CODE_SUBSCRIPTION,
    Tables,
)

_OWN = {
    "region": CODE_REGION,
    "owner": CODE_OWNER_ID,
    "subscription": CODE_SUBSCRIPTION,
    "project": CODE_PROJECT,
}
# What the ids of a kind begin with, where something goes by it.
_ID_STARTS = {"aws_internet_gateway": "igw-", "aws_nat_gateway": "nat-"}
# So many names of names are followed at once, each through a dozen of Python's frames.
_DEEPEST = 20
# Which argument of which provider sets values on everything that it makes.
_FOR_ALL = (("default_tags", "tags", "aws_"), ("default_labels", "labels", "google_"))


class Resolver:
    """Turns the symbols in the declarations of one root into texts, as the tables say.

    ``why_open`` says why there may be more than these.
    """

    def __init__(
        self,
        declarations: Iterable[Declaration],
        tables: Tables,
        why_open: UnknownValue | None = None,
    ) -> None:
        self._why_open = why_open
        self._tables = tables
        self._by_address = {
            declaration.address: _with_project(declaration) for declaration in declarations
        }
        self._account = own_account(self._by_address.values())
        self._known: dict[Symbol, str | UnknownValue] = {}
        self._open: set[str] = set()

    def resolved(self) -> Iterator[ResolvedDeclaration]:
        """Give the declarations with their symbols resolved."""
        for item in self._by_address.values():
            home = home_of(item.type, item.body, self._tables)
            body = _in_api_form(home, item, _with_defaults(item))
            yield ResolvedDeclaration(
                kind=home.kind,
                type=home.type,
                address=item.address,
                body=self.node(body),
                file=item.file,
                stack=item.root,
                line=item.line,
                column=item.column,
                given=given_name(item.address),
                why_unknown=item.why_unknown,
                why_open=self._why_open,
                account=self._account,
            )

    def node(self, node: Node) -> Node:
        """Give a node without symbols."""
        value: Any = node.value
        if isinstance(value, tuple):
            value = tuple(self.node(item) for item in value)
        elif isinstance(value, dict):
            value = {key: self.node(entry) for key, entry in value.items()}
        elif isinstance(value, Symbol):
            value = self.symbol(value)
        elif isinstance(value, Joined):
            return self._text(value, node)
        else:
            return node
        return Node(value, node.line, node.column, node.tag, node.file)

    def symbol(self, symbol: Symbol) -> str | UnknownValue:
        """Give what an attribute of a declared thing will be."""
        if symbol not in self._known:
            if len(self._open) >= _DEEPEST:
                raise _DeeperError(symbol)
            if self._open:
                self._known[symbol] = self._symbol(symbol)
            else:
                self._work_out(symbol)
        return self._known[symbol]

    def _work_out(self, symbol: Symbol) -> None:
        """Begin again from deep inside where names of names go deeper than Python does."""
        waiting = {symbol: None}
        while waiting:
            item = next(reversed(waiting))
            try:
                self._known[item] = self._symbol(item)
                del waiting[item]
            except _DeeperError as error:
                if error.symbol in waiting:
                    self._known[error.symbol] = _words(error.symbol)
                    del waiting[error.symbol]
                else:
                    waiting[error.symbol] = None

    def _symbol(self, symbol: Symbol) -> str | UnknownValue:
        words = _words(symbol)
        if symbol.address == "own":
            return self._own(str(symbol.path[0]), words)
        wanted = ".".join(step for step in symbol.path if isinstance(step, str))
        declared = self._by_address.get(symbol.address)
        if declared is None:
            return self._unmapped(symbol, wanted, words)
        home = home_of(declared.type, declared.body, self._tables)
        entry = home.entry
        if entry is None:
            return self._unmapped(symbol, wanted, words)
        if symbol.address in self._open:
            return words
        self._open.add(symbol.address)
        try:
            provider = provider_of(declared.type, entry)
            body = _in_api_form(home, declared, declared.body)

            def get(path: str) -> Node | None:
                result = PathLookup().dig(body, path)
                return self.node(result) if result is not None else None

            result = called(entry, get, given_name(declared.address), provider, self._account)
            written = next((key for key in entry.attributes if fold(key) == fold(wanted)), wanted)
            named = attribute(entry, result, written, get)
            if named is None and wanted == "id":
                named = result.ref
            if named is None and wanted == "name":
                named = result.name
            return named or words
        finally:
            self._open.discard(symbol.address)

    def _own(self, wanted: str, words: UnknownValue) -> str | UnknownValue:
        """Give what belongs to where all of it is made: an account, a region."""
        return (self._account or CODE_ACCOUNT) if wanted == "account" else _OWN.get(wanted, words)

    def _unmapped(self, symbol: Symbol, wanted: str, words: UnknownValue) -> str | UnknownValue:
        """Name a thing that no table has: its id is an id, whatever it will read.

        What a provider draws at random is one text for ever, which stands in names.
        """
        kind = module_path(symbol.address)[1].removeprefix("data.").partition(".")[0]
        if wanted == "arn" and kind.startswith("aws_"):
            service = kind.split("_")[1]
            account = self._account or CODE_ACCOUNT
            return f"arn:aws:{service}:{CODE_REGION}:{account}:{words.text}"
        if wanted == "id" and kind in _ID_STARTS:
            return f"{_ID_STARTS[kind]}{words.text}"
        is_drawn = kind.startswith(("random_", "time_", "null_"))
        return words.text if is_drawn or wanted in ("id", "name") else words

    def _text(self, text: Joined, node: Node) -> Node:
        """Put text together; JSON among it is taken apart, so that only its holes are unknown."""
        parts = [self.symbol(part) if isinstance(part, Symbol) else part for part in text.parts]
        made = joined(parts)
        if isinstance(made, UnknownValue) and str(parts[0]).lstrip().startswith(("{", "[")):
            result = _json(parts)
            if result is not None:
                return _placed(result, node)
        return Node(made, node.line, node.column, node.tag, node.file)


class _DeeperError(Exception):
    def __init__(self, symbol: Symbol) -> None:
        super().__init__(symbol.shown)
        self.symbol = symbol


# Whoever applies the code was there before: it is nothing that the code makes.
_APPLIED_BY = ("own.principal", "own.client")


def _words(symbol: Symbol) -> UnknownValue:
    shown = symbol.shown
    among: tuple[str, ...] | None = None if _passes_through(symbol) else (symbol.address,)
    if shown in _APPLIED_BY:
        among = ()
    return UnknownValue(
        f"{shown} is only known after the apply", f"‹{shown}›", is_given=True, among=among
    )


def _in_api_form(home: Home, declared: Declaration, body: Node) -> Node:
    """Give a body as its table reads it; an id that is not known is that of this declaration."""
    made = in_api_form(home, declared.type, body)
    result = made.get("id")
    hidden = result.value if result is not None else None
    parts = hidden.parts if isinstance(hidden, Joined) else (hidden,)
    unknown = next((p for p in parts if isinstance(p, UnknownValue) and not p.text), None)
    if made is body or unknown is None:
        return made
    named = unknown.worded(f"‹{declared.address}.id›", is_given=True)
    return Node({**made.pairs(), "id": Node(named)}, made.line, made.column)


def _passes_through(symbol: Symbol) -> bool:
    """Whether it gives what was put into it, which may be the name of anything."""
    kind = module_path(symbol.address)[1].removeprefix("data.")
    return symbol.address == "own" or kind.startswith(("time_", "null_", "terraform_", "external."))


def _json(parts: list[Any]) -> Node | None:
    """Parse JSON text with holes; a text that has one is not known."""
    holes: dict[str, UnknownValue] = {}
    pieces: list[str] = []
    for at, part in enumerate(parts):
        if isinstance(part, UnknownValue):
            holes[f"\x02{at}\x03"] = part
            pieces.append(f"\\u0002{at}\\u0003")
        else:
            pieces.append(str(part))
    try:
        return _filled(marked_json.parse("".join(pieces)), holes)
    except MlsecError:
        return None


def _filled(node: Node, holes: Mapping[str, UnknownValue]) -> Node:
    value: Any = node.value
    if isinstance(value, tuple):
        return Node(tuple(_filled(item, holes) for item in value))
    if isinstance(value, dict):
        return Node({key: _filled(entry, holes) for key, entry in value.items()})
    if isinstance(value, str) and "\x02" in value:
        pieces = re.split("(\x02[0-9]+\x03)", value)
        return Node(joined(holes.get(piece, piece) for piece in pieces))
    return node


def _placed(node: Node, at: Node) -> Node:
    """Give a tree that stands at one place as a whole."""
    value: Any = node.value
    if isinstance(value, tuple):
        value = tuple(_placed(item, at) for item in value)
    elif isinstance(value, dict):
        value = {key: _placed(entry, at) for key, entry in value.items()}
    return Node(value, at.line, at.column, "json", at.file)


def _with_project(declared: Declaration) -> Declaration:
    """Give what is declared with the project that its provider puts it into."""
    project = declared.provider.get("project")
    is_said = declared.body.get("project") is not None
    if project is None or is_said or not declared.type.startswith("google_"):
        return declared
    result = {**declared.body.pairs(), "project": plain_node(project, (0, 0))}
    body = Node(result, declared.body.line, declared.body.column)
    return msgspec.structs.replace(declared, body=body)


def _with_defaults(declared: Declaration) -> Node:
    """Add the tags that the provider puts on everything; what the resource sets wins."""
    body = declared.body
    for setting, name, prefix in _FOR_ALL:
        given = declared.provider.get(setting)
        if given is None or not declared.type.startswith(prefix):
            continue
        block = given[0] if isinstance(given, list) and given else given
        added = block.get("tags", {}) if name == "tags" and isinstance(block, dict) else block
        own = body.get(name)
        node = plain_node(added, (declared.line, declared.column))
        if not isinstance(node.value, dict) or (own and not isinstance(own.value, dict)):
            merged: Any = node.value if not isinstance(node.value, dict) else own and own.value
        else:
            merged = {**node.value, **(own.value if own else {})}
        place = own or node
        body = Node(
            {**body.value, name: Node(merged, place.line, place.column)}, body.line, body.column
        )
    return body
