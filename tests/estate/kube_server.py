"""A loopback API server that answers what a scan may ask, and can be told to break."""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from mlsec.providers.kubernetes.tables import CORE, GROUPS, KINDS_OF, VERSION, listing
from mlsec.providers.kubernetes.workloads.kinds import BY_KIND, Kind
from tests.estate.hostile_wire import RECIPES, Pieces

# Kinds that are there and that nobody reads.


def _strange(group: str, kind: str) -> Kind:
    return Kind(group=group, kind=kind, plural=f"{kind.lower()}s", read_as=None)  # type: ignore[arg-type]


class KubeWorld:
    """The objects of a cluster by (group, kind)."""

    def __init__(self, objects: list[dict[str, Any]]) -> None:
        self.objects: dict[tuple[str, str], list[dict[str, Any]]] = {}
        for each in objects:
            group = each["apiVersion"].rpartition("/")[0]
            self.objects.setdefault((group, each["kind"]), []).append(each)

    def kinds(self) -> list[Kind]:
        known = {key: BY_KIND.get(key) or _strange(*key) for key in self.objects}
        return [known[key] for key in sorted(known)]


class RunningKube:
    """Serves a world; ``faults`` maps an operation's label to how it is broken."""

    def __init__(self, world: KubeWorld, page_size: int = 0) -> None:
        self.world, self.page_size = world, page_size
        self.faults: dict[str, str] = {}
        self.asked: Counter[str] = Counter()
        self.requests: list[tuple[str, str, str]] = []
        self.stale_once: set[str] = set()
        self._guard = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def kubeconfig(self, folder: Path, *, context: str = "lab", token: str = "t0ken") -> Path:
        path = folder / "kubeconfig"
        path.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": context,
                    "clusters": [{"name": "c", "cluster": {"server": self.url}}],
                    "users": [{"name": "scanner", "user": {"token": token}}],
                    "contexts": [{"name": context, "context": {"cluster": "c", "user": "scanner"}}],
                }
            )
        )
        return path

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, _: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, method: str, target: str, token: str) -> tuple[int, Any, str]:
        """Give status, document, and how it is broken."""
        split = urlsplit(target)
        query = {key: values[0] for key, values in parse_qs(split.query).items()}
        with self._guard:
            self.requests.append((method, target, token))
            label, document = self._find(split.path, query)
            self.asked[label] += 1
            fault = self.faults.get(label, "")
            if label in self.stale_once and query.get("continue"):
                self.stale_once.discard(label)
                return 410, {"kind": "Status", "reason": "Expired"}, ""
        if method != "GET":
            return 405, {"kind": "Status"}, ""
        if fault == "deny":
            return 403, {"kind": "Status", "reason": "Forbidden", "message": "no"}, ""
        if fault == "throttle":
            return 429, {"kind": "Status", "reason": "TooManyRequests"}, ""
        if fault == "error":
            return 500, {"kind": "Status", "reason": "InternalError"}, ""
        if fault == "redirect":
            return 302, {}, fault
        if document is None:
            return 404, {"kind": "Status", "reason": "NotFound"}, ""
        return 200, document, fault

    def _find(self, path: str, query: dict[str, str]) -> tuple[str, Any]:
        parts = path.strip("/").split("/")
        match parts:
            case ["version"]:
                return VERSION.label, {"gitVersion": "v1.34.1"}
            case ["api"]:
                return "api", {"kind": "APIVersions", "versions": ["v1"]}
            case ["api", "v1"]:
                return CORE.label, self._resources("")
            case ["apis"]:
                return GROUPS.label, self._groups()
            case ["apis", group, _]:
                return KINDS_OF.label, self._resources(group)
        group, rest = ("", parts[2:]) if parts[0] == "api" else (parts[1], parts[3:])
        namespace, plural = (rest[1], rest[2]) if rest[0] == "namespaces" and len(rest) > 2 else (
            "", rest[0],
        )  # fmt: skip
        return self._list(group, plural, namespace, query)

    def _list(
        self, group: str, plural: str, namespace: str, query: dict[str, str]
    ) -> tuple[str, Any]:
        for (own, _), objects in self.world.objects.items():
            key = (own, objects[0]["kind"])
            kind = BY_KIND.get(key) or _strange(*key)
            if own == group and kind.plural == plural:
                held = [o for o in objects if namespace in ("", o["metadata"].get("namespace", ""))]
                return listing(kind).label, self._page(kind, held, query)
        return f"{group}/{plural}", None

    def _page(self, kind: Kind, items: list[Any], query: dict[str, str]) -> Any:
        size = min(int(query.get("limit", 0)) or 10_000, self.page_size or 10_000)
        token = query.get("continue", "")
        start = int(token) if token.isdecimal() else 0
        more = start + size < len(items)
        meta = {"resourceVersion": "7", **({"continue": str(start + size)} if more else {})}
        version = f"{kind.group}/v1" if kind.group else "v1"
        return {
            "kind": f"{kind.kind}List", "apiVersion": version, "metadata": meta,
            "items": [
                {k: v for k, v in each.items() if k not in ("kind", "apiVersion")}
                for each in items[start : start + size]
            ],
        }  # fmt: skip

    def _groups(self) -> Any:
        names = sorted({group for group, _ in self.world.objects if group})
        versions = {name: {"groupVersion": f"{name}/v1", "version": "v1"} for name in names}
        return {
            "kind": "APIGroupList",
            "groups": [
                {"name": n, "versions": [v], "preferredVersion": v} for n, v in versions.items()
            ],
        }

    def _resources(self, group: str) -> Any:
        kinds = [k for k in self.world.kinds() if k.group == group]
        return {
            "kind": "APIResourceList",
            "resources": [
                {"name": k.plural, "kind": k.kind, "namespaced": k.is_namespaced,
                 "verbs": ["get", "list"], "singularName": ""}
                for k in kinds
            ] + [{"name": "pods/log", "kind": "Pod", "verbs": ["get"]}],
        }  # fmt: skip


def _handler(running: RunningKube) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._reply()

        do_POST = do_PUT = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the base's names

        def _reply(self) -> None:
            token = self.headers.get("Authorization", "")
            status, document, fault = running.answer(self.command, self.path, token)
            body = json.dumps(document).encode()
            if fault in RECIPES:
                self.close_connection = True
                self._pour(RECIPES[fault](body, self.path))
                return
            if fault == "garbage":
                body = b"<html>sorry"
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            if fault == "redirect":
                self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)
            if fault == "cut":
                self.close_connection = True

        def _pour(self, pieces: Pieces) -> None:
            with contextlib.suppress(OSError):
                for piece in pieces:
                    if isinstance(piece, float):
                        time.sleep(piece)
                    else:
                        self.wfile.write(piece)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler
