"""What ARM templates ask of where they are deployed: ids, groups, subscriptions, references."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from mlsec.collect.located.located import UnknownValue
from mlsec.iac.mapping.partial_text import joined
from mlsec.vocabulary.iac_mapping import CODE_SUBSCRIPTION

GROUP = "group"
SUBSCRIPTION_ID = f"/subscriptions/{CODE_SUBSCRIPTION}"
GROUP_ID = f"{SUBSCRIPTION_ID}/resourceGroups/{GROUP}"


class TemplateScope(Protocol):
    """What a function may ask of the template that it stands in."""

    scope_id: str
    loops: dict[str, int]

    def parameter(self, name: str) -> Any:
        """Give a parameter's value."""

    def variable(self, name: str) -> Any:
        """Give a variable's value."""

    def refer(self, target: Any) -> Any:
        """Give what ``reference`` of a resource answers."""


_HOME = UnknownValue("where it is deployed", "‹location›", is_given=True)


def resource_id(scope_id: str, kind: str, names: list[Any]) -> Any:
    """Put an id together of a type and the names along it."""
    pieces = kind.split("/")
    parts: list[Any] = [scope_id, "/providers/", pieces[0]]
    for piece, name in zip(pieces[1:], names, strict=False):
        parts += ["/", piece, "/", name]
    return joined(parts)


def _resource_id(template: TemplateScope, values: list[Any]) -> Any:
    known = [n for n, entry in enumerate(values) if isinstance(entry, str) and "/" in entry]
    if not known:
        return UnknownValue("an id of something that is not known", is_given=True)
    place, scope = known[0], template.scope_id
    if place == 2 and all(isinstance(value, str) for value in values[:2]):
        scope = f"/subscriptions/{values[0]}/resourceGroups/{values[1]}"
    elif place == 1 and isinstance(values[0], str):
        scope = f"{SUBSCRIPTION_ID}/resourceGroups/{values[0]}"
    elif place:
        word = words_of(values[place - 1])
        scope = f"{SUBSCRIPTION_ID}/resourceGroups/{word or 'another'}"
    return resource_id(scope, values[place], values[place + 1 :])


def _extension_id(_: TemplateScope, values: list[Any]) -> Any:
    if len(values) < 3 or not isinstance(values[1], str):
        return UnknownValue("an id of something that is not known")
    return resource_id(words_of(values[0]), values[1], values[2:])


def _copy_index(template: TemplateScope, values: list[Any]) -> Any:
    names = [value.lower() for value in values if isinstance(value, str)]
    offset = next((value for value in values if isinstance(value, int)), 0)
    loops = template.loops
    index = loops.get(names[0]) if names else (list(loops.values())[-1] if loops else None)
    return UnknownValue("the index of a copy") if index is None else index + offset


def _lookup(values: list[Any]) -> str:
    return values[0] if values and isinstance(values[0], str) else ""


OWN: Mapping[str, Callable[[TemplateScope, list[Any]], Any]] = {
    "parameters": lambda template, values: template.parameter(_lookup(values)),
    "variables": lambda template, values: template.variable(_lookup(values)),
    "resourceid": _resource_id,
    "subscriptionresourceid": lambda _, values: resource_id(
        SUBSCRIPTION_ID, next((v for v in values if isinstance(v, str) and "/" in v), "?"),
        values[1:],
    ),
    "tenantresourceid": lambda _, values: resource_id("", _lookup(values), values[1:]),
    "extensionresourceid": _extension_id,
    "reference": lambda template, values: template.refer(values[0] if values else ""),
    "copyindex": _copy_index,
    "resourcegroup": lambda _, __: {"id": GROUP_ID, "name": GROUP, "location": _HOME, "tags": {}},
    "subscription": lambda _, __: {
        "id": SUBSCRIPTION_ID, "subscriptionId": CODE_SUBSCRIPTION, "tenantId": CODE_SUBSCRIPTION,
    },
    "tenant": lambda _, __: {"tenantId": CODE_SUBSCRIPTION},
    "deployment": lambda _, __: {
        "name": UnknownValue("the name of the deployment", "‹deployment›", is_given=True),
        "location": _HOME,
    },
    "environment": lambda _, __: {
        "name": "AzureCloud", "resourceManager": "https://management.azure.com/",
        "suffixes": {
            "storage": "core.windows.net", "keyvaultDns": ".vault.azure.net",
            "sqlServerHostname": ".database.windows.net", "acrLoginServer": ".azurecr.io",
        },
    },
}  # fmt: skip


def words_of(value: Any) -> str:
    """Give a value as text, what is not known in its own words."""
    return value.text or value.why if isinstance(value, UnknownValue) else str(value)
