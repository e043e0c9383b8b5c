"""Which language a file is written in, by its name and its content; None for everything else."""

from __future__ import annotations

import re

from mlsec.collect.code.code_file import Language
from mlsec.collect.javascript.relevance import ENDINGS as JAVASCRIPT
from mlsec.collect.javascript.relevance import is_relevant as uses_hub
from mlsec.collect.python.relevance import is_relevant, may_open_console
from mlsec.core.regex import regex
from mlsec.iac.cdk.imports import imports_cdk
from mlsec.repository.file_secrets import (
    holds_open_key,
    is_key_name,
    is_open_key,
    is_values_name,
)
from mlsec.repository.installed_modules import is_list
from mlsec.repository.ml_files import is_named_as_package, ml_file
from mlsec.repository.other_tools import is_named_as_project, tool_of
from mlsec.repository.own_report import is_assessment
from mlsec.repository.written_otherwise import language_otherwise
from mlsec.servers.config.config_kinds import is_server_config
from mlsec.servers.workflows.recognise import applies, may_ship, system_of

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
# Where DVC keeps its remotes, with keys where somebody has put them: names and values, as there.
_REMOTES = (".dvc/config", ".dvc/config.local")
# What leads to other servers: the endings of nginx, and the one name of Caddy.
_PROXIES = (".conf", ".conf.template", "caddyfile")
_ENDINGS = (
    *DATA, *_PROXIES, ".tf", ".tofu", ".tfvars", ".bicep", ".sh", ".bash", ".tpl", ".service",
    ".py", ".ipynb", ".properties", *JAVASCRIPT,
)  # fmt: skip
_LEADS = regex(r"(?m)(?:^|[{;])[^\S\n]*+(?:proxy_pass|grpc_pass|reverse_proxy)\s")
_DOCKERFILE = regex(r"(?i)(?:.+\.)?(?:docker|container)file(?:\..+)?\Z")
_COMPOSE = regex(r"(?i)(?:docker-|podman-)?compose(?:[.-].+)?\.ya?ml\Z")
_ENVIRONMENT = regex(r"(?i)(?:.+)?\.env(?:\..+)?\Z")
# Of the values of a chart only those that give a password are kept.
_PASSWORD = regex(r"(?im)^[ \t]*[\w-]*(?:password|passwd)[\"']?:[ \t]*[\"']?[\w/+@.!-]")
# A key for models in the settings of any tool, by its form alone.
_SIGNS = ("hf_", "nvapi-", "sk-ant-")
_TOKEN = regex(r"(?<![\w-])(?:hf_[A-Za-z0-9]{34}|nvapi-[\w-]{60}|sk-ant-[\w-]{40})")
_TESTS = regex(r"(?m)^(?:suite|tests):")
_OF_CHARTS = regex(r"(?m)^[ \t]*(?:admin|root|postgres)Password:[ \t]*[\"']?[\w/+@.!-]")
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
        or path.endswith(_REMOTES)
        or is_key_name(lower)
        or is_named_as_package(lower)
        or is_named_as_project(lower)
        or bool(_DOCKERFILE.match(name) or _ENVIRONMENT.match(name))
    )


def language_of(path: str, text: str) -> Language | None:
    """Recognise the language of a file that may matter; None when it declares nothing we read."""
    name = path.rpartition("/")[2]
    lower = name.lower()
    if system_of(path):
        return Language.WORKFLOW if may_ship(text) or applies(text) else None
    for endings, language in _BY_ENDING:
        if lower.endswith(endings):
            return language
    if lower == "procfile" or _DOCKERFILE.match(name):
        return Language.PROCFILE if lower == "procfile" else Language.DOCKERFILE
    if is_key_name(lower):
        return Language.KEY if is_open_key(text) else None
    if path.endswith(_REMOTES):
        return Language.ENVIRONMENT
    if lower.endswith(DATA):
        result = _data(name, path, text)
        if result is not None:
            return result
    is_opened = lower in _SERVER_NAMES or lower.endswith((".yaml", ".yml", ".py", ".properties"))
    if is_opened and is_server_config(lower, text):
        return Language.SERVER_CONFIG
    if lower.endswith((".yaml", ".yml", ".json")) and (kept := _kept_for_keys(lower, text)):
        return kept
    if lower.endswith((".py", ".ipynb", *JAVASCRIPT)):
        return _source(lower, text)
    return _process(name, lower, text)


