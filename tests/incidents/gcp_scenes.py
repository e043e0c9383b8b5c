"""Incidents on Google Cloud: each project as it was, and one that lacks what made it dangerous."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tests.e2e.scenes.gcp_things import HERE, account, bucket, email, project, vertex
from tests.estate.gcp_items.hierarchy import SERVICES, services
from tests.estate.gcp_world import HOME, PROJECT, Thing, Told, World

_GEMINI = "generativelanguage.googleapis.com"


def _world(*things: Thing | Told) -> World:
    return World([*project([]), services(*SERVICES, _GEMINI), *things])


def _key(is_near: bool) -> World:
    """A key for maps that is meant for everything, or for translation alone."""
    path = f"projects/{PROJECT}/locations/global/keys/maps"
    limit = {"apiTargets": [{"service": "translate.googleapis.com"}]} if is_near else {}
    body = {"name": path, "displayName": "maps", "restrictions": limit}
    return _world(Thing(document="apikeys.v2", schema="V2Key", path=path, body=body))


def _job(is_near: bool) -> World:
    """A training job that runs as the service agent, or as an account of its own."""
    work = {"workerPoolSpecs": [{"replicaCount": "1"}]}
    if not is_near:
        return _world(vertex("customJobs", "CustomJob", "train", displayName="t", jobSpec=work))
    own = {**work, "serviceAccount": email("train")}
    job = vertex("customJobs", "CustomJob", "train", displayName="t", jobSpec=own)
    return _world(*account("train"), job)


def _model_in(name: str) -> Callable[[bool], World]:
    """Tell of a model in a bucket of a name that can be guessed: of nobody here, or ours."""

    def build(is_near: bool) -> World:
        version = {
            "name": f"{HERE}/models/scores@1",
            "versionId": "1",
            "artifactUri": f"gs://{PROJECT}-{name}/scores",
        }
        told = Told(
            document="aiplatform.v1",
            schema="GoogleCloudAiplatformV1ListModelVersionsResponse",
            path=f"{HERE}/models/scores:listVersions",
            body={"models": [version]},
        )
        ours = [bucket(name)] if is_near else []
        return _world(vertex("models", "Model", "scores", displayName="s"), told, *ours)

    return build


def _agent(is_near: bool) -> World:
    """An agent from a pickle that runs as the shared agent, or one from sources on its own."""
    if is_near:
        source = {"gitSource": {"url": "https://example.com/agent.git", "revision": "0a1b2c3d"}}
        spec = {"serviceAccount": email("helper"), "sourceCodeSpec": source}
    else:
        spec = {"packageSpec": {"pickleObjectGcsUri": f"gs://{PROJECT}-staging/agent.pkl"}}
    closed: Mapping[str, list[object]] = {"bindings": []}
    agent = vertex("reasoningEngines", "ReasoningEngine", "helper", closed, spec=spec)
    return _world(*account("helper"), bucket("staging"), agent)


SCENES: Mapping[str, Callable[[bool], World]] = {
    "google-keys-become-gemini": _key,
    "modeleak": _job,
    "pickle-in-the-middle": _model_in(f"vertex-staging-{HOME}"),
    "vertex-double-agents": _agent,
    "vertex-experiments-bucket": _model_in(f"experiments-{HOME}"),
}
