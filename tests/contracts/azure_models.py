"""Write down which fields Microsoft publishes for what the Azure vocabulary reads.

``python -m tests.contracts.azure_models SITE_PACKAGES`` reads the models of the packages below
(their source only, nothing is imported) and writes ``azure_fields.json``: per operation the model
of one item, per model its fields. Only models that some path of the vocabulary goes through are
kept. The packages are no dependency: azure-ai-ml, azure-mgmt-cognitiveservices, azure-mgmt-search,
azure-mgmt-databricks, azure-mgmt-botservice; install them anywhere with ``pip install --no-deps``.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec.core.places import content_folder
from mlsec.core.vocabulary_load import load_vocabulary
from tests.contracts.azure_paths import OPEN, Published, paths_of

TABLE = Path(__file__).with_name("azure_fields.json")
_WORD = re.compile(r"[A-Za-z_]\w*")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One package's models; ``items`` maps an operation to the model of one item."""

    service: str
    version: str
    path: str
    items: Mapping[str, str]


SOURCES = (
    Source(
        service="machinelearning",
        version="2025-12-01",
        path="azure/ai/ml/_restclient/arm_ml_service/models/_models.py",
        items={
            "Workspaces_ListBySubscription": "Workspace",
            "Registries_ListBySubscription": "Registry",
            "ManagedNetworkSettingsRule_List": "OutboundRuleBasicResource",
            "WorkspaceConnections_List": "WorkspaceConnectionPropertiesV2BasicResource",
            "Compute_List": "ComputeResource",
            "OnlineEndpoints_List": "OnlineEndpoint",
            "OnlineDeployments_List": "OnlineDeployment",
            "BatchEndpoints_List": "BatchEndpoint",
            "BatchDeployments_List": "BatchDeployment",
            "ServerlessEndpoints_List": "ServerlessEndpoint",
            "Datastores_List": "Datastore",
            "ModelContainers_List": "ModelContainer",
            "ModelVersions_List": "ModelVersion",
            "EnvironmentContainers_List": "EnvironmentContainer",
            "EnvironmentVersions_List": "EnvironmentVersion",
            "DataContainers_List": "DataContainer",
            "DataVersions_List": "DataVersionBase",
            "Jobs_List": "JobBase",
            "Schedules_List": "Schedule",
        },
    ),
    Source(
        service="cognitiveservices",
        version="2025-09-01",
        path="azure/mgmt/cognitiveservices/models/_models_py3.py",
        items={
            "Accounts_List": "Account",
            "DeletedAccounts_List": "Account",
            "Deployments_List": "Deployment",
            "RaiPolicies_List": "RaiPolicy",
            "Projects_List": "Project",
            "AccountConnections_List": "ConnectionPropertiesV2BasicResource",
            "ProjectConnections_List": "ConnectionPropertiesV2BasicResource",
        },
    ),
    Source(
        service="search",
        version="2025-05-01",
        path="azure/mgmt/search/models/_models_py3.py",
        items={"Services_ListBySubscription": "SearchService"},
    ),
    Source(
        service="databricks",
        version="2026-01-01",
        path="azure/mgmt/databricks/models/_models.py",
        items={"Workspaces_ListBySubscription": "Workspace"},
    ),
    Source(
        service="botservice",
        version="2022-09-15",
        path="azure/mgmt/botservice/models/_models_py3.py",
        items={"Bots_List": "Bot"},
    ),
)


def read_models(text: str) -> dict[str, dict[str, str]]:
    """Give every model's fields with their types; a base has those of its kinds as well."""
    own: dict[str, dict[str, str]] = {}
    bases: dict[str, list[str]] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            own[node.name] = dict(_fields(node))
            bases[node.name] = [base.id for base in node.bases if isinstance(base, ast.Name)]
    return {name: _with_kinds(name, own, bases) for name in own}


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for line in node.body:
        match line:
            case ast.AnnAssign(
                target=ast.Name(id=name), value=ast.Call(func=ast.Name(id="rest_field"))
            ):
                given = {k.arg: k.value for k in line.value.keywords}  # type: ignore[union-attr]
                spelt = given.get("name")
                known = spelt.value if isinstance(spelt, ast.Constant) else name
                yield str(known), ast.unparse(line.annotation)
            case ast.AnnAssign(
                target=ast.Name(id=name), value=ast.Call(func=ast.Name(id="rest_discriminator"))
            ):
                given = {k.arg: k.value for k in line.value.keywords}  # type: ignore[union-attr]
                spelt = given.get("name")
                yield str(spelt.value if isinstance(spelt, ast.Constant) else name), "str"
            case ast.Assign(targets=[ast.Name(id="_attribute_map")]):
                for each in ast.literal_eval(line.value).values():
                    yield each["key"].replace("\\.", "."), each["type"]


def _with_kinds(
    name: str, own: Mapping[str, dict[str, str]], bases: Mapping[str, list[str]]
) -> dict[str, str]:
    """Join a model's fields with those of its bases and kinds; one field may have several types."""
    fields: dict[str, str] = {}
    for each in sorted(own):
        if _is_below(each, name, bases) or _is_below(name, each, bases):
            for field, kind in own[each].items():
                fields[field] = f"{fields[field]} {kind}" if field in fields else kind
    return fields


def _is_below(kind: str, name: str, bases: Mapping[str, list[str]]) -> bool:
    return kind == name or any(_is_below(base, name, bases) for base in bases.get(kind, ()))


def publish(folder: Path) -> dict[str, Any]:
    """Build the table for all sources below a site-packages folder."""
    vocabulary = load_vocabulary(content_folder("rules") / "vocabulary")
    services: dict[str, Any] = {}
    for source in SOURCES:
        models = read_models((folder / source.path).read_text("utf-8"))
        plain = {
            name: {field: _target(kind, models) for field, kind in fields.items()}
            for name, fields in models.items()
        }
        published = Published(items=source.items, models=plain)
        visited: set[str] = set()
        for named in paths_of(vocabulary, source.service):
            # What is published nowhere is for the test to say, not for the table to hide.
            with contextlib.suppress(LookupError):
                visited |= set(published.walk(named))
        kept = {
            name: {field: _pruned(to, visited) for field, to in sorted(plain[name].items())}
            for name in sorted(visited)
        }  # fmt: skip
        services[source.service] = {
            "version": source.version,
            "items": dict(sorted(source.items.items())),
            "models": kept,
        }
    return services


def _target(kind: str, models: Mapping[str, Any]) -> str:
    """Name the models that a type leads to; "" for plain values, OPEN for what is free in form."""
    words = _WORD.findall(kind.replace("_models.", ""))
    named = sorted({word for word in words if word in models})
    return "|".join(named) or (OPEN if {"Any", "object"} & set(words) else "")


def _pruned(target: str, visited: set[str]) -> str:
    kept = [model for model in target.split("|") if model in visited or model == OPEN]
    return "|".join(kept) or (OPEN if target else "")


if __name__ == "__main__":
    TABLE.write_text(json.dumps(publish(Path(sys.argv[1])), indent=1) + "\n", "utf-8")
