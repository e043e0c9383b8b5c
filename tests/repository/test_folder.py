"""A folder's code is listed, kept and accounted for, file by file."""

from __future__ import annotations

from pathlib import Path

from mlsec import pipeline
from mlsec.collect.settings import CollectSettings
from mlsec.core.custom_resource_definitions import without_schemas
from mlsec.core.resource import Inventory, is_of_code
from mlsec.snapshot.evidence import open_evidence
from mlsec.snapshot.store import Snapshot
from mlsec.targets.collectors import COLLECTORS
from mlsec.targets.reading import read_inventory
from tests.shipped import shipped_vocabulary

VOCABULARY = shipped_vocabulary()


def inventory_of(folder: Path, scratch: Path) -> Inventory:
    with Snapshot.create(scratch / "x.mlsnap") as snapshot:
        settings = CollectSettings(vocabulary=VOCABULARY)
        COLLECTORS["files"].collect(str(folder), snapshot, settings, None)
        snapshot.finish()
    with Snapshot.open(scratch / "x.mlsnap") as snapshot:
        return COLLECTORS["code"].read(snapshot, VOCABULARY)


def test_a_file_that_no_reader_takes_is_a_gap_and_not_silence(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "Pulumi.yaml").write_text("name: x\nruntime: nodejs\n")
    found = inventory_of(folder, tmp_path)
    (file,) = [one for one in found.resources if one.type == "code.file"]
    assert file.unread
    assert [(row.enumerated, row.errored) for row in found.coverage.rows] == [(1, 1)]


def test_a_folder_without_code_has_no_row_for_it(tmp_path: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "notes.md").write_text("hello")
    (folder / "config.json").write_text('{"model_type": "llama"}')
    assert inventory_of(folder, tmp_path) == Inventory()


def test_values_that_no_rule_asked_for_are_not_told_as_gaps(tmp_path: Path) -> None:
    folder = tmp_path / "repo"
    folder.mkdir()
    (folder / "compose.yaml").write_text(
        "services:\n  a:\n    image: vllm/vllm-openai:v0.9.1\n    command: [--model, $MODEL]\n"
    )
    evidence = tmp_path / "x.mlsnap"
    ruleset = pipeline.load(pipeline.Judging(select=("code-file/*",)))
    settings = CollectSettings(vocabulary=ruleset.vocabulary)
    pipeline.collect((str(folder),), evidence, settings, resume=False, say=lambda *_: None)
    with open_evidence(evidence) as snapshot:
        read = read_inventory(snapshot, ruleset.vocabulary)
        judged = pipeline.judge(snapshot, ruleset, pipeline.Judging(), lambda *_: None)
    assert [gap for gap in read.gaps if is_of_code(gap)]
    assert not [gap for gap in judged.gaps if is_of_code(gap)]


def test_template_that_begins_with_braces_is_no_json_and_is_not_lost(tmp_path: Path) -> None:
    folder = tmp_path / "chart"
    (folder / "templates").mkdir(parents=True)
    text = "{{- if .Values.on }}\napiVersion: v1\nkind: Service\n{{- end }}\n"
    (folder / "templates" / "service.yaml").write_text(text)
    found = inventory_of(folder, tmp_path)
    (file,) = [one for one in found.resources if one.type == "code.file"]
    assert file.unread


def test_schema_of_a_custom_kind_is_left_blank_and_lines_stay_where_they_were() -> None:
    text = (
        "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n"
        "metadata: {name: a}\nspec:\n  versions: []\n  group: b\n---\nkind: Pod\n"
    )
    found = without_schemas(text)
    assert "versions" not in found
    assert found.splitlines().index("kind: Pod") == text.splitlines().index("kind: Pod")
    assert without_schemas("kind: Pod\nspec: 1\n") == "kind: Pod\nspec: 1\n"
