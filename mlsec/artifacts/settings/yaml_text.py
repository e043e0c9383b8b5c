"""Reads YAML without building what its tags ask for: tags that run code, settings, bombs."""

from __future__ import annotations

import re

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.content.program_text import note_program, shell_in
from mlsec.artifacts.content.references import note_reference
from mlsec.artifacts.errors import OverLimitError
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.artifacts.settings.loaders import LOADER
from mlsec.core.custom_resource_definitions import without_schemas
from mlsec.core.enums import Severity
from mlsec.core.long_data import search_long
from mlsec.core.regex import regex

MOST_BYTES = 4 << 20
_START = regex(
    rb"(?:\xef\xbb\xbf)?(?:[ \t\r\f\v]*+(?:#[^\n]*+)?\n|(?!))*+"
    rb"(?:%(?:YAML|TAG)|---|- |![!<\w]|[\w.\"'/-]+[ ]?[\w .-]{0,60}:(?:[ \t\r\n]|\Z))"
)
# What makes a YAML file worth parsing: settings that load code, tags, or many aliases.
_WORTH = regex(
    rb"loader_module|_target_|\b_type:|!(?:new|apply|name|module):|trust.remote.code|auto_map|class_path|custom_pipeline|code:|template"
    rb"|_component_|__target__|_instantiator|custom_imports|user_dir|plugins:|script_url|runtime_env"
    rb"|flavors:|signatures:|model_module_dir|bundled_packages_dir|restore_from_path|py/\w+:"
    rb"|backbone:|preprocessors:|pipeline:|(?:template|prefix|suffix|prompt|llm|chain)_path"
    rb"|entry_points|licen[sc]e|parent_library|weight_map|target:|_implementation|sparkVersion|![\w!<]|%TAG|<<|\*\w+"
)
# Tags by a short name and nodes by an anchor reach from one part of a text into another.
_READS_ON = regex(rb"%TAG|[\s\[{,:-]&\w")
_OF_NO_DEFINITION = regex(
    rb"\n  (?!acceptedNames:|additionalPrinterColumns:|conditions:|conversion:|group:|names:"
    rb"|preserveUnknownFields:|scope:|storedVersions:|subresources:|validation:|versions?:)[^ \n#-]"
)
# What a schema does not say, and settings do: as ``_WORTH``, and of words that are names of fields
# as well, those that something other than the next field follows.
_IN_NO_SCHEMA = regex(
    rb"loader_module|_target_|\b_type:|trust.remote.code|auto_map|class_path|custom_pipeline"
    rb"|_component_|__target__|_instantiator|custom_imports|user_dir|script_url|runtime_env"
    rb"|flavors:|signatures:|model_module_dir|bundled_packages_dir|restore_from_path|py/\w+:"
    rb"|backbone:|preprocessors:|(?:template|prefix|suffix|prompt|llm|chain)_path|entry_points"
    rb"|parent_library|weight_map|_implementation|<<|\{%|!<|tag:yaml|!(?:python|ruby|perl|php|java"
    rb"|javax|net|com\.sun)\b|!(?:new|apply|name|module):|index.url|find.links|trusted.host|git\+|://[^\s/]+@"
    rb"|\n[ \t]*-[ \t]+[\"']?-"
    rb"|(?:code|template|plugins|pipeline|target|licen[sc]e|sparkVersion|class|command|args)[\"']?"
    rb"[ \t]*:\s*(?:[^\sa-zA-Z0-9_\"'-]|[\w-]+(?:[^\w:-]|:[^\s])|[\"'][^\"'\n:]*[\"'][^:]|- )"
    rb"|\b(?:__import__|exec|eval|b64decode|loads|system|popen)[ \t]*\(|\bsubprocess\.|/dev/tcp/"
    rb"|[A-Za-z0-9+/]{80}"
)
# An environment of packages that names some address.
_ENVIRONMENT = regex(rb"dependencies|requirements|packages|index_url")
_FAR = regex(rb"://|index.url|find.links|trusted.host|-[if][ =]")
_CODE = regex(
    rb"^[ \t-]*[\w.\"'-]{1,60}[ \t]*:[ \t]*[\"']?"
    rb"((?:builtins\.)?(?:exec|eval|__import__)|os\.(?:system|popen)|subprocess\.\w{1,20})[ \t]*\(",
    re.MULTILINE,
)
# A resolver that evaluates, and one that puts a key of an account into an address.
_RESOLVED = regex(
    rb"\$\{(?:eval|exec|py|python|call|import)[:.][^}\n]{0,200}(?:__\w{1,60}__|\bos\.|subprocess|open\()"
    rb"|\b\w{1,30}://[^\s]{0,200}\$\{(?:oc\.)?env:[A-Z_]*(?:TOKEN|SECRET|KEY|PASSWORD)[A-Z_]*"
)
# Triton's settings for models in Python name the archive of packages that they run with.
_TRITON = regex(
    rb"(?:EXECUTION_ENV_PATH[\"'][^\n}]{0,80}string_value[\"']?\s*:\s*|default_model_filename\s*:\s*)[\"']([^\"'\n]{1,300})"
)
_MODEL = regex(
    rb"^[ \t]*(?:model\w*|layers|architectures?|backbone|tokenizer|weights|checkpoint|pipeline"
    rb"|flavors|trainer)[ \t]*:",
    re.MULTILINE,
)
# Builds of software fetch and run installers as a matter of course.
_BUILD = regex(
    rb"^[ \t]*+(?:-[ \t]*+)?(?:jobs|steps|stages?|pipelines?|(?:before_)?script|run|tasks|services"
    rb"|image)[ \t]*:",
    re.MULTILINE,
)


