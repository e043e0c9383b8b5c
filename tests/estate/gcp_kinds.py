"""A kind of resource in the invented Google Cloud: how a good one looks, and what is planted."""

from __future__ import annotations

import copy
import datetime
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from tests.estate.gcp_estate import Planted, Site, binding
from tests.estate.gcp_world import NUMBER, PROJECT, Thing

Body = dict[str, Any]
# Finished jobs count for a quarter only, so these were made yesterday.
RECENT = f"{datetime.datetime.now(datetime.UTC).date() - datetime.timedelta(days=1)}T08:00:00Z"
LABELS = {"owner": "ml-platform"}
DEFAULT_ACCOUNT = f"{NUMBER}-compute@developer.gserviceaccount.com"
# Put together here, so that no scanner takes this file for a leak.
TOKEN = "hf_" + "aBcDeFgHiJ" * 3 + "abcd"
SECRET_VARIABLE = {"name": "HF_TOKEN", "value": TOKEN}
DIGEST = "sha256:" + "5e" * 32
EVERY = 5
# Kinds that a company has few of are there for this many deployments only.
FEW = 2 * EVERY


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a kind: what it changes, and the rules that must then fail.

    ``change`` gets the body and the IAM policy. ``elsewhere`` gives the (rule, id) of another
    resource that must fail as well.
    """

    rules: tuple[str, ...]
    change: Callable[[Body, Body], object]
    elsewhere: Callable[[Site], Sequence[tuple[str, str]]] | None = None


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A collection below a location; ``body`` makes a resource that no rule objects to.

    Fault number n is planted in every fifth deployment, beginning with number n: none touches
    what another changes. ``suffix`` is what the id has after the path, ``place``
    its location where that is not the deployment's.
    """

    noun: str
    schema: str
    body: Callable[[Site, str], Body]
    faults: tuple[Fault, ...] = ()
    document: str = "aiplatform.v1"
    asset: str = ""
    is_everywhere: bool = False
    suffix: str = ""
    place: str = ""

    @property
    def planted(self) -> tuple[Planted, ...]:
        """What is planted, for the table of the estate."""
        return tuple(
            Planted(rule=rule, every=EVERY, which=n % EVERY)
            for n, fault in enumerate(self.faults)
            for rule in fault.rules
        )

    def path(self, site: Site) -> str:
        """``projects/p/locations/l/endpoints/1000``."""
        here = f"projects/{site.project}/locations/{self.place or site.region}"
        return f"{here}/{self.noun}/{site.deployment.index + 1000}"

    def id(self, site: Site) -> str:
        """The full resource name."""
        host = self.document.partition(".")[0]
        return f"//{host}.googleapis.com/{self.path(site)}{self.suffix}"

    def build(self, site: Site) -> tuple[Body, Body]:
        """Give the body and the policy of a deployment's resource, with its faults."""
        path = self.path(site)
        body = copy.deepcopy(self.body(site, path))
        policy: Body = {"bindings": [binding("roles/viewer", "group:ml@nordlicht.example")]}
        for n, fault in enumerate(self.faults):
            if not site.some(EVERY, n % EVERY):
                continue
            fault.change(body, policy)
            for rule in fault.rules:
                site.is_struck(Planted(rule=rule, every=EVERY, which=n % EVERY), self.id(site))
            for rule, other in fault.elsewhere(site) if fault.elsewhere else ():
                site.expected.setdefault(rule, set()).add(other)
        return body, policy

    def things(self, site: Site) -> list[Thing]:
        """Give what a deployment has of this kind."""
        if site.deployment.index >= FEW and not self.is_everywhere:
            return []
        body, policy = self.build(site)
        host = self.document.partition(".")[0]
        return [
            Thing(
                document=self.document,
                schema=self.schema,
                path=self.path(site),
                body=body,
                policy=policy,
                asset=f"{host}.googleapis.com/{self.asset}" if self.asset else "",
            )
        ]


def planted(kinds: Sequence[Kind]) -> tuple[Planted, ...]:
    """Give the faults of several kinds."""
    return tuple(each for kind in kinds for each in kind.planted)


def without(*names: str) -> Callable[[Body, Body], object]:
    """Give a change that takes fields away."""
    return lambda body, _: [body.pop(name, None) for name in names]


def with_(path: str, value: Any) -> Callable[[Body, Body], object]:
    """Give a change that sets the field at a dotted path (``a.0.b``)."""
    *steps, last = path.split(".")

    def change(body: Body, _: Body) -> None:
        place: Any = body
        for step in steps:
            place = place[int(step)] if isinstance(place, list) else place.setdefault(step, {})
        place[last] = value

    return change


def also(*changes: Callable[[Body, Body], object]) -> Callable[[Body, Body], object]:
    """Give a change that makes several."""
    return lambda body, policy: [each(body, policy) for each in changes]


def opened_to(member: str) -> Callable[[Body, Body], object]:
    """Give a change that lets one more member in."""
    return lambda _, policy: policy["bindings"].append(binding("roles/aiplatform.user", member))


def key_of(site: Site) -> Mapping[str, str]:
    """Give the encryption that every resource of a deployment shares."""
    ring = f"projects/{PROJECT}/locations/{site.region}/keyRings/ml"
    return {"kmsKeyName": f"{ring}/cryptoKeys/{site.name}"}


def account_of(site: Site) -> str:
    """Give the service account of a deployment."""
    return f"{site.name}@{PROJECT}.iam.gserviceaccount.com"


def bucket_of(site: Site) -> str:
    """Give the bucket of a deployment's files."""
    return f"{PROJECT}-{site.name}-artifacts"


def image_of(site: Site, name: str = "serve") -> str:
    """Give a pinned image of a deployment."""
    return f"{site.region}-docker.pkg.dev/{PROJECT}/{site.name}/{name}@{DIGEST}"


def attachment(site: Site) -> Mapping[str, str]:
    """Give the way into the company's network."""
    return {"networkAttachment": f"projects/{PROJECT}/regions/{site.region}/networkAttachments/ml"}


def common(site: Site, path: str, **more: Any) -> Body:
    """Give what almost every resource of Vertex AI says about itself."""
    return {
        "name": path,
        "displayName": site.name,
        "createTime": RECENT,
        "labels": dict(LABELS),
        "encryptionSpec": dict(key_of(site)),
        **more,
    }
