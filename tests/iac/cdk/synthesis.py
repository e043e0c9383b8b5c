"""Compare what is read of an app's source with what the CDK synthesised of the same source."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope, Language
from mlsec.collect.tally import Tally
from mlsec.collect.walk.plan import Referred
from mlsec.core.resource import Resource
from mlsec.iac.cdk import reader as cdk
from mlsec.iac.cloudformation import reader as cloudformation
from mlsec.repository.infrastructure import shapes_of
from tests.iac.reading import VOCABULARY

HERE = Path(__file__).parent
# The role with which a bucket is emptied before it is deleted.
EMPTIER = ("aws.iam.role", "Custom::S3AutoDeleteObjectsCustomResourceProvider/Role")
_READERS = {Language.CDK_CODE: cdk, Language.CLOUDFORMATION: cloudformation}


def scope_of(texts: dict[str, str], language: Language = Language.CDK_CODE) -> CodeScope:
    files = [
        CodeFile(
            id=f"repo/{path}",
            path=path,
            language=Language.CDK if path.endswith("cdk.json") else language,
            text=text,
            in_repository=path,
        )
        for path, text in texts.items()
    ]
    return CodeScope("code/repo", files, Tally())


def declared(texts: dict[str, str], language: Language = Language.CDK_CODE) -> list[Resource]:
    """Give what these files declare."""
    scope = scope_of(texts, language)
    made = _READERS[language].read(scope, VOCABULARY, shapes_of, lambda _: Referred())
    return list(made.resources)


def of_source(name: str) -> dict[tuple[str, str], Resource]:
    """Give what is read of an app here, by type and the path of the construct in its stack."""
    found = declared({name: (HERE / name).read_text()})
    return {(each.type, _address(each).partition("/")[2]): each for each in found}


def of_template(name: str) -> dict[tuple[str, str], Resource]:
    """Give what the CDK made of an app here, in the same way."""
    text = (HERE / name).read_text()
    paths = {
        logical: entry.get("Metadata", {}).get("aws:cdk:path", logical)
        for logical, entry in json.loads(text)["Resources"].items()
    }
    found = declared({name: text}, Language.CLOUDFORMATION)
    return {(each.type, _construct(paths[_address(each)])): each for each in found}


def _address(resource: Resource) -> str:
    return resource.id.partition("#")[2].partition("~")[0]


def _construct(path: str) -> str:
    inside = path.partition("/")[2]
    return inside.removesuffix("/Resource")


def renamed(
    source: dict[tuple[str, str], Resource], template: dict[tuple[str, str], Resource]
) -> dict[str, str]:
    """Give the names that the CDK makes up, and those that are made up here."""
    pairs = ((template[key].name, source[key].name) for key in source if key in template)
    emptier = template.get(EMPTIER)
    own = {emptier.name: "auto-delete-objects"} if emptier is not None else {}
    return {theirs: ours for theirs, ours in pairs if theirs != ours} | own


def comparable(value: Any, names: dict[str, str]) -> str:
    """Write a value so that only its meaning counts: names that are made up mean nothing."""
    if isinstance(value, list):
        value = [
            {key: entry for key, entry in item.items() if key != "policy"}
            if isinstance(item, dict)
            else item
            for item in value
        ]
    text = json.dumps(value, sort_keys=True, default=str)
    # A name that is made up may be a part of another: whole words alone are replaced.
    return re.sub(r"[A-Za-z0-9-]+", lambda word: names.get(word[0], word[0]), text)
