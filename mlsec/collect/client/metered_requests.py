"""Sessions of requests whose answers are counted: for the SDKs of Azure and Google Cloud."""

from __future__ import annotations

from typing import Any

import requests
import requests.adapters

from mlsec.collect.client.answer import check_values, check_xml
from mlsec.collect.client.metered_http import METERED_POOLS


class MeteredAdapter(requests.adapters.HTTPAdapter):
    """An adapter over metered pools, through proxies as well."""

    def init_poolmanager(self, *args: Any, **more: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **more)
        self.poolmanager.pool_classes_by_scheme = METERED_POOLS

    def proxy_manager_for(self, *args: Any, **more: Any) -> Any:
        """Give the pools of connections through a proxy."""
        manager = super().proxy_manager_for(*args, **more)
        manager.pool_classes_by_scheme = METERED_POOLS
        return manager


def make_metered(session: requests.Session, connections: int = 10) -> requests.Session:
    """Let a session send everything through metered pools; it tries nothing again by itself."""
    for scheme in ("https://", "http://"):
        adapter = MeteredAdapter(pool_connections=64, pool_maxsize=connections, max_retries=0)
        session.mount(scheme, adapter)
    return session


def checked(session: requests.Session) -> requests.Session:
    """Let a session refuse documents that become larger when its SDK parses them."""
    session.hooks["response"].append(_check_document)
    return session


def _check_document(response: requests.Response, **options: Any) -> None:
    if options.get("stream"):
        return  # the bytes of an object, which nobody parses
    body = response.content
    if body.lstrip()[:1] in (b"{", b"["):
        check_values(body, b",[{")
    else:
        check_xml(body)
