"""Manifests in, verdicts out: what the tests of Kubernetes share."""

from __future__ import annotations

import datetime
from pathlib import Path

from mlsec.collect.code.code_file import CodeFile, Language
from mlsec.core.content_paths import content_folder
from mlsec.core.enums import Status
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.model.rule import RuleSet
from mlsec.engine.rules.selection import load_selected
from mlsec.graph.build import build_graph
from mlsec.graph.graph import Graph
from mlsec.repository.evidence import file_call
from mlsec.repository.language import language_of
from mlsec.repository.reader import read
from mlsec.snapshot.store import Snapshot
from mlsec.targets.facts import FACTS

RULES: RuleSet = load_selected(content_folder("rules"), (), ("k8s-*", "paths/*"))
VOCABULARY = RULES.vocabulary
NOW = datetime.datetime(2026, 11, 26, tzinfo=datetime.UTC)


def inventory_of(scratch: Path, files: dict[str, str]) -> Inventory:
    """Read texts as if they lay in one folder."""
    path = scratch / "x.mlsnap"
    path.unlink(missing_ok=True)
    with Snapshot.create(path) as snapshot:
        for name, text in files.items():
            language = language_of(name, text) or Language.KUBERNETES
            file = CodeFile(id=name, path=name, language=language, text=text)
            snapshot.record(*file_call("code/repo", file))
        snapshot.finish()
    with Snapshot.open(path) as snapshot:
        return read(snapshot, VOCABULARY)


def graph_of(scratch: Path, files: dict[str, str]) -> Graph:
    """Read and join texts."""
    return build_graph(VOCABULARY, inventory_of(scratch, files), FACTS)


def of_type(graph: Graph, kind: str) -> dict[str, Resource]:
    """Give the resources of ``kubernetes.kind`` by name."""
    return {each.name: each for each in graph.of_type(f"kubernetes.{kind}") if not each.is_stub}


def verdicts(graph: Graph) -> dict[str, set[tuple[str, str]]]:
    """Give (rule, name of the resource) by status; passes by the end of the resource's id."""
    judged = assess(RULES, graph, clock=NOW)
    found: dict[str, set[tuple[str, str]]] = {"fail": set(), "not_assessed": set(), "pass": set()}
    for finding in judged.findings:
        found[finding.status.value].add((finding.rule, finding.resource.name))
    for rule, ids in judged.passed.items():
        for each in ids:
            name = graph.resources[each].name if each in graph.resources else each
            found[Status.PASS.value].add((rule, name))
    return found
