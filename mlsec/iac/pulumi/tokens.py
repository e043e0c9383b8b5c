"""Types and properties of Pulumi's providers as Terraform's, from which most of them are bridged.

A token is PACKAGE:MODULE/RESOURCE:RESOURCE; a property is Terraform's argument in camel case, and
in the plural where it is a list. Source: the tokens and arguments in Pulumi's own packages for
Python (pulumi-aws 7.51.1, pulumi-azure 6.40.1, pulumi-gcp 10.2.0).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping
from typing import Any

from mlsec.core.regex import regex
from mlsec.vocabulary.iac_mapping import Tables

# What the addresses of Terraform's types begin with.
_PROVIDERS = {"aws": "aws", "azure": "azurerm", "gcp": "google"}
# Modules whose resources have no module in the name of Terraform's type.
_PLAIN = {
    "aws": ("ec2",),
    "azure": (
        "appservice", "armmsi", "authorization", "cognitive", "compute", "containerservice",
        "core", "keyvault", "msi", "network",
    ),
}  # fmt: skip
_OTHER_NAMES = {
    "aws:cloudtrail:trail": "aws_cloudtrail",
    "aws:lb:loadbalancer": "aws_lb",
    "aws:s3:bucketobjectv2": "aws_s3_object",
    "azure:aifoundry:hub": "azurerm_ai_foundry",
    "azure:appinsights:insights": "azurerm_application_insights",
    "azure:containerapp:app": "azurerm_container_app",
    "azure:containerservice:group": "azurerm_container_group",
    "azure:containerservice:registry": "azurerm_container_registry",
    "azure:datafactory:factory": "azurerm_data_factory",
    "azure:logicapps:workflow": "azurerm_logic_app_workflow",
    "azure:monitoring:diagnosticsetting": "azurerm_monitor_diagnostic_setting",
    "azure:monitoring:metricalert": "azurerm_monitor_metric_alert",
    "azure:operationalinsights:analyticsworkspace": "azurerm_log_analytics_workspace",
    "azure:privatelink:endpoint": "azurerm_private_endpoint",
    "azure:storage:customermanagedkey": "azurerm_storage_account_customer_managed_key",
    "gcp:cloudfunctionsv2:function": "google_cloudfunctions2_function",
    "gcp:organizations:iambinding": "google_organization_iam_binding",
    "gcp:organizations:iammember": "google_organization_iam_member",
    "gcp:organizations:iampolicy": "google_organization_iam_policy",
    "gcp:projects:apikey": "google_apikeys_key",
    "gcp:projects:iambinding": "google_project_iam_binding",
    "gcp:projects:iamcustomrole": "google_project_iam_custom_role",
    "gcp:projects:iammember": "google_project_iam_member",
    "gcp:projects:iampolicy": "google_project_iam_policy",
    "gcp:serviceaccount:account": "google_service_account",
}
# Properties that are called otherwise.
_RENAMED = {
    "aws_cloudwatch_metric_alarm": {"name": "alarm_name"},
    "aws_lambda_function": {"code": "filename", "name": "function_name"},
}
_WORD = regex(r"[a-z][a-z0-9_]*")
_BOUNDARY = regex(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLURALS = (("ies", "y"), ("ses", "s"), ("s", ""))


def package_of(token: str) -> str:
    """Give the package that a token is of: ``aws`` of ``aws:s3/bucket:Bucket``."""
    return token.partition(":")[0]


def terraform_type(token: str, tables: Tables) -> str:
    """Give the type of Terraform that a token is bridged from; "" for one that no table has."""
    package, _, rest = token.partition(":")
    module, _, name = rest.rpartition(":")
    module, name = module.partition("/")[0].lower(), name.lower()
    if package == "aws-native" and module and name:
        return f"awscc_{module}_{name}"
    known = _types(frozenset(tables.get("terraform", ())))
    for wanted in (name, name.removesuffix("v2")):
        result = _OTHER_NAMES.get(f"{package}:{module}:{wanted}")
        result = result or known.get((package, f"{module}{wanted}"))
        if result is None and module in _PLAIN.get(package, ()):
            result = known.get((package, wanted))
        if result is not None:
            return result
    return ""


def address_of(token: str, key: str, tables: Tables) -> str:
    """Give the address of a resource: its type, of Terraform where that is known, and its key."""
    return f"{terraform_type(token, tables) or token}.{key}"


@functools.lru_cache(maxsize=4)
def _types(names: frozenset[str]) -> Mapping[tuple[str, str], str]:
    packages = {provider: package for package, provider in _PROVIDERS.items()}
    result: dict[tuple[str, str], str] = {}
    for name in sorted(names):
        provider, _, rest = name.partition("_")
        if provider in packages:
            result[packages[provider], rest.replace("_", "")] = name
    return result


def argument_names(declared_type: str, tables: Tables) -> frozenset[str]:
    """Give the names of arguments that a table reads of a type, at any depth."""
    entries = tables.get("terraform", {}).get(declared_type, ())
    result: set[str] = set()
    for entry in entries:
        for field in entry.__struct_fields__:
            result.update(_words(getattr(entry, field)))
    return frozenset(result)


def _words(spec: Any) -> Iterable[str]:
    if isinstance(spec, str):
        yield from _WORD.findall(spec)
    elif isinstance(spec, Mapping):
        for key, value in spec.items():
            yield from _words(key)
            yield from _words(value)
    elif isinstance(spec, (list, tuple)):
        for item in spec:
            yield from _words(item)
    elif hasattr(spec, "__struct_fields__"):
        for field in spec.__struct_fields__:
            yield from _words(getattr(spec, field))


def argument(name: str, declared_type: str, known: frozenset[str]) -> str:
    """Give the argument of Terraform that a property of Pulumi is."""
    plain = _BOUNDARY.sub("_", name).lower()
    plain = _RENAMED.get(declared_type, {}).get(plain, plain)
    if plain in known:
        return plain
    for ending, single in _PLURALS:
        if plain.endswith(ending) and (made := plain.removesuffix(ending) + single) in known:
            return made
    return plain
