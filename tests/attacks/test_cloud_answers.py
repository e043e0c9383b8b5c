"""Answers of clouds and clusters that cost whoever reads them.

Who attacks: whoever runs the cluster or the private endpoint that is scanned, sits in a proxy on
the way, or can write what an API repeats. What they send: bodies of 10 GB, bombs, a byte a second,
nesting, lists and pages without an end. What they gain today: the scan is killed, hangs past its
deadline or ends with a crash, and nothing at all is reported of the account.
"""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mlsec.cli import exits
from mlsec.providers.aws.collect.reader import plans as aws_plans
from mlsec.providers.azure.collect.reader import plans as azure_plans
from mlsec.providers.gcp.tables import plans as gcp_plans
from mlsec.providers.kubernetes.tables import listed_kinds, listing
from tests.attacks.scan_child import Outcome, run_measured
from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import FOLDER, Project
from tests.estate.gcp_world import PROJECT as GCP_PROJECT
from tests.estate.hostile_wire import RECIPES
from tests.estate.kube_estate import zoo
from tests.estate.kube_server import KubeWorld, RunningKube
from tests.estate.serve import RunningAws, Settings

CLOUDS = ("aws", "azure", "gcp", "kubernetes")
MOST_MIB = 500
DEADLINE_S = 12
# They keep the client waiting, so that only the deadline ends them.
SLOW = ("drip_body", "drip_head", "drip_chunks", "lying_length")
# Sound answers, but more of them than anybody has.
FLOODS = ("many_items", "ever_new_pages")
# Only a parser of XML is attacked by them.
XML = ("entities", "deep_elements", "many_elements")
# What is more than the budget allows, rather than no sound answer.
OVER = frozenset(
    {
        "huge_body", "endless_body", "endless_chunks", "huge_chunk", "endless_head", "long_header",
        "interim_answers", "trailers", "gzip_bomb", "deflate_bomb", "brotli_bomb",
        "zstandard_bomb", "deep_lists", "deep_objects", "half_deep", "many_values", "long_text",
        "many_items", "ever_new_pages",
    }
)  # fmt: skip
# AWS's SDK unpacks nothing, so that these are no sound answers there.
PACKED = frozenset({"gzip_bomb", "deflate_bomb", "brotli_bomb", "zstandard_bomb"})
# Where XML is spoken, so that every other recipe has an operation of JSON.
# Lists in pages, of what nothing more is asked about.
_PAGED: Mapping[str, Mapping[str, str]] = {
    "aws": {"same_page_token": "bedrock:ListGuardrails"},
    "azure": {"same_page_token": "network:VirtualNetworks_ListAll"},
    "gcp": {"same_page_token": "iam:ListRoles"},
}
_XML_OPERATIONS = ("ec2:", "s3:", "iam:", "elbv2:", "cloudwatch:")


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """A scan of a cloud of which some operations were hostile: recipe by operation."""

    outcome: Outcome
    recipes: Mapping[str, str]
    assessment: Mapping[str, Any]

    def gaps(self, operation: str) -> list[Mapping[str, str]]:
        return [gap for gap in self.assessment["gaps"] if gap["wanted"] == operation]


def _roots(name: str) -> list[str]:
    """Name the operations that list what nothing else leads to."""
    if name == "kubernetes":
        served = {(o["apiVersion"].rpartition("/")[0], o["kind"]) for o in zoo()}
        return [listing(k).label for k in listed_kinds() if (k.group, k.kind) in served]
    plans = {"aws": aws_plans, "azure": azure_plans, "gcp": gcp_plans}[name]()
    return sorted({p.listing.label for p in plans if p.listing and not p.parent})


def _spread(name: str, recipes: tuple[str, ...]) -> dict[str, str]:
    """Give each recipe an operation of its own, as far as there are some."""
    roots = [label for label in _roots(name) if label not in _PAGED.get(name, {}).values()]
    spoken = [label for label in roots if label.startswith(_XML_OPERATIONS)]
    plain = [label for label in roots if label not in spoken]
    paged = {recipe: label for recipe, label in _PAGED.get(name, {}).items() if recipe in recipes}
    rest = (recipe for recipe in recipes if recipe not in XML and recipe not in paged)
    chosen = dict(zip(plain, rest, strict=False)) | {v: k for k, v in paged.items()}
    if name == "aws":
        chosen |= dict(zip(spoken, (r for r in recipes if r in XML), strict=False))
    return chosen