def _kept_for_keys(name: str, text: str) -> Language | None:
    """Recognise what declares nothing and holds a password or a key for models."""
    if holds_open_key(text):
        return Language.SETTINGS
    if name.endswith(".json"):
        return None
    if _gives_password(name, text):
        return Language.HELM_VALUES
    is_given = any(sign in text for sign in _SIGNS) and _TOKEN.search(text)
    return Language.SETTINGS if is_given else None


def _gives_password(name: str, text: str) -> bool:
    """Whether values of a chart, by their name or by keys that charts have, give a password."""
    gives = (is_values_name(name) and _PASSWORD.search(text)) or _OF_CHARTS.search(text)
    return bool(gives) and _TESTS.search(text) is None


def _process(name: str, lower: str, text: str) -> Language | None:
    """Recognise what starts processes and leads to them."""
    if lower.endswith(".service") and _UNIT.search(text):
        return Language.UNIT
    if lower.endswith(_PROXIES) and _LEADS.search(text):
        return Language.PROXY
    if _ENVIRONMENT.match(name):
        return Language.ENVIRONMENT
    if is_named_as_package(lower):
        return ml_file(lower, text)
    if lower.endswith((".sh", ".bash")):
        return Language.SHELL
    return None


_BY_ENDING = (
    ((".tfvars", ".tfvars.json"), Language.TERRAFORM_VALUES),
    ((".tf", ".tofu", ".tf.json", ".tofu.json"), Language.TERRAFORM),
    ((".bicep",), Language.BICEP),
    (("terragrunt.hcl",), Language.TERRAGRUNT),
)


def _source(name: str, text: str) -> Language | None:
    if name.endswith(JAVASCRIPT):
        if imports_cdk(name, text):
            return Language.CDK_CODE
        return Language.JAVASCRIPT if uses_hub(name, text) else None
    is_python = name.endswith(".py") and may_open_console(text)
    if is_python or is_relevant(text):
        return Language.PYTHON if name.endswith(".py") else Language.NOTEBOOK
    return Language.CDK_CODE if imports_cdk(name, text) else None


def _output(text: str) -> Language | None:
    """Recognise what a tool printed of what it is about to apply, or has."""
    if '"terraform_version"' in text and (
        '"planned_values"' in text or '"resource_changes"' in text
    ):
        return Language.TERRAFORM_PLAN
    is_stack = '"urn:pulumi:' in text and ('"deployment"' in text or '"steps"' in text)
    return Language.PULUMI_OUTPUT if is_stack else None


# Helm and kustomize read these names alone.
_ROOTS = {
    "Chart.yaml": Language.HELM_CHART,
    "kustomization.yaml": Language.KUSTOMIZATION,
    "kustomization.yml": Language.KUSTOMIZATION,
}


def _data(name: str, path: str, text: str) -> Language | None:
    if is_list(path):
        return Language.TERRAFORM_MODULES
    if _COMPOSE.match(name):
        return Language.COMPOSE
    tool = tool_of(name.lower(), text)
    if tool is not None:
        return tool
    root = _ROOTS.get(name)
    if root is not None:
        return root
    if _OWN_REPORT.match(text) and is_assessment(text):
        return None
    start = text.lstrip("\ufeff \t\r\n")[:2]
    # A template begins with two braces, and is not JSON.
    is_json = start.startswith("{") and start != "{{"
    output = _output(text) if is_json else None
    if output is not None:
        return output
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
    return ml_file(name.lower(), text) or language_otherwise(text)
