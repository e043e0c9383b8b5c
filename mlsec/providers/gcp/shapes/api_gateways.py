"""The shape for API gateways: which paths of an OpenAPI document ask who is there, and for what."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mlsec.core.errors import MlsecError
from mlsec.core.strict_yaml import parse

Shape = Callable[[Any], Any]
_VERBS = ("get", "put", "post", "delete", "patch", "head")
_MODEL = re.compile(r"projects/[^/]+/locations/[^/]+/(?:endpoints|reasoningEngines)/[^/:?]+")
_BACKEND = "x-google-backend"


def openapi_routes(raw: Any) -> list[dict[str, Any]] | None:
    """Give every path and verb of OpenAPI 2 documents: how it asks, and the model that it calls.

    Raises:
        ValueError: a document that is not base64, not YAML or JSON, or has no paths.
    """
    if raw is None:
        return None
    return [route for text in raw for route in _routes(_document(text))]


def _document(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    text = base64.b64decode(raw["document"]["contents"], validate=True).decode()
    try:
        value = parse(text, "openapi").value
    except MlsecError as error:
        raise ValueError(f"an OpenAPI document that cannot be read: {error.message}") from None
    paths = value.get("paths") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(paths, dict):
        raise ValueError("an OpenAPI document without paths")  # noqa: TRY004 - as all shapes do
    return value


def _routes(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    kinds = {
        str(name): "api_key" if scheme.get("type") == "apiKey" else "jwt"
        for name, scheme in (document.get("securityDefinitions") or {}).items()
    }
    for path, verbs in sorted(document["paths"].items()):
        for verb, operation in sorted(verbs.items()):
            if verb.lower() in _VERBS:
                backend = operation.get(_BACKEND) or verbs.get(_BACKEND) or document.get(_BACKEND)
                asked = operation.get("security", document.get("security")) or []
                yield {
                    "route": f"{verb.upper()} {path}",
                    "auth": _auth(asked, kinds),
                    **_target(str((backend or {}).get("address", ""))),
                }


def _auth(asked: list[Mapping[str, Any]], kinds: Mapping[str, str]) -> str:
    """Any one of the requirements is enough, so the weakest of them counts."""
    if not asked or any(not requirement for requirement in asked):
        return "none"
    weakest = [
        all(kinds.get(str(name)) == "api_key" for name in requirement) for requirement in asked
    ]
    return "api_key" if any(weakest) else "jwt"


def _target(address: str) -> dict[str, Any]:
    match = _MODEL.search(address)
    host = address.partition("//")[2].partition("/")[0]
    endpoint = f"//aiplatform.googleapis.com/{match[0]}" if match else None
    return {"endpoint": endpoint, "host": host or None}


API_SHAPES: Mapping[str, Shape] = {"openapi_routes": openapi_routes}
