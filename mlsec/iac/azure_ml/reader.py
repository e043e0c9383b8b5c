"""Files of the Azure Machine Learning CLI, given as declarations of what they make."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located.located import Node
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError
from mlsec.iac.azure_ml import kinds
from mlsec.iac.azure_ml.bodies import Entity, entities
from mlsec.iac.azure_ml.kinds import kind_of
from mlsec.iac.mapping.declaration import Declaration, text_of
from mlsec.iac.mapping.resources import ShapesOf, declare
from mlsec.vocabulary.types import Vocabulary

KIND = "azureml"
LANGUAGES = (Language.AZURE_ML, Language.CONDA)


def read(scope: CodeScope, vocabulary: Vocabulary, shapes_of: ShapesOf) -> Declared:
    """Give what the files of the CLI declare; an environment of its own is judged as well."""
    reading = _Reading(scope)
    return declare(scope, vocabulary, reading.declarations(), shapes_of)


class _Reading:
    def __init__(self, scope: CodeScope) -> None:
        self._scope = scope
        self._files = {file.path: file for file in scope.written_in(*LANGUAGES)}
        self._parsed: dict[str, tuple[Node, ...]] = {}

    def declarations(self) -> Iterator[Declaration]:
        """Give the declarations of every file, and those inside of them."""
        for file in self._files.values():
            self._scope.take(file)
            if file.language is not Language.AZURE_ML:
                continue
            for root in self._documents(file):
                kind = kind_of(root)
                if not kind:
                    continue
                stem = posixpath.splitext(posixpath.basename(file.path))[0]
                for entity in entities(kind, root, file.path, stem, self._first):
                    yield self._declaration(entity, file)

    def _documents(self, file: CodeFile) -> tuple[Node, ...]:
        if file.path not in self._parsed:
            roots: list[Node] = []
            try:
                roots.extend(parse_documents(file.text))
            except MlsecError as error:
                self._scope.refuse_error(file, error)
            self._parsed[file.path] = tuple(roots)
        return self._parsed[file.path]

    def _first(self, path: str) -> Node | None:
        """Give what stands in another file of the target that this one names."""
        file = self._files.get(path)
        return next(iter(self._documents(file)), None) if file is not None else None

    def _declaration(self, entity: Entity, file: CodeFile) -> Declaration:
        shown = file.in_repository or file.path
        folder, name = posixpath.split(shown)
        own = text_of(entity.body.get("name")) or entity.given
        return Declaration(
            kind=KIND,
            # A component is what jobs are made of, and is judged as one.
            type=kinds.JOB if entity.kind == kinds.COMPONENT else entity.kind,
            address=f"{name}/{entity.kind}/{own}",
            body=entity.body,
            file=file,
            stack=folder or ".",
            line=entity.body.line or 1,
            column=entity.body.column,
            given=entity.given,
        )
