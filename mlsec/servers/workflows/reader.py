"""Jobs of workflows that ship models, as resources: one for each job."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from typing import Any

from mlsec.collect.code.code_file import CodeFile, CodeScope, Declared, Language
from mlsec.collect.located.located import Node
from mlsec.collect.located.yaml import parse_documents
from mlsec.core.errors import MlsecError
from mlsec.core.regex import regex
from mlsec.core.resource import Resource
from mlsec.servers.workflows.recognise import declares_ml, folders_applied, ships, system_of
from mlsec.vocabulary.types import Vocabulary

TYPE = "code.workflow_job"
# What holds a key without an end date where its value is a secret of the workflow.
_KEYS = frozenset({
    "aws-access-key-id", "aws-secret-access-key", "aws_access_key_id", "aws_secret_access_key",
    "credentials_json", "google_credentials", "gcp_sa_key", "creds", "azure_credentials",
    "azure_client_secret", "arm_client_secret", "client-secret",
})  # fmt: skip
_SECRET = regex(r"\$\{\{\s*secrets\.")
_IN_TEXT = regex(r"(?i)\$\{?(?:AWS_SECRET_ACCESS_KEY|GCP_SA_KEY|AZURE_CLIENT_SECRET)\b")
_COMMIT = regex(r"[0-9a-f]{40}\Z")
_OWN = ("actions/", "github/", "./", "docker://")
_GITLAB_WORDS = frozenset({"default", "include", "stages", "variables", "workflow", "image"})
_MOST_DEEP = 32


def read_workflows(scope: CodeScope, vocabulary: Vocabulary) -> Declared:
    """Give each job that ships a model, its weights or the image that serves it.

    One that applies Terraform ships a model where that code declares a resource of an ML service.
    """
    del vocabulary
    resources: list[Resource] = []
    ml = _MLFolders(scope)
    for file in scope.written_in(Language.WORKFLOW):
        scope.take(file)
        try:
            root = next(iter(parse_documents(file.text)), Node(None))
        except MlsecError as error:
            scope.refuse_error(file, error)
            continue
        for name, job in _jobs(root, file):
            kind = ships("\n".join(_texts(job)))
            if not kind and any(map(ml.is_in, _applied(root, job, file))):
                kind = "model"
            if kind:
                scope.tally.add((TYPE, scope.name, ""), assessed=1)
                resources.append(_resource(scope, file, root, name, job, kind))
    return Declared(resources=tuple(resources))


class _MLFolders:
    """Which folders hold Terraform that declares resources of ML services; read when asked."""

    def __init__(self, scope: CodeScope) -> None:
        self._scope = scope
        self._paths: tuple[str, ...] | None = None

    def is_in(self, folder: str) -> bool:
        """Say whether such code lies in a folder or below it."""
        if self._paths is None:
            files = self._scope.written_in(Language.TERRAFORM)
            self._paths = tuple(file.path for file in files if declares_ml(file.text))
        start = "" if folder in ("", ".") else f"{folder}/"
        return any(path.startswith(start) for path in self._paths)


def _applied(root: Node, job: Node, file: CodeFile) -> Iterator[str]:
    """Give the folders whose Terraform a job applies, from the root of the target."""
    top = file.path.rpartition(".github/workflows/")[0]
    defaults = ("defaults", "run", "working-directory")
    usual = job.text(*defaults) or root.text(*defaults)
    steps = [(step.text("run"), step.text("working-directory")) for step in job.items("steps")]
    scripts = [item.value for word in ("before_script", "script") for item in job.items(word)]
    for text, own in [*steps, ("\n".join(map(str, scripts)), "")]:
        for folder in folders_applied(text):
            path = posixpath.normpath(posixpath.join(top, own or usual, folder))
            if "$" not in path:
                yield path


def _jobs(root: Node, file: CodeFile) -> Iterator[tuple[str, Node]]:
    if system_of(file.path) == "github":
        yield from root.pairs("jobs").items()
        return
    for name, job in root.pairs().items():
        if name not in _GITLAB_WORDS and not name.startswith(".") and job.get("script"):
            yield name, job


def _texts(node: Node, depth: int = 0) -> Iterator[str]:
    """Give all texts below a node."""
    if isinstance(node.value, str):
        yield node.value
    elif depth < _MOST_DEEP:
        below = node.value if isinstance(node.value, tuple) else node.pairs().values()
        for item in below:
            yield from _texts(item, depth + 1)


def _resource(
    scope: CodeScope, file: CodeFile, root: Node, name: str, job: Node, kind: str
) -> Resource:
    keys = list(_keys(root, job))
    actions = list(_actions(job))
    properties: dict[str, Any] = {
        "path": file.shown,
        "system": system_of(file.path),
        "ships": kind,
        "static_keys": [{"what": what} for what, _ in keys],
        "open_actions": [{"what": what} for what, _ in actions],
        "waits": _waits(root, job),
    }
    line = {f"static_keys[{at}]": node for at, (_, node) in enumerate(keys)}
    line |= {f"open_actions[{at}]": node for at, (_, node) in enumerate(actions)}
    return Resource(
        id=f"{file.id}#{name}",
        type=TYPE,
        provider="code",
        scope=scope.name,
        name=name,
        properties=properties,
        origin=scope.origin(file, job.line, job.column),
        places={key: f"{file.shown}:{node.line}:{node.column}" for key, node in line.items()},
    )


def _keys(root: Node, job: Node) -> Iterator[tuple[str, Node]]:
    """Give the long-lived keys that a job signs in with; with a session token they end."""
    steps = job.items("steps")
    places = [root.pairs("env"), job.pairs("env"), job.pairs("variables"), root.pairs("variables")]
    places += [step.pairs(word) for step in steps for word in ("env", "with")]
    for pairs in places:
        if any(key.lower() in ("aws-session-token", "aws_session_token") for key in pairs):
            continue
        for key, node in pairs.items():
            value = node.value if isinstance(node.value, str) else ""
            if key.lower() in _KEYS and _SECRET.search(value):
                yield f"{key} is a secret of the repository", node
    if not job.get("id_tokens"):
        for node in (*job.items("script"), *job.items("before_script")):
            if isinstance(node.value, str) and _IN_TEXT.search(node.value):
                yield "a command is given a key of the project's variables", node


def _actions(job: Node) -> Iterator[tuple[str, Node]]:
    """Give the actions of others that a tag or branch names: who moves it runs in the job."""
    for step in job.items("steps"):
        node = step.get("uses")
        text = step.text("uses")
        name, _, version = text.partition("@")
        if node is not None and text and not text.startswith(_OWN) and not _COMMIT.match(version):
            yield f"{name}@{version}" if version else name, node


def _waits(root: Node, job: Node) -> bool:
    """Whether a person starts or approves it: by hand, by a release, or in an environment."""
    if job.get("environment") is not None or job.text("when") == "manual":
        return True
    if any(rule.text("when") == "manual" for rule in job.items("rules")):
        return True
    # YAML 1.1 reads the key "on" as true.
    on = root.get("on") or root.get("true") or root.get("True")
    if on is None:
        return False
    events = {on.value} if isinstance(on.value, str) else {*on.pairs()}
    events |= {item.value for item in on.items() if isinstance(item.value, str)}
    push = on.get("push")
    if push is not None and push.get("tags") and not push.get("branches"):
        events.discard("push")
    return not events & {"push", "pull_request", "pull_request_target", "schedule", "workflow_run"}
