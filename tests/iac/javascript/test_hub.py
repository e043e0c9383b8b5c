"""What JavaScript and TypeScript fetch from hubs of models."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mlsec.core.resource import Resource
from tests.servers.config.declared import seen

COMMIT = "0123456789abcdef0123456789abcdef01234567"
HEAD = (
    "import { pipeline, AutoModel, env } from '@huggingface/transformers';\n"
    "import { downloadFile, snapshotDownload } from '@huggingface/hub';\n"
)


def resource_of(folder: Path, text: str, name: str = "a.ts") -> Resource | None:
    """What a file does that is judged."""
    files = {name: text, "package.json": '{"dependencies": {"@huggingface/transformers": "3"}}'}
    resources = seen(folder, files).inventory.resources
    return next((item for item in resources if item.type == "code.javascript"), None)


def downloads(folder: Path, text: str, name: str = "a.ts") -> list[dict[str, Any]]:
    """The downloads of a file."""
    resource = resource_of(folder, text, name)
    return list(resource.properties["hub_downloads"]) if resource is not None else []


@pytest.mark.parametrize(
    ("call", "is_pinned"),
    [
        ("await pipeline('text-classification', 'owner/model')", False),
        ("await pipeline('text-classification', 'owner/model', { device: 'wasm' })", False),
        ("await pipeline('t', 'owner/model', { revision: 'main' })", False),
        (f"await pipeline('t', 'owner/model', {{ revision: '{COMMIT}' }})", True),
        ("await AutoModel.from_pretrained('owner/model')", False),
        ("await downloadFile({ repo: 'owner/model', path: 'x' })", False),
        ("await downloadFile({ repo: { type: 'model', name: 'owner/model' }, path: 'x' })", False),
        (f"await snapshotDownload({{ repo: 'models/owner/model', revision: '{COMMIT}' }})", True),
        ("const id = 'owner/model';\nawait pipeline('t', id)", False),
        ("const id = process.env.MODEL ?? 'owner/model';\nawait pipeline('t', id)", False),
        ("const id = local ? './model' : 'owner/model';\nawait pipeline('t', id)", False),
        ("async function f(id = 'owner/model') { await pipeline('t', id) }", False),
        ("const c = { model: 'owner/model' };\nawait pipeline('t', c.model)", False),
        (
            (
                "class P { static model = 'owner/model';\n"
                "  static async get(cb: any) { return pipeline('t', this.model, { cb }); } }"
            ),
            False,
        ),
    ],
)
def test_a_download_is_pinned_by_a_commit(tmp_path: Path, call: str, is_pinned: bool) -> None:
    (item,) = downloads(tmp_path, HEAD + call)
    assert (item["source"], item["is_pinned"]) == ("owner/model", is_pinned)


@pytest.mark.parametrize(
    ("name", "head"),
    [
        ("a.js", "const { pipeline } = require('@xenova/transformers');\n"),
        ("a.mjs", "const { pipeline } = await import('@huggingface/transformers');\n"),
        ("a.tsx", "import { pipeline } from '@huggingface/transformers';\n"),
        (
            "a.js",
            "import { pipeline } from 'https://cdn.jsdelivr.net/npm/@xenova/transformers@2';\n",
        ),
        (
            "a.js",
            "import { pipeline as pipe } from '@xenova/transformers';\nconst pipeline = pipe;\n",
        ),
    ],
)
def test_a_library_is_known_however_it_is_imported(tmp_path: Path, name: str, head: str) -> None:
    call = "pipe" if "as pipe" in head else "pipeline"
    (item,) = downloads(tmp_path, f"{head}{call}('t', 'owner/model');", name)
    assert item["is_pinned"] is False


@pytest.mark.parametrize(
    "text",
    [
        "await pipeline('t')",
        "await pipeline('t', './models/own')",
        "await pipeline('t', 'owner/model', { local_files_only: true })",
        "env.allowRemoteModels = false;\nawait pipeline('t', 'owner/model')",
        "import { pipeline as other } from 'stream';\nother('t', 'owner/model')",
    ],
)
def test_what_is_not_fetched_from_a_hub_is_no_download(tmp_path: Path, text: str) -> None:
    assert downloads(tmp_path, HEAD + text) == []


def test_what_the_caller_names_is_not_pinned_either(tmp_path: Path) -> None:
    (item,) = downloads(tmp_path, HEAD + "export const f = (id: string) => pipeline('t', id);")
    assert (item["source"], item["is_pinned"]) == ("", False)


def test_options_that_the_file_does_not_hold_leave_the_revision_unknown(tmp_path: Path) -> None:
    text = "export const f = (options: any) => pipeline('t', 'owner/model', options);"
    resource = resource_of(tmp_path, HEAD + text)
    assert resource is not None
    assert "hub_downloads[].is_pinned" in resource.unread


def test_a_token_of_the_hub_is_a_secret(tmp_path: Path) -> None:
    token = "hf_" + "AbCdEfGhIjKlMnOpQrStUvWxYz01234567"
    text = f"import {{ HfInference }} from '@huggingface/inference';\nnew HfInference('{token}');"
    resource = resource_of(tmp_path, text)
    assert resource is not None
    assert [item["what"] for item in resource.properties["secrets"]] == [
        "line 2: huggingface-token"
    ]


def test_javascript_without_such_a_library_is_no_file_of_ours(tmp_path: Path) -> None:
    text = "import { pipeline } from 'stream';\npipeline('t', 'owner/model');"
    assert seen(tmp_path, {"a.js": text}).inventory.resources == ()


def test_what_does_not_parse_is_read_as_far_as_it_does(tmp_path: Path) -> None:
    (item,) = downloads(tmp_path, HEAD + "pipeline('t', 'owner/model');\n}}} = class {{ (")
    assert item["source"] == "owner/model"
