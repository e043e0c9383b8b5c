"""Compose files: each service as a process that is declared to be started."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping

from mlsec.collect.code.budget import OverLimitError
from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError
from mlsec.servers.compose.merge import extended, merged
from mlsec.servers.compose.project import Project
from mlsec.servers.compose.proxies import Composed, with_fronts
from mlsec.servers.compose.service import launch_of
from mlsec.servers.config.dotenv import parse_environment
from mlsec.servers.images.dockerfile import Recipe, recipes_of
from mlsec.servers.images.image_build import recipe_launch, recipe_resource
from mlsec.servers.shell.growth import Growth, tell_in
from mlsec.servers.unknown_value import MAX_CHARS, is_refused_as_too_long
from mlsec.vocabulary.types import Vocabulary

_BASES = ("compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml")
_OVERRIDES = tuple(name.replace(".y", ".override.y") for name in _BASES)


def read_containers(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Read the compose files of a target, then the Dockerfiles that none of them builds."""
    del vocabulary
    reader = _Reader(scope)
    launches = list(reader.launches())
    resources = []
    for file in scope.written_in(Language.PROXY):
        scope.take(file)
    for file in scope.written_in(Language.DOCKERFILE):
        scope.take(file)
        if is_refused_as_too_long(scope, file):
            continue
        recipes = recipes_of(file, tell_in(scope, file))
        if not recipes:
            scope.refuse(file, "no FROM, so it builds nothing")
            continue
        resources.append(recipe_resource(scope, file, recipes))
        if file.path not in reader.built:
            launches.append(recipe_launch(scope, file, recipes[-1]))
    return Declared(resources=tuple(resources), launches=tuple(launches))


class _Reader:
    def __init__(self, scope: CodeScope) -> None:
        self._scope = scope
        self._by_path = {file.path: file for file in scope.files}
        self._services: dict[str, Mapping[str, Node]] = {}
        self._recipes: dict[str, tuple[Recipe, ...]] = {}
        self._roots: dict[str, Node] = {}
        self._variables: dict[str, Mapping[str, Node]] = {}
        self.built: set[str] = set()

    def launches(self) -> Iterator[Launch]:
        files = self._scope.written_in(Language.COMPOSE)
        for file in files:
            self._scope.take(file)
            root = self._parsed(file)
            if root is not None:
                self._roots[file.path] = root
                self._services[file.path] = root.pairs("services")
        for file in files:
            if file.path in self._roots:
                yield from self._of_file(file)

    def _parsed(self, file: CodeFile) -> Node | None:
        try:
            documents = list(parse_documents(file.text))
        except MlsecError as error:
            self._scope.refuse_error(file, error)
            return None
        if not documents or not isinstance(documents[0].value, Mapping):
            return None
        return documents[0]

    def _of_file(self, file: CodeFile) -> Iterator[Launch]:
        folder, name = posixpath.split(file.path)
        project = self._project(file, folder)
        base = self._base(folder, name)
        if name in _BASES and self._override(folder) is not None:
            base = None
        composeds: list[Composed] = []
        for service, node in self._services[file.path].items():
            whole = self._whole(file, service, node, base)
            if whole is not None:
                launch = launch_of(whole, service, project)
                composeds.append(Composed(name=service, node=project.filled(whole), launch=launch))
        yield from with_fronts(composeds, self._by_path)
        self._check_includes(file, folder)

    def _whole(self, file: CodeFile, service: str, node: Node, base: str | None) -> Node | None:
        """Give a service with what it extends and what the file lies over."""
        if base is not None and service in self._services.get(base, {}):
            below = self._resolved(base, service, self._services[base][service])
            node = merged(below, self._resolved(file.path, service, node))
        else:
            node = self._resolved(file.path, service, node)
        if "image" not in node.pairs() and "build" not in node.pairs():
            if not node.pairs():
                return None
            self._scope.doubt(
                file,
                f'the service "{service}" names neither image nor build: it overrides another file',
                line=node.line,
            )
            return None
        return node

    def _resolved(self, path: str, service: str, node: Node) -> Node:
        def find(wanted_file: str, wanted: str) -> Node | None:
            there = path
            if wanted_file:
                there = posixpath.normpath(posixpath.join(posixpath.dirname(path), wanted_file))
            return self._services.get(there, {}).get(wanted)

        whole, missing = extended(node, find)
        if missing:
            self._scope.doubt(
                self._by_path[path],
                f'the service "{service}" extends {missing}, which was not found',
                line=node.line,
            )
        return whole

    def _base(self, folder: str, name: str) -> str | None:
        """Give the file that this one is laid over: by name, where it is not one of its own."""
        if name in _BASES:
            return None
        paths = [posixpath.join(folder, base) for base in _BASES]
        return next((path for path in paths if path in self._services), None)

    def _override(self, folder: str) -> str | None:
        paths = [posixpath.join(folder, name) for name in _OVERRIDES]
        return next((path for path in paths if path in self._services), None)

    def _project(self, file: CodeFile, folder: str) -> Project:
        result = self._by_path.get(posixpath.join(folder, ".env"))
        values = self._environment(result) if result is not None else {}
        return Project(
            file=file,
            scope=self._scope.name,
            folder=folder,
            values=values,
            files=self._by_path,
            recipe=lambda build: self._recipe(folder, build),
            variables=self._given,
            root=self._roots[file.path],
            growth=Growth(tell_in(self._scope, file)),
        )

    def _environment(self, file: CodeFile) -> Mapping[str, Node]:
        return parse_environment(file.text, file.shown, tell_in(self._scope, file))

    def _given(self, file: CodeFile) -> Mapping[str, Node] | None:
        """Give the variables of a file that services name; None where they are too many.

        It is read once, but each service that names it has all of them.
        """
        budget = self._scope.budget("compose")
        try:
            with budget.unit():
                budget.spend(file.text.count("\n"))
                if file.path not in self._variables:
                    self._variables[file.path] = self._environment(file)
        except OverLimitError:
            self._scope.over_limit(file, "more variables than its services may be given")
            return None
        return self._variables[file.path]

    def _recipe(self, folder: str, build: Node) -> Recipe | None:
        """Give what the Dockerfile of a ``build`` ends in; None when it is not in the target."""
        context = build.value if isinstance(build.value, str) else build.text("context") or "."
        name = build.text("dockerfile") or "Dockerfile"
        path = posixpath.normpath(posixpath.join(folder, context, name))
        file = self._by_path.get(path)
        if file is None or file.language is not Language.DOCKERFILE:
            return None
        if len(file.text) > MAX_CHARS:
            return None
        if path not in self._recipes:
            self._recipes[path] = recipes_of(file, tell_in(self._scope, file))
        self.built.add(path)
        recipes = self._recipes[path]
        target = build.text("target")
        named = [recipe for recipe in recipes if target and recipe.stage == target]
        chosen = named or list(recipes[-1:])
        return chosen[0] if chosen else None

    def _check_includes(self, file: CodeFile, folder: str) -> None:
        """What is included is read as a file of its own; what is not here is reported."""
        for item in self._roots[file.path].items("include"):
            for node in _paths_of(item):
                if isinstance(node.value, UnknownValue) or not isinstance(node.value, str):
                    continue
                path = posixpath.normpath(posixpath.join(folder, node.value))
                if path not in self._services:
                    detail = f"the included file {node.value} was not found among those scanned"
                    self._scope.doubt(file, detail, line=node.line)


def _paths_of(item: Node) -> tuple[Node, ...]:
    if isinstance(item.value, str):
        return (item,)
    path = item.get("path")
    if path is None:
        return ()
    return path.items() or (path,)
