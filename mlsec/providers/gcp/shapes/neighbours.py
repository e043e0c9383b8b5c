"""Shapes for what stands next to models: names and addresses as full names, labels, keys."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any

from mlsec.graph.token_issuers import Reach, issuer_of

Shape = Callable[[Any], Any]
_BUCKET = re.compile(r"^(?:gs://|/gcs/)?([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])(?:/.*)?$")
_DOCKER = re.compile(r"^([a-z0-9-]+)-docker\.pkg\.dev/([^/]+)/([^/@:]+)/")
_OLD_DOCKER = re.compile(r"^((?:(?:us|eu|asia)\.)?gcr\.io)/([^/]+)/")
_OLD_PLACES = {"gcr.io": "us", "us.gcr.io": "us", "eu.gcr.io": "europe", "asia.gcr.io": "asia"}
_COMPUTE = re.compile(r"projects/.+$")
# A project's id has no dot of its own, but may stand in a domain: example.com:project.
_TABLE = re.compile(
    r"^(?:bq://)?((?:[a-z0-9.-]+:)?[a-z][a-z0-9-]*[a-z0-9])[.:]([A-Za-z0-9_]+)(?:[./].*)?$"
)
_DEFAULTS = ("-compute@developer.gserviceaccount.com", "@appspot.gserviceaccount.com")
_ML_SERVICES = frozenset(
    ("aiplatform.googleapis.com", "generativelanguage.googleapis.com", "notebooks.googleapis.com",
     "discoveryengine.googleapis.com", "ml.googleapis.com", "dialogflow.googleapis.com")
)  # fmt: skip
_GEMINI = "generativelanguage.googleapis.com"
_OPENS_MODELS = (_GEMINI, "aiplatform.googleapis.com")
_CLIENTS = {
    "serverKeyRestrictions": "servers",
    "browserKeyRestrictions": "browsers",
    "androidKeyRestrictions": "android",
    "iosKeyRestrictions": "ios",
}


def gcs_bucket(raw: Any) -> str | None:
    """Give the bucket of gs://bucket/path (or /gcs/bucket/path, or a bare name)."""
    match = _BUCKET.match(str(raw)) if raw else None
    return match[1] if match else None


def gcs_buckets(raw: Any) -> list[str] | None:
    """Give the buckets of a list of addresses, each once, in order of name."""
    if raw is None:
        return None
    listed = raw if isinstance(raw, list) else [raw]
    return sorted({bucket for address in listed if (bucket := gcs_bucket(address))})


def kms_key(raw: Any) -> str | None:
    """Give a key's full name, without the version that may stand behind it."""
    name = (
        str(raw or "")
        .partition("/cryptoKeyVersions/")[0]
        .removeprefix("//cloudkms.googleapis.com/")
    )
    return f"//cloudkms.googleapis.com/{name}" if name else None


def key_ring(raw: Any) -> str | None:
    """Give the full name of the ring that a key lies in."""
    return f"//cloudkms.googleapis.com/{str(raw).partition('/cryptoKeys/')[0]}" if raw else None


def image_repository(raw: Any) -> str | None:
    """Give the full name of the repository that an image address names; None for other hosts."""
    text = str(raw or "").removeprefix("https://").removeprefix("docker://")
    base = "//artifactregistry.googleapis.com/projects"
    match = _DOCKER.match(text)
    if match:
        place, project, repository = match.groups()
        return f"{base}/{project}/locations/{place}/repositories/{repository}"
    match = _OLD_DOCKER.match(text)
    if match:
        host, project = match.groups()
        return f"{base}/{project}/locations/{_OLD_PLACES[host]}/repositories/{host}"
    return None


def image_repositories(raw: Any) -> list[str] | None:
    """Give the repositories of a list of image addresses, each once."""
    if raw is None:
        return None
    listed = raw if isinstance(raw, list) else [raw]
    return sorted({name for address in listed if (name := image_repository(address))})


def unpinned_images(raw: Any) -> list[str] | None:
    """Give the images of a list that are named without a digest."""
    return None if raw is None else [str(image) for image in raw if "@sha256:" not in str(image)]


def compute_link(raw: Any) -> str | None:
    """Give the full name of a Compute Engine resource from its URL or relative name."""
    match = _COMPUTE.search(str(raw)) if raw else None
    return f"//compute.googleapis.com/{match[0]}" if match else None


def compute_links(raw: Any) -> list[str] | None:
    """Give the full names of several."""
    return None if raw is None else [name for link in raw if (name := compute_link(link))]


def bq_dataset(raw: Any) -> str | None:
    """Give the full name of the dataset of bq://project.dataset.table."""
    match = _TABLE.match(str(raw)) if raw else None
    if match is None:
        return None
    return f"//bigquery.googleapis.com/projects/{match[1]}/datasets/{match[2]}"


