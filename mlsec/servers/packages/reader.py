"""Files of packaging tools as resources: each is the build of an image, as a Dockerfile is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.code.launch import Launch
from mlsec.collect.located.located import Node
from mlsec.collect.located.yaml import parse_documents
from mlsec.collect.secrets.masking import masked_kind
from mlsec.collect.secrets.script_signs import script_signs
from mlsec.core.errors import MlsecError
from mlsec.core.resource import Resource
from mlsec.servers.config.config_files import ConfigSource
from mlsec.servers.images.image_build import TYPE, base_image
from mlsec.servers.packages.build import TOOLS, Build
from mlsec.servers.recognise import NoServer, Recognised, servers_in
from mlsec.vocabulary.types import Vocabulary


def read_packages(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give the build that each file of a packaging tool describes."""
    del vocabulary
    configs = ConfigSource(scope)
    resources: list[Resource] = []
    for file in scope.written_in(Language.MODEL_PACKAGE):
        scope.take(file)
        try:
            root = next(parse_documents(file.text), None)
        except MlsecError as error:
            scope.refuse_error(file, error)
            continue
        read = next((read for _, is_of, read in TOOLS if root is not None and is_of(root)), None)
        if root is not None and read is not None:
            scope.tally.add((TYPE, scope.name, ""), assessed=1)
            resources.append(_resource(scope, file, root, read(root), configs))
    return Declared(resources=tuple(resources))


def _resource(
    scope: CodeScope, file: CodeFile, root: Node, build: Build, configs: ConfigSource
) -> Resource:
    models = [
        {"what": f"line {model.line}: {model.name}", "name": model.name,
         "is_pinned": model.is_pinned, "runs_code": None}
        for model in build.models
    ]  # fmt: skip
    models += _served(scope, file, build, configs)
    properties: dict[str, Any] = {
        "path": file.shown,
        "base_images": [base_image(node) for node in build.bases],
        "suspicious_patterns": list(_signs(build)),
        "remote_adds": [],
        "secrets": list(_secrets(build)),
        "models": models,
        # Which user its tool lets it start as is the tool's own affair.
        "runs_as_root": None,
    }
    return Resource(
        id=f"{file.id}#image",
        type=TYPE,
        provider="code",
        scope=scope.name,
        name=file.shown,
        properties=properties,
        origin=scope.origin(file, max(1, root.line)),
        places=_places(file, properties),
    )


def _places(file: CodeFile, properties: dict[str, Any]) -> dict[str, str]:
    """Say where each item of a list stands: the line that its text begins with."""
    made = {}
    for name, items in properties.items():
        for at, item in enumerate(items if isinstance(items, list) else ()):
            line = str(item.get("what", "")).removeprefix("line ").partition(":")[0]
            if line.isdecimal() and line != "0":
                made[f"{name}[{at}]"] = f"{file.shown}:{line}:1"
    return made


def _signs(build: Build) -> Iterator[dict[str, Any]]:
    for node in build.commands:
        for sign in script_signs(str(node.value)):
            yield {"pattern": sign, "what": f"line {node.line}: {sign}"}
    for node in build.packages:
        for sign in script_signs(f"pip install {node.value}"):
            yield {"pattern": sign, "what": f"line {node.line}: {sign}"}


def _secrets(build: Build) -> Iterator[dict[str, Any]]:
    for name, node in build.variables.items():
        kind = masked_kind(node.value) if isinstance(node.value, str) else ""
        if kind:
            what = f"line {node.line}: {name} holds a {kind}"
            yield {"name": name, "where": "env", "kind": kind, "what": what}
    for node in (*build.commands, *build.starts, *build.packages):
        kind = masked_kind(str(node.value))
        if kind:
            what = f"line {node.line}: a command holds a {kind}"
            yield {"name": "", "where": "run", "kind": kind, "what": what}


def _served(
    scope: CodeScope, file: CodeFile, build: Build, configs: ConfigSource
) -> Iterator[dict[str, Any]]:
    """Give the models that known servers are started with; who calls them is up to the tool."""
    for at, node in enumerate(build.starts):
        launch = Launch(
            id=f"{file.id}#start{at}", scope=scope.name, file=file.shown, line=node.line,
            kind="package", shell=node, env=build.variables, env_is_open=True,
        )  # fmt: skip
        recognised = servers_in(launch, configs)
        if isinstance(recognised, NoServer):
            continue
        for server in recognised:
            yield from _model_of(server, node)


def _model_of(server: Recognised, node: Node) -> Iterator[dict[str, Any]]:
    settings = dict(server.product.read(server.settings))
    model = settings.get("supply.model")
    if model is None or not model.is_known or not model.value:
        return
    pinned, code = settings.get("supply.model_pinned"), settings.get("supply.remote_code")
    is_named = pinned is not None and pinned.is_known
    yield {
        "what": f"line {node.line}: {model.value}",
        "name": str(model.value),
        "is_pinned": pinned.value if pinned is not None and is_named else None,
        "runs_code": code.value if code is not None and code.is_known else None,
    }
