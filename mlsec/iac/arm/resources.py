"""The resources of one ARM template and of the deployments inside of it, each with its full id."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from mlsec.collect.code.budget import Budget
from mlsec.collect.code.code_file import CodeFile
from mlsec.collect.located.located import Node, UnknownValue, plain
from mlsec.iac.arm.deployment_context import SUBSCRIPTION_ID, resource_id
from mlsec.iac.arm.identity import Answers, add_identity
from mlsec.iac.arm.template import ArmTemplate
from mlsec.iac.mapping.declaration import text_of
from mlsec.iac.mapping.partial_text import at

DEPLOYMENT = "microsoft.resources/deployments"
MAX_NESTED = 8
MAX_COPIES = 200
# Of all loops of a target; beyond that each resource that is written is still judged once.
MAX_ALL_COPIES = 5_000
Linked = Callable[[CodeFile, str], tuple[CodeFile, Node] | None]
Tell = Callable[[CodeFile, str, int], None]


class Work(msgspec.Struct, kw_only=True):
    """What all templates of a target may spend, and what gets the limits that are met."""

    budget: Budget
    tell: Tell
    copies: int = 0


class ArmResource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: its body worked out, with ``id``, ``name`` (its own last part), ``scope`` (what
    it is an extension of) and ``parent`` (of the same form) among the keys.
    """

    type: str
    body: Node
    file: CodeFile
    line: int
    column: int
    is_made: bool


class Walk:
    """Walks one template; ``linked`` finds a template that another names by its path."""

    def __init__(
        self, file: CodeFile, linked: Linked, unread: Tell, work: Work, depth: int = 0
    ) -> None:
        self._file, self._linked, self._unread, self._depth = file, linked, unread, depth
        self._work = work
        self._deployments: dict[str, _Deployment] = {}
        self._by_node: dict[int, _Deployment] = {}
        self._symbols: dict[str, Node] = {}
        self._open: set[str] = set()

    def template(self, root: Node, given: Mapping[str, Any], scope_id: str) -> ArmTemplate:
        """Give the template with what its references answer."""
        made = ArmTemplate(
            root,
            given,
            lambda what: self._refer(what, made),
            scope_id,
            budget=self._work.budget,
            tell=self._tell,
        )
        resources = root.get("resources")
        if resources is not None and isinstance(resources.value, Mapping):
            self._symbols = dict(resources.value)
        symbols = {id(node): symbol for symbol, node in self._symbols.items()}
        for node in _each(root):
            if node.text("type").lower() == DEPLOYMENT and not node.get("copy"):
                deployment = self._by_node[id(node)] = self._deployment(node, made)
                name = text_of(made.work(node.get("name") or Node("")))
                for item in filter(None, (name, symbols.get(id(node), ""))):
                    self._deployments[item.lower()] = deployment
        return made

    def _tell(self, why: str, line: int) -> None:
        self._work.tell(self._file, why, line)

    def found(self, root: Node, template: ArmTemplate) -> Iterator[ArmResource]:
        """Give the resources of a template, and those of the deployments inside of it."""
        for node in _each(root):
            yield from self._resource(node, template, None)

    def _resource(
        self, node: Node, template: ArmTemplate, above: _Above | None
    ) -> Iterator[ArmResource]:
        if plain(node.get("existing") or Node(value=False)) is True:
            return
        copy = node.get("copy")
        if copy is None or not isinstance(copy.value, Mapping):
            yield from self._one(node, template, above)
            return
        count, name = template.count_of(copy), copy.text("name").lower()
        if isinstance(count, UnknownValue):
            # At least one is made, most likely; what its index decides is not known.
            yield from self._one(node, template, above)
            return
        most = MAX_COPIES if self._work.copies < MAX_ALL_COPIES else 1
        if count > most:
            self._tell(f"the last {count - most:,} of {count:,} copies are left out", node.line)
        for index in range(min(count, most)):
            self._work.copies += 1
            template.loops[name] = index
            yield from self._one(node, template, above)
        template.loops.pop(name, None)

    def _one(
        self, node: Node, template: ArmTemplate, above: _Above | None
    ) -> Iterator[ArmResource]:
        written = text_of(template.work(node.get("type") or Node("")))
        name = text_of(template.work(node.get("name") or Node("")))
        condition = node.get("condition")
        holds = template.work(condition).value if condition is not None else True
        if written.lower() == DEPLOYMENT:
            if holds is not False:
                yield from self._nested(node, template)
            return
        here = _place(written, name, text_of(template.work(node.get("scope") or Node(""))), above)
        own = {key: value for key, value in node.pairs().items() if key not in _NOT_BODY}
        body = dict(template.work(at(node, own)).pairs())
        found_id = here.id(template.scope_id)
        body |= _names(here, found_id, template.scope_id)
        add_identity(body, found_id, here.type)
        yield ArmResource(
            type=here.type, body=at(node, body), file=self._file, line=node.line,
            column=node.column, is_made=holds is not False,
        )  # fmt: skip
        for child in node.items("resources"):
            yield from self._resource(child, template, _Above(place=here))

    def _deployment(self, node: Node, template: ArmTemplate) -> _Deployment:
        return _Deployment(node=node, outer=template, walk=self)

    def _nested(self, node: Node, template: ArmTemplate) -> Iterator[ArmResource]:
        result = self._by_node.get(id(node)) or self._deployment(node, template)
        opened = result.open() if self._depth < MAX_NESTED else None
        if opened is None:
            name = text_of(template.work(node.get("name") or Node("")))
            is_circle = self._depth >= MAX_NESTED
            what = "refers to itself" if is_circle else "is not in this folder: scan it too"
            self._unread(self._file, f"the nested deployment {name} {what}", node.line)
            return
        walk, inner, root = opened
        yield from walk.found(root, inner)

    def open_nested(
        self, node: Node, template: ArmTemplate
    ) -> tuple[Walk, ArmTemplate, Node] | None:
        """Give a nested deployment's own walk, template and text; None when it is not here."""
        given = {
            name: _given(name, template.work(value))
            for name, value in node.pairs("properties", "parameters").items()
        }
        group = text_of(template.work(node.get("resourceGroup") or Node("")))
        scope = f"{SUBSCRIPTION_ID}/resourceGroups/{group}" if group else template.scope_id
        inline = node.get("properties", "template")
        if inline is not None:
            walk = Walk(self._file, self._linked, self._unread, self._work, self._depth + 1)
            is_inner = node.text("properties", "expressionEvaluationOptions", "scope") == "inner"
            own = walk.template(inline, given, scope)
            return walk, own if is_inner else template, inline
        link = node.get("properties", "templateLink")
        path = ""
        if link is not None:
            places = (link.get("relativePath"), link.get("uri"), link.get("id"))
            path = next((text_of(template.work(place)) for place in places if place), "")
        linked = self._linked(self._file, path) if path else None
        if linked is None:
            return None
        walk = Walk(linked[0], self._linked, self._unread, self._work, self._depth + 1)
        return walk, walk.template(linked[1], given, scope), linked[1]

    def _refer(self, what: str, template: ArmTemplate) -> Any:
        """Give what a reference to an id, or to a symbolic name, answers."""
        key = what.lower()
        deployment = self._deployments.get(key) or self._deployments.get(key.rpartition("/")[2])
        if deployment is not None and key not in self._open:
            self._open.add(key)
            try:
                return {"outputs": deployment.outputs()}
            finally:
                self._open.discard(key)
        target = what
        symbol = self._symbols.get(what)
        if symbol is not None and key not in self._open:
            self._open.add(key)
            try:
                name = text_of(template.work(symbol.get("name") or Node("")))
                target = _place(symbol.text("type"), name, "", None).id(template.scope_id)
            finally:
                self._open.discard(key)
        return Answers(target)


