"""moto's server application called in this process, one request at a time."""

from __future__ import annotations

import importlib
import inspect
import io
import logging
import os
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from botocore import xform_name

from tests.estate.identify import Call
from tests.estate.wire import Answer, Request

ACCOUNT = "123456789012"  # moto's default account
_MODULES = {
    "bedrock-agent": "bedrockagent", "bedrock-agentcore-control": "bedrockagentcorecontrol",
    "lambda": "awslambda", "service-quotas": "servicequotas", "cognito-idp": "cognitoidp",
    "application-autoscaling": "applicationautoscaling", "redshift-serverless": "",
}  # fmt: skip


class MotoBackend:
    """Answers what moto implements. Not thread-safe: call from one thread."""

    def __init__(self, random_seed: int = 1) -> None:
        # 1,301 fake machine images and snapshots would be no part of the estate.
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
        os.environ["MOTO_IAM_LOAD_MANAGED_POLICIES"] = "false"
        from moto.moto_api._internal import mock_random  # noqa: PLC0415
        from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app  # noqa: PLC0415

        mock_random.seed(random_seed)
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._app = DomainDispatcherApplication(create_backend_app)

    def has(self, call: Call) -> bool:
        """Tell whether moto implements the operation at all."""
        return xform_name(call.operation) in _implemented(call.service)

    def answer(self, request: Request) -> Answer:
        """Pass one request through the WSGI application."""
        seen: list[Any] = []
        environ = _environ(request)

        def start_response(status: str, headers: list[tuple[str, str]], _exc: Any = None) -> Any:
            seen[:] = [int(status.split(" ", 1)[0]), tuple(headers)]
            return lambda _data: None

        chunks = self._app(environ, start_response)
        body = b"".join(chunks)
        return Answer(status=seen[0], headers=seen[1], body=body)


@cache
def _implemented(service: str) -> frozenset[str]:
    module = _MODULES.get(service, service.replace("-", ""))
    try:
        responses = importlib.import_module(f"moto.{module}.responses")
    except ImportError:
        return frozenset()
    classes = [c for _, c in inspect.getmembers(responses, inspect.isclass)]
    own = [c for c in classes if c.__module__.startswith(f"moto.{module}.")]
    return frozenset(name for c in own for name in dir(c) if not name.startswith("__"))


def _environ(request: Request) -> dict[str, Any]:
    parts = urlsplit(request.target)
    environ: dict[str, Any] = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(parts.path, "latin-1"),
        "QUERY_STRING": parts.query,
        "RAW_URI": request.target,
        "REQUEST_URI": request.target,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": request.headers.get("host", ":80").rpartition(":")[2],
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(request.body)),
        "CONTENT_TYPE": request.headers.get("content-type", ""),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in request.headers.items():
        if name not in ("content-length", "content-type"):
            environ["HTTP_" + name.upper().replace("-", "_")] = value
    return environ
