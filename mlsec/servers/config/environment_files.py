"""Environment files as resources of their own: what stands in clear in them."""

from __future__ import annotations

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.secrets.masking import masked_kind
from mlsec.core.resource import Resource
from mlsec.servers.config.dotenv import parse_environment
from mlsec.vocabulary.types import Vocabulary

TYPE = "code.environment_file"
_SAMPLES = (".example", ".sample", ".template", ".dist", ".tmpl", ".defaults")


def read_environment_files(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give every environment file; a sample is counted as left out."""
    del vocabulary
    result = []
    place = (TYPE, scope.name, "")
    for file in scope.written_in(Language.ENVIRONMENT):
        scope.take(file)
        if file.path.lower().endswith(_SAMPLES) or "example" in file.path.lower():
            scope.tally.exclude(place, "a sample, which holds no real values")
            continue
        scope.tally.add(place, assessed=1)
        result.append(_resource(scope, file))
    return Declared(resources=tuple(result))


def _resource(scope: CodeScope, file: CodeFile) -> Resource:
    secrets = []
    for name, node in parse_environment(file.text).items():
        kind = masked_kind(node.value) if isinstance(node.value, str) else ""
        if kind:
            what = f"line {node.line}: {name} holds a {kind}"
            secrets.append({"name": name, "kind": kind, "what": what})
    return Resource(
        id=f"{file.id}#variables",
        type=TYPE,
        provider="code",
        scope=scope.name,
        name=file.shown,
        properties={"path": file.shown, "secrets": secrets},
        origin=scope.origin(file, 1),
    )
