"""Assets of SavedModels in text format: what the loader replaces is not an alarm, all else is."""

from __future__ import annotations

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
OUTSIDE = "/srv/export/assets/words.txt"
SAVER = """
node { name: "prefix" op: "Placeholder" }
node { name: "save" op: "SaveV2" input: "prefix:0" }
node { name: "restore" op: "RestoreV2" input: "prefix:0" }
"""


def value(text: str) -> str:
    return f'attr {{ key: "value" value {{ tensor {{ dtype: DT_STRING string_val: "{text}" }} }} }}'


CONST = f'node {{ name: "words" op: "Const" {value(OUTSIDE)} }}\n'
ASSET = 'tensor_info { name: "words:0" } filename: "words.txt"'
LISTED = f"asset_file_def {{ {ASSET} }}\n"
COLLECTED = (
    'collection_def { key: "saved_model_assets" value { any_list { value { '
    f"[type.googleapis.com/tensorflow.AssetFileDef] {{ {ASSET} }} }} }} }} }}\n"
)
CALL = 'node { name: "c" op: "PartitionedCall" input: "words" attr { key: "f" value { func { name: "f" } } } }'  # noqa: E501
GRAPH = f"graph_def {{ {CONST}{SAVER} }}\n"


def saved(graph: str, *more: str) -> str:
    return f"saved_model_schema_version: 1\nmeta_graphs {{ {graph}{''.join(more)} }}\n"


def is_flagged(text: str) -> bool:
    found = inspect(Window.of(text.encode(), "saved_model.pbtxt"))
    return bool(FLAGGING & {fact.danger for fact in found.facts})


@pytest.mark.parametrize("more", [LISTED, COLLECTED])
def test_the_loader_replaces_the_path_of_an_asset_in_text(more: str) -> None:
    assert not is_flagged(saved(GRAPH, more))


def within(*nodes: str) -> str:
    return f"graph_def {{ {CONST}{SAVER}{''.join(nodes)} }}\n"


@pytest.mark.parametrize(
    "text",
    [
        saved(GRAPH),
        saved(GRAPH, LISTED.replace("words:0", "other:0")),
        saved(GRAPH, COLLECTED.replace("saved_model_assets", "assets")),
        saved(GRAPH, LISTED.replace("words:0", "other:0"), COLLECTED),
        saved(GRAPH, LISTED.replace("words.txt", "../../../etc/passwd")),
        saved(GRAPH, COLLECTED.replace("words.txt", "../../../etc/passwd")),
        saved(within('node { name: "s" op: "SaveV2" input: "words:0" }'), LISTED),
        saved(within(CALL), LISTED),
        # Another constant that could pass for the asset's node.
        saved(within(CONST, f'node {{ op: "Const" {value("/srv/other/x")} name: "b" }}'), LISTED),
        saved(f"graph_def {{ {SAVER} {CONST} node {{ {value('/srv/other/x')} }} }}\n",
              LISTED.replace("words:0", "restore:0")),
        saved(within(f'node {{ name: "words" op: "Const" {value("/srv/other/x")} }}'), LISTED),
        saved(within('node [{ name: "list" op: "Const" }]'), LISTED),
        saved(GRAPH, LISTED) + f"meta_graphs {{ {LISTED} }}",
    ],
)  # fmt: skip
def test_a_path_in_text_that_nobody_replaces_is_told(text: str) -> None:
    assert is_flagged(text)