class _Deployment(msgspec.Struct, kw_only=True):
    node: Node
    outer: ArmTemplate
    walk: Walk
    opened: tuple[Walk, ArmTemplate, Node] | None = None

    def open(self) -> tuple[Walk, ArmTemplate, Node] | None:
        if self.opened is None:
            self.opened = self.walk.open_nested(self.node, self.outer)
        return self.opened

    def outputs(self) -> dict[str, Any]:
        opened = self.open()
        if opened is None:
            return {}
        _, template, root = opened
        return {
            name: {"value": plain(template.work(value.get("value") or Node(None)))}
            for name, value in root.pairs("outputs").items()
        }


class _Place(msgspec.Struct, frozen=True, kw_only=True):
    """A type with the names along it; ``scope`` is the id of what it extends, "" for none."""

    type: str
    names: tuple[str, ...]
    scope: str = ""

    def id(self, group_id: str, up: int = 0) -> str:
        pieces, names = self.type.split("/"), list(self.names)
        if up:
            pieces, names = pieces[:-up], names[:-up]
        base = self.scope or group_id
        return str(resource_id(base, "/".join(pieces), list(names)))


class _Above(msgspec.Struct, frozen=True, kw_only=True):
    place: _Place


def _given(name: str, worked: Node) -> Any:
    """Give the value that a deployment sets a parameter to."""
    result = worked.get("value")
    if result is not None:
        return plain(result)
    if worked.get("reference") is not None:
        return UnknownValue(f"parameter {name} is read from a vault", is_given=True)
    return plain(worked) if isinstance(worked.value, UnknownValue) else None


_NOT_BODY = ("resources", "copy", "condition", "dependsOn", "type", "apiVersion", "scope", "name")


def _each(root: Node) -> Iterator[Node]:
    result = root.get("resources")
    if result is not None:
        yield from result.value.values() if isinstance(result.value, Mapping) else result.items()


def _place(written: str, name: str, scope: str, above: _Above | None) -> _Place:
    if above is not None and not written.lower().startswith("microsoft."):
        outer = above.place
        return _Place(
            type=f"{outer.type}/{written}",
            names=(*outer.names, *name.split("/")),
            scope=outer.scope,
        )
    if "/providers/" in written:
        base, _, last = written.partition("/providers/")
        names = name.split("/")
        count = base.count("/")
        owner = _Place(type=base, names=tuple(names[:count]))
        space = names[count] if len(names) > count else "Microsoft"
        from_group = owner.id("")
        return _Place(type=f"{space}/{last}", names=tuple(names[count + 1 :]), scope=from_group)
    return _Place(type=written, names=tuple(name.split("/")), scope=scope)


def _names(here: _Place, found_id: str, group_id: str) -> dict[str, Node]:
    nodes: dict[str, Node] = {"id": Node(found_id), "name": Node(here.names[-1])}
    is_whole = here.scope.startswith("/subscriptions")
    nodes["scope"] = Node(here.scope if is_whole else f"{group_id}{here.scope}")
    depth = here.type.count("/")
    parent: Node | None = None
    for up in range(depth - 1, 0, -1):
        above = {
            "id": Node(here.id(group_id, up)),
            "name": Node(here.names[-1 - up] if len(here.names) > up else ""),
        }
        parent = Node({**above, **({"parent": parent} if parent is not None else {})})
    return nodes | ({"parent": parent} if parent is not None else {})
