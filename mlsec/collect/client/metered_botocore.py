"""Counted answers for the clients of AWS's SDK."""

from __future__ import annotations

from typing import Any

from botocore.httpsession import URLLib3Session

from mlsec.collect.client.metered_http import metered


def meter_client(client: Any) -> Any:
    """Let a new client read its answers through metered pools; give the client.

    The SDK has no setting for them, and its hook ``before-send`` would have to choose proxies and
    certificates anew.
    """
    meter_http_session(client._endpoint.http_session)
    return client


def meter_http_session(session: URLLib3Session) -> URLLib3Session:
    """Let an HTTP session that has sent nothing yet read through metered pools; give it."""
    # The managers of direct connections and of proxies share this mapping.
    pools: dict[str, Any] = session._pool_classes_by_scheme  # type: ignore[attr-defined]
    pools.update({scheme: metered(pool) for scheme, pool in pools.items()})
    return session
