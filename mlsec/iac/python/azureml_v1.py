"""Web services of the first SDK of Azure ML (azureml.core): who may call them, and how."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult

_CONFIGURES = ".deploy_configuration"
_CONTAINER = "AciWebservice.deploy_configuration"
_CLUSTER = "AksWebservice.deploy_configuration"
_DEPLOYS = ("azureml.core.model.Model.deploy", "azureml.core.Model.deploy")


class WebService(msgspec.Struct, frozen=True, kw_only=True):
    """A service that a call configures or deploys; None where the file does not say it.

    ``why`` says why it does not.
    """

    call: Call
    what: str
    is_authenticated: bool | None
    has_tls: bool | None
    why: str = ""


def is_web_service(name: str) -> bool:
    """Whether a call of this name configures or deploys such a service."""
    return name.startswith("azureml.") and (name.endswith(_CONFIGURES) or name in _DEPLOYS)


def web_services(calls: Iterable[Call]) -> Iterator[WebService]:
    """Give the services that can be reached from outside of the network they run in.

    By default a container instance asks nobody for a key and speaks plain HTTP, and a service of a
    cluster asks for one; the cluster's settings decide on TLS. Source: the reference of
    ``azureml.core.webservice``.
    """
    for call in calls:
        if call.name.endswith(_CONTAINER):
            if _is_given(call.argument("vnet_name", 19)):
                continue
            asks, why = _flag(call.argument("auth_enabled", 6), default=False)
            tls, why_tls = _flag(call.argument("ssl_enabled", 7), default=False)
            yield WebService(call=call, what="a container instance", is_authenticated=asks,
                             has_tls=tls, why=why or why_tls)  # fmt: skip
        elif call.name.endswith(_CLUSTER):
            asks, why = _flag(call.argument("auth_enabled"), default=True)
            yield WebService(call=call, what="a service of a cluster", is_authenticated=asks,
                             has_tls=True, why=why)  # fmt: skip
        elif call.name in _DEPLOYS:
            config = call.argument("deployment_config", 4)
            if config is not None and config.value is not None and not _is_configured(config):
                why = getattr(config.value, "why", "the configuration is not in this file")
                yield WebService(call=call, what="a web service", is_authenticated=None,
                                 has_tls=None, why=why)  # fmt: skip


def _is_given(node: Node | None) -> bool:
    return node is not None and node.value is not None


def _is_configured(config: Node) -> bool:
    """Whether the file holds the call that made a configuration: that call is judged."""
    made = config.value
    return isinstance(made, CallResult) and made.call.name.endswith(_CONFIGURES)


def _flag(node: Node | None, *, default: bool) -> tuple[bool | None, str]:
    if node is None or node.value is None:
        return default, ""
    if isinstance(node.value, UnknownValue):
        return None, node.value.why
    return bool(node.value), ""