def secret(raw: Any) -> str | None:
    """Give a secret's full name, without the version that may stand behind it."""
    name = str(raw or "").partition("/versions/")[0].removeprefix("//secretmanager.googleapis.com/")
    return f"//secretmanager.googleapis.com/{name}" if name.startswith("projects/") else None


def short_names(raw: Any) -> list[str] | None:
    """Give the last parts of names, each once, in order."""
    return None if raw is None else sorted({str(name).rpartition("/")[2] for name in raw})


def run_service(raw: Any) -> str | None:
    """Give the full name of a Cloud Run service."""
    return f"//run.googleapis.com/{raw}" if raw else None


def api_config(raw: Any) -> str | None:
    """Give the full name of an API config."""
    return f"//apigateway.googleapis.com/{raw}" if raw else None


def labels(raw: Any) -> dict[str, str] | None:
    """Give labels with the key Environment spelled as the other clouds' tags have it."""
    if raw is None:
        return None
    named = {str(key): str(value) for key, value in raw.items()}
    return {("Environment" if key.lower() == "environment" else key): named[key] for key in named}


def is_default_account(raw: Any) -> bool | None:
    """Whether an account is one that Compute Engine or App Engine made."""
    return None if raw is None else str(raw).endswith(_DEFAULTS)


def own_account(raw: Any) -> str | None:
    """Give an account's address; None for the word that stands for Compute Engine's default."""
    return None if raw in (None, "", "default") else str(raw)


def group_keys(raw: Any) -> list[str] | None:
    """Give the addresses of the groups that an account belongs to."""
    return None if raw is None else sorted(str(group["groupKey"]["id"]) for group in raw)


def named_accounts(raw: Any) -> list[str] | None:
    """Give the addresses of the service accounts that the bindings of a policy name."""
    if raw is None:
        return None
    members = {str(member) for binding in raw for member in binding.get("members") or ()}
    kinds = (member.partition(":") for member in sorted(members))
    return [name for kind, _, name in kinds if kind == "serviceAccount" and "[" not in name]


def is_shared_issuer(raw: Any) -> bool | None:
    """Whether everybody can get a token of an issuer."""
    if raw is None or "‹" in str(raw):
        return None
    return issuer_of(str(raw)).reach is Reach.ANYBODY


def service_names(raw: Any) -> list[str] | None:
    """Give the names of enabled APIs."""
    if raw is None:
        return None
    return sorted(str(service["config"]["name"]) for service in raw)


def uses_ml(raw: Any) -> bool | None:
    """Whether an API of models is on."""
    return None if raw is None else not _ML_SERVICES.isdisjoint(service_names(raw) or ())


def gemini_api_on(raw: Any) -> bool | None:
    """Whether the API that takes keys for Gemini is on."""
    return None if raw is None else _GEMINI in (service_names(raw) or ())


def names_gemini(raw: Any) -> bool | None:
    """Whether a key names an API that answers with models."""
    return None if raw is None else any(service in _OPENS_MODELS for service in raw)


def client_limit(raw: Any) -> str | None:
    """Say who may use a key; None for anybody who has it."""
    return next((kind for name, kind in _CLIENTS.items() if (raw or {}).get(name)), None)


def policy_place(raw: Any) -> str | None:
    """Say where an organisation policy is set: project/ID, folder/ID or organization/ID."""
    if raw is None:
        return None
    kind, _, rest = str(raw).partition("/")
    return f"{kind.removesuffix('s')}/{rest.partition('/')[0]}"


def deny_place(raw: Any) -> str | None:
    """Say what a deny policy is attached to: projects/P, folders/F or organizations/O."""
    if raw is None:
        return None
    place = urllib.parse.unquote(str(raw)).partition("cloudresourcemanager.googleapis.com/")[2]
    return place.partition("/denypolicies/")[0]


def seconds(raw: Any) -> int | None:
    """Read a duration such as 7776000s as whole seconds."""
    return None if raw is None else int(float(str(raw).removesuffix("s")))


NEIGHBOUR_SHAPES: Mapping[str, Shape] = {
    "api_config": api_config,
    "deny_place": deny_place,
    "bq_dataset": bq_dataset,
    "client_limit": client_limit,
    "compute_link": compute_link,
    "compute_links": compute_links,
    "gcs_bucket": gcs_bucket,
    "gcs_buckets": gcs_buckets,
    "gemini_api_on": gemini_api_on,
    "group_keys": group_keys,
    "image_repositories": image_repositories,
    "image_repository": image_repository,
    "is_default_account": is_default_account,
    "is_shared_issuer": is_shared_issuer,
    "key_ring": key_ring,
    "kms_key": kms_key,
    "labels": labels,
    "named_accounts": named_accounts,
    "names_gemini": names_gemini,
    "network": compute_link,
    "own_account": own_account,
    "policy_place": policy_place,
    "run_service": run_service,
    "secret": secret,
    "service_names": service_names,
    "short_names": short_names,
    "subnetwork": compute_link,
    "unpinned_images": unpinned_images,
    "uses_ml": uses_ml,
    "whole_seconds": seconds,
}
