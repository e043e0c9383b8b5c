"""Recognises the files of machine-learning tools by their names and what stands in them."""

from __future__ import annotations

from mlsec.collect.code.code_file import Language
from mlsec.core.regex import regex
from mlsec.iac.azure_ml.kinds import may_be_entity

_YAML = (".yaml", ".yml")
_CONDA = regex(r"(?m)^dependencies:[^\S\n]*+$")
_CONDA_ITEM = regex(r"(?m)^[^\S\n]*+-[^\S\n]*+(?:conda-forge|defaults|python|pip)\b")


_MCP_SERVERS = regex(r'"(?:mcpServers|context_servers)"\s*:\s*\{')
_MCP_REGISTRY = regex(r'"\$schema"\s*:\s*"https?://static\.modelcontextprotocol\.io/schemas/')


def _is_mcp(name: str, text: str) -> bool:
    """Whether JSON names MCP servers: settings of a client, or an entry of the registry."""
    if name.endswith("mcp.json") and '"servers"' in text:
        return True
    is_named = "mcpServers" in text or "context_servers" in text
    if is_named and _MCP_SERVERS.search(text):
        return True
    return "modelcontextprotocol" in text and bool(_MCP_REGISTRY.search(text))


_COG = regex(r"(?m)^(?:build|predict|train|image)[^\S\n]*+:")
_BENTO = regex(r"(?m)^service[^\S\n]*+:")
_STAGES = regex(r"(?m)^stages[^\S\n]*+:")
_ENTRY_POINTS = regex(r"(?m)^entry_points[^\S\n]*+:")
_RESOURCES = regex(r"(?m)^resources[^\S\n]*+:")
_TRUSS = regex(
    r"(?m)^(?:model_name|model_metadata|model_class_name|docker_server|trt_llm|external_package_dirs)"
    r"[^\S\n]*+:"
)
_APPLICATIONS = regex(r"(?m)^applications[^\S\n]*+:")
_IMPORT_PATH = regex(r"(?m)^[^\S\n]*+(?:-[^\S\n]++)?import_path[^\S\n]*+:")
# Files that have one name: the name, and a line that must stand in it.
_NAMED = {
    **dict.fromkeys(("cog.yaml", "cog.yml"), _COG),
    **dict.fromkeys(("bentofile.yaml", "bentofile.yml"), _BENTO),
    "dvc.yaml": _STAGES,
    "mlproject": _ENTRY_POINTS,
}


def is_named_as_package(name: str) -> bool:
    """Whether a file's name (lower case) without an ending is that of a packaging tool."""
    return name == "mlproject"


def _is_package(name: str, text: str) -> bool:
    if name in _NAMED:
        return bool(_NAMED[name].search(text))
    if name.startswith("config.") and _RESOURCES.search(text) and _TRUSS.search(text):
        return True
    return bool(_APPLICATIONS.search(text) and _IMPORT_PATH.search(text))


def ml_file(name: str, text: str) -> Language | None:
    """Recognise a file of a machine-learning tool; ``name`` is in lower case."""
    if name.endswith(".json"):
        return Language.MCP if _is_mcp(name, text) else None
    if _is_package(name, text):
        return Language.MODEL_PACKAGE
    if not name.endswith(_YAML):
        return None
    if may_be_entity(text):
        return Language.AZURE_ML
    if ("conda" in name or "env" in name) and _CONDA.search(text) and _CONDA_ITEM.search(text):
        return Language.CONDA
    return None