@contextlib.contextmanager
def _broken(name: str, recipes: Mapping[str, str], folder: Path) -> Iterator[Mapping[str, str]]:
    """Serve a cloud whose operations are hostile; give the environment to ask it in."""
    faults = [Fault(kind=Kind.HOSTILE, operation=k, recipe=v) for k, v in recipes.items()]
    if name == "kubernetes":
        with RunningKube(KubeWorld(zoo())) as cluster:
            cluster.faults.update(recipes)
            yield {"KUBECONFIG": str(cluster.kubeconfig(folder))}
        return
    with _STARTS[name]() as running:
        running.set_faults(*faults)
        yield running.environment()


def _gcp() -> RunningGcp:
    """Every list is asked of its service, and none of the inventory."""
    world = build_gcp(1).world
    world.projects[GCP_PROJECT] = Project(parent=FOLDER, disabled=frozenset({"cloudasset"}))
    return RunningGcp(world)


_STARTS: Mapping[str, Callable[[], Any]] = {
    "aws": lambda: RunningAws(Settings(deployments=1)),
    "azure": lambda: RunningAzure(build_azure(1).world),
    "gcp": _gcp,
}


def _scan(name: str, recipes: Mapping[str, str], folder: Path, *words: str) -> Struck:
    target = "aws://123456789012/eu-west-1" if name == "aws" else name
    options = ("-o", folder / "out", "-f", "json", "--fail-on", "none", *words)
    with _broken(name, recipes, folder) as environment:
        outcome = run_measured("scan", target, *options, **environment)
    assessment = json.loads((folder / "out" / "assessment.json").read_bytes())
    return Struck(outcome=outcome, recipes=recipes, assessment=assessment)


@pytest.mark.parametrize("name", CLOUDS)
def test_hostile_answers_cost_a_gap_each_and_nothing_else(name: str, tmp_path: Path) -> None:
    recipes = _spread(name, tuple(r for r in RECIPES if r not in (*SLOW, *FLOODS)))
    struck = _scan(name, recipes, tmp_path)
    assert struck.outcome.code == exits.INCOMPLETE, struck.outcome.errors
    assert struck.outcome.peak_mib <= MOST_MIB
    silent = {v: k for k, v in recipes.items() if not struck.gaps(k)}
    assert silent == {}
    reasons = {v: {gap["reason"] for gap in struck.gaps(k)} for k, v in recipes.items()}
    over = OVER - PACKED if name == "aws" else OVER
    # Where the bytes of a packed answer break decides whether its decoder or the cap gives up.
    allowed = {r: {"over_limit", "malformed"} if r in PACKED else {"over_limit"} for r in over}
    assert {r: v for r, v in reasons.items() if r in over and not v & allowed[r]} == {}
    assert struck.assessment["passed"]


def test_items_without_an_end_are_cut_off(tmp_path: Path) -> None:
    """Of a cluster alone: the client that pages is one for all."""
    recipes = _spread("kubernetes", FLOODS)
    struck = _scan("kubernetes", recipes, tmp_path)
    assert struck.outcome.code == exits.INCOMPLETE, struck.outcome.errors
    assert struck.outcome.peak_mib <= MOST_MIB
    assert {gap["reason"] for k in recipes for gap in struck.gaps(k)} == {"over_limit"}
    assert all(struck.gaps(k) for k in recipes)


@pytest.mark.parametrize("name", CLOUDS)
def test_dripping_answers_end_at_the_deadline(name: str, tmp_path: Path) -> None:
    recipes = _spread(name, SLOW)
    struck = _scan(name, recipes, tmp_path, "--deadline", str(DEADLINE_S))
    assert struck.outcome.code == exits.INCOMPLETE, struck.outcome.errors
    # What was collected is judged after the deadline.
    times = [struck.assessment["scan"][name] for name in ("started_at", "finished_at")]
    began, ended = map(datetime.fromisoformat, times)
    assert (ended - began).total_seconds() <= DEADLINE_S + 3
    assert {v: k for k, v in recipes.items() if not struck.gaps(k)} == {}


def test_every_recipe_has_an_operation_somewhere() -> None:
    names = tuple(RECIPES)
    given = itertools.chain.from_iterable(_spread(name, names).values() for name in CLOUDS)
    assert set(given) == set(names)


@pytest.mark.parametrize("recipe", ["endless_body", "entities"])
def test_sign_in_that_is_answered_by_a_bomb_is_one_sentence(recipe: str, tmp_path: Path) -> None:
    with _broken("aws", {"sts:GetCallerIdentity": recipe}, tmp_path) as environment:
        ended = run_measured("scan", "aws", "-o", tmp_path / "out", **environment)
    assert ended.code == exits.BAD_INPUT, ended.errors
    assert "Traceback" not in ended.errors
    assert ended.peak_mib <= MOST_MIB
