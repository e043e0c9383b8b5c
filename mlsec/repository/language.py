"""Which language a file is written in, by its name and its content; None for everything else."""

from __future__ import annotations

import re

from mlsec.collect.code.code_file import Language
from mlsec.core.regex import regex
from mlsec.repository.other_tools import is_named_as_project, tool_of
from mlsec.repository.own_report import is_assessment
from mlsec.repository.written_otherwise import language_otherwise
from mlsec.servers.config.config_kinds import is_server_config

# Endings of files that are worth opening to see what they are.
DATA = (".yaml", ".yml", ".json", ".template")
# Server configuration that its name alone says, or that is worth opening for what stands in it.
_SERVER_NAMES = frozenset({
    "config.properties", "config.pbtxt", "jupyter_server_config.py", "jupyter_server_config.json",
    "jupyter_notebook_config.py", "jupyter_notebook_config.json", "jupyter_lab_config.py",
    "jupyter_lab_config.json", "jupyterhub_config.py", "settings.json", "basic_auth.ini",
    "redis.conf", "redis-stack.conf", "postgresql.conf", "pg_hba.conf", "milvus.yaml", "milvus.yml",
    "config.toml",
})  # fmt: skip
# What leads to other servers: the endings of nginx, and the one name of Caddy.
_PROXIES = (".conf", ".conf.template", "caddyfile")
_ENDINGS = (
    *DATA, *_PROXIES, ".tf", ".tofu", ".tfvars", ".bicep", ".sh", ".bash", ".tpl", ".service",
    ".py", ".properties",
)  # fmt: skip
_LEADS = regex(r"(?m)(?:^|[{;])[^\S\n]*+(?:proxy_pass|grpc_pass|reverse_proxy)\s")
_DOCKERFILE = regex(r"(?i)(?:.+\.)?(?:docker|container)file(?:\..+)?\Z")
_COMPOSE = regex(r"(?i)(?:docker-|podman-)?compose(?:[.-].+)?\.ya?ml\Z")
_ENVIRONMENT = regex(r"(?i)(?:.+)?\.env(?:\..+)?\Z")
_UNIT = regex(r"(?m)^[ \t]*ExecStart[ \t]*=")
_APPLIED = regex(r"(?m)^apiVersion:\s*\S.*$")
_KIND = regex(r"(?m)^kind:\s*\S")
_JSON_APPLIED = regex(r'"apiVersion"\s*:\s*"[^"]+"')
_JSON_KIND = regex(r'"kind"\s*:\s*"[^"]+"')
_AWS_TYPE = regex(r"[\"']?Type[\"']?\s*:\s*[\"']?(?:AWS|Alexa|Custom)::")
_ARM = regex(r'"\$schema"\s*:\s*"[^"]*(?i:deploymentTemplate|deploymentParameters)\.json')
_SERVICES = regex(r"(?m)^services:\s*(?:#.*)?$")
# An assessment quotes the code it is about, and so speaks of every language.
_OWN_REPORT = regex(r'\s*\{\s*"schema"\s*:\s*"mlsec/assessment/')
_TEMPLATED = regex(r"\{\{-?\s*(?:\.|include|template|if|with|range|toYaml|define|end|\$)")


def may_matter(path: str) -> bool:
    """Whether a file's name says that it is worth opening."""
    name = path.rpartition("/")[2]
    lower = name.lower()
    return (
        lower.endswith(_ENDINGS)
        or lower == "procfile"
        or lower in _SERVER_NAMES
        or is_named_as_project(lower)
        or bool(_DOCKERFILE.match(name) or _ENVIRONMENT.match(name))
    )


def language_of(path: str, text: str) -> Language | None:
    """Recognise the language of a file that may matter; None when it declares nothing we read."""
    name = path.rpartition("/")[2]
    lower = name.lower()
    for endings, language in _BY_ENDING:
        if lower.endswith(endings):
            return language
    if _DOCKERFILE.match(name):
        return Language.DOCKERFILE
    if lower.endswith(DATA):
        result = _data(name, path, text)
        if result is not None:
            return result
    is_opened = lower in _SERVER_NAMES or lower.endswith((".yaml", ".yml", ".py", ".properties"))
    if is_opened and is_server_config(lower, text):
        return Language.SERVER_CONFIG
    if lower.endswith(".service") and _UNIT.search(text):
        return Language.UNIT
    if lower == "procfile":
        return Language.PROCFILE
    if lower.endswith(_PROXIES) and _LEADS.search(text):
        return Language.PROXY
    if _ENVIRONMENT.match(name):
        return Language.ENVIRONMENT
    if lower.endswith((".sh", ".bash")):
        return Language.SHELL
    return None


_BY_ENDING = (
    ((".tfvars", ".tfvars.json"), Language.TERRAFORM_VALUES),
    ((".tf", ".tofu", ".tf.json", ".tofu.json"), Language.TERRAFORM),
    ((".bicep",), Language.BICEP),
    (("terragrunt.hcl",), Language.TERRAGRUNT),
)


def _data(name: str, path: str, text: str) -> Language | None:
    if _COMPOSE.match(name):
        return Language.COMPOSE
    tool = tool_of(name.lower(), text)
    if tool is not None:
        return tool
    if name.lower() in ("kustomization.yaml", "kustomization.yml"):
        return Language.KUSTOMIZATION
    if _OWN_REPORT.match(text) and is_assessment(text):
        return None
    start = text.lstrip("\ufeff \t\r\n")[:2]
    # A template begins with two braces, and is not JSON.
    is_json = start.startswith("{") and start != "{{"
    if (
        is_json
        and '"terraform_version"' in text
        and ('"planned_values"' in text or '"resource_changes"' in text)
    ):
        return Language.TERRAFORM_PLAN
    if _ARM.search(text):
        return Language.ARM
    if "AWSTemplateFormatVersion" in text or _AWS_TYPE.search(text):
        return Language.CLOUDFORMATION
    if is_json:
        is_applied = bool(_JSON_APPLIED.search(text) and _JSON_KIND.search(text))
    else:
        is_applied = bool(_APPLIED.search(text) and _KIND.search(text))
    is_in_chart = "templates/" in path and _TEMPLATED.search(text)
    if is_applied:
        return Language.HELM_TEMPLATE if is_in_chart else Language.KUBERNETES
    if _SERVICES.search(text) and re.search(r"(?m)^[^\S\n]++(?:image|build):", text):
        return Language.COMPOSE
    return language_otherwise(text)
