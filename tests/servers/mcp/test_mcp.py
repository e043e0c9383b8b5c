"""Settings of MCP clients: what each server is, what it is given, and what is not known of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mlsec.core.resource import Resource
from mlsec.servers.mcp.started import is_whole, started_by
from tests.servers.config.declared import seen

KEY = "ghp_" + "x1Y2z3A4b5C6d7E8f9G0h1I2j3K4l5M6n7O8"


def servers(folder: Path, settings: Any, name: str = ".mcp.json") -> dict[str, Resource]:
    text = settings if isinstance(settings, str) else json.dumps(settings)
    found = seen(folder, {name: text}).inventory.resources
    return {each.name: each for each in found if each.type == "code.mcp_server"}


@pytest.mark.parametrize(
    ("words", "package", "is_fixed"),
    [
        ("npx -y @scope/server", "@scope/server", False),
        ("npx -y @scope/server@latest", "@scope/server", False),
        ("npx -y @scope/server@^1.2.3", "@scope/server", False),
        ("npx -y @scope/server@1.2.3", "@scope/server", True),
        ("npx --package=server@1.2.3 run", "server", True),
        ("npx -y github:owner/name", "github:owner/name", False),
        ("bunx server", "server", False),
        ("pnpm dlx server@2.0.0", "server", True),
        ("cmd /c npx.cmd -y server", "server", False),
        ("C:\\node\\npx.cmd -y server", "server", False),
        ("uvx server@latest", "server", False),
        ("uvx server==1.0", "server", True),
        ("uvx --from server[all]==1.0 run-it", "server", True),
        ("uvx --from git+https://example.invalid/a/b run-it", "example.invalid/a/b", False),
        (
            f"uvx --from git+https://example.invalid/a/b@{'a' * 40} run-it",
            "example.invalid/a/b",
            True,
        ),
        ("uv tool run server", "server", False),
        ("pipx run server", "server", False),
        ("docker run -i --rm -e KEY mcp/server", "mcp/server", False),
        ("docker run -i --rm -v /a:/b mcp/server:latest", "mcp/server", False),
        ("docker run --rm mcp/server:1.4", "mcp/server", True),
        ("docker run -i --rm python:latest server.py", "python", False),
        (f"docker run mcp/server@sha256:{'a' * 64}", "mcp/server", True),
        ("sh -c 'exec npx -y server'", "server", False),
    ],
)
def test_what_a_command_fetches_and_whether_it_stays_the_same(
    words: str, package: str, is_fixed: bool
) -> None:
    command, *arguments = [
        word.strip("'") for word in (words.split("'") if "'" in words else words.split())
    ]
    if "'" in words:
        command, *arguments = [*command.split(), *filter(None, arguments)]
    started = started_by(command, arguments)
    assert (started.package, started.is_fixed) == (package, is_fixed)


@pytest.mark.parametrize(
    "words",
    [
        ["node", "dist/server.js"], ["npx", "tsx", "server.ts"], ["uvx", "--from", ".", "run"],
        ["npx", "./local"], ["uv", "run", "server.py"], ["python", "-m", "server"],
    ],
)  # fmt: skip
def test_a_program_of_the_project_itself_is_fetched_from_nowhere(words: list[str]) -> None:
    assert started_by(words[0], words[1:]).package == ""


def test_a_script_decides_itself_what_it_starts() -> None:
    assert started_by("bash", ["-c", "a=$(cat name) && npx -y server"]).why_unknown
    assert started_by("bash", ["-c", "npx -y one; npx -y two"]).why_unknown


def test_what_only_prepares_a_command_hides_it_not() -> None:
    assert started_by("bash", ["-c", "cd x && npx -y server"]).package == "server"
    assert started_by("bash", ["-c", "cd x && go run ."]).why_unknown == ""


@given(st.lists(st.text(max_size=12), max_size=6), st.text(max_size=20))
def test_no_words_are_too_strange_for_it(words: list[str], command: str) -> None:
    started_by(command or "x", words)


@pytest.mark.parametrize("path", ["/", "~", "~/", "${HOME}", "C:\\", "/Users/ada", "/home/ada/"])
def test_a_disk_or_a_home_is_whole(path: str) -> None:
    assert is_whole(path)


@pytest.mark.parametrize("path", [".", "./data", "/Users/ada/work", "/srv/data", "~/work"])
def test_a_folder_is_not_whole(path: str) -> None:
    assert not is_whole(path)


def test_a_secret_is_found_wherever_it_stands_and_a_placeholder_is_none(tmp_path: Path) -> None:
    found = servers(
        tmp_path,
        {
            "mcpServers": {
                "env": {"command": "node", "env": {"GITHUB_TOKEN": KEY}},
                "argument": {"command": "node", "args": ["--token", KEY]},
                "header": {
                    "url": "https://a.example",
                    "headers": {"Authorization": f"Bearer {KEY}"},
                },
                "filled": {"command": "node", "env": {"GITHUB_TOKEN": "${input:token}"}},
                "named": {"command": "node", "env": {"API_KEY": "YOUR_API_KEY"}},
            }
        },
    )
    places = {name: [each["place"] for each in one.properties["secrets"]]
              for name, one in found.items()}  # fmt: skip
    assert places == {
        "env": ["environment"], "argument": ["argument"], "header": ["header"], "filled": [],
        "named": [],
    }  # fmt: skip


def test_an_address_of_another_machine_is_told_from_one_of_this(tmp_path: Path) -> None:
    settings = {
        "servers": {
            "far": {"type": "http", "url": "http://tools.example.com/mcp"},
            "near": {"type": "sse", "url": "http://localhost:3000/sse"},
            "through": {"command": "npx", "args": ["mcp-remote", "http://tools.example.com/sse"]},
        }
    }
    found = servers(tmp_path, settings, ".vscode/mcp.json")
    told = {name: (one.properties["scheme"], one.properties["is_local"])
            for name, one in found.items()}  # fmt: skip
    assert told == {"far": ("http", False), "near": ("http", True), "through": ("http", False)}


def test_the_registry_names_packages_with_their_versions(tmp_path: Path) -> None:
    settings = {
        "$schema": "https://static.modelcontextprotocol.io/schemas/2025-12-11/server.schema.json",
        "name": "io.example/server",
        "packages": [{"registryType": "pypi", "identifier": "server", "version": "1.0.0"}],
    }
    found = servers(tmp_path, settings, "server.json")
    assert found["server"].properties["is_fixed"] is True


def test_settings_with_comments_are_read(tmp_path: Path) -> None:
    text = '{\n  // tools\n  "servers": {"a": {"command": "npx", "args": ["-y", "a"],},},\n}\n'
    assert servers(tmp_path, text, ".vscode/mcp.json")["a"].properties["package"] == "a"


def test_a_version_that_is_filled_in_is_not_known(tmp_path: Path) -> None:
    settings = {"mcpServers": {"a": {"command": "docker", "args": ["run", "mcp/a:${TAG}"]}}}
    server = servers(tmp_path, settings)["a"]
    assert server.properties["package"] == "mcp/a"
    assert "is_fixed" in server.unread


def test_image_without_an_owner_was_built_here_and_is_not_fetched() -> None:
    started = started_by("docker", ["run", "-i", "--rm", "app-mcp-server:latest"])
    assert (started.package, started.is_fixed) == ("", None)