def sniff_yaml(head: bytes, window: Window) -> bool:
    """Whether a text starts as YAML does; its name may say so too."""
    named = window.name.lower().endswith((".yaml", ".yml")) or window.name.endswith("MLmodel")
    return named or bool(_START.match(head))


def read_yaml(window: Window, record: Recorder) -> None:
    """Judge tags and settings.

    Raises:
        OverLimitError: longer than 4 MiB, or nested too deep.
    """
    record.understood(0, window.size_bytes)
    data = window.read(0, MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise OverLimitError(f"{window.size_bytes} bytes of YAML are over {MOST_BYTES}")
    _judge_code(data, record)
    data = _without_schemas(data)
    if window.name.endswith("MLmodel") and b"flavors:" in data and not record.depth:
        record.property(LOADER, "mlflow")
    is_project = window.name.endswith("MLproject")
    if is_project or search_long(_WORTH, data) or (_ENVIRONMENT.search(data) and _FAR.search(data)):
        from mlsec.artifacts.settings.yaml_nodes import judge_yaml  # noqa: PLC0415 - it loads much

        judge_yaml(data.decode("utf-8", "replace"), record)


def _without_schemas(data: bytes) -> bytes:
    """Leave out definitions of custom kinds, where no loader could read anything else into them."""
    if b"CustomResourceDefinition" not in data or search_long(_READS_ON, data):
        return data
    return without_schemas(data.decode("utf-8", "replace"), _is_schema).encode()


def _is_schema(text: str) -> bool:
    data = text.encode()
    return not (_OF_NO_DEFINITION.search(data) or search_long(_IN_NO_SCHEMA, data))


def _judge_code(data: bytes, record: Recorder) -> None:
    """Note values that are a call which runs code, in what describes a model."""
    if (shell := shell_in(data)) and not _BUILD.search(data):
        note_program(record, shell, "a value of the settings")
    if result := search_long(_RESOLVED, data):
        note_program(record, result, "a value of the settings")
    for result in _TRITON.finditer(data):
        path = result.group(1).decode("utf-8", "replace").replace("$$TRITON_MODEL_DIRECTORY/", "")
        note_reference(record, path, "what Triton loads for the model", offset=result.start(1))
    result = search_long(_CODE, data)
    if result and _MODEL.search(data):
        call = result.group(1).decode("ascii")
        detail = "a value of the configuration is code that something must mean to run"
        danger = Severity.MEDIUM
        record.fact(FactKind.EMBEDDED_CODE, call, detail, offset=result.start(1), danger=danger)
