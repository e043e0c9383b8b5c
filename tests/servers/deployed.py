"""A server with its settings, written down as a team writes it down, and started from the same.

Three forms say the same: a compose file whose image installs the server, a unit of systemd and a
script. Paths are relative in all of them, so that the real server is started with the same words.
"""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from mlsec import pipeline
from mlsec.core.enums import Status
from mlsec.core.resource import Inventory, Resource
from mlsec.engine.assessment.assess import assess
from mlsec.engine.model.rule import RuleSet
from mlsec.graph.build import build_graph
from mlsec.servers.products.product import ANYWHERE, LOOPBACK
from mlsec.targets.facts import FACTS
from tests.servers.config.declared import Seen, seen
from tests.servers.network import is_wide, own_network
from tests.servers.start import ROOT, Server, running

# What the rows of ShellTorch, ShadowRay, and open MLflow and Jupyter in docs/incidents.md name, but
# for the flaws of old versions.
INCIDENTS = frozenset(
    {
        "server/management-without-authentication",
        "server/without-authentication",
        "torchserve/models-from-any-url",
    }
)


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What differs from the product as it comes: words, variables and configuration files.

    ``fires`` are the rules of a known incident that must fail.
    """

    words: tuple[str, ...] = ()
    environment: Mapping[str, str] = msgspec.field(default_factory=dict)
    files: Mapping[str, str] = msgspec.field(default_factory=dict)
    fires: frozenset[str] = frozenset()


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A server as the scan of one form sees it, among all that was read of this form."""

    server: Resource
    inventory: Inventory

    @property
    def failed(self) -> set[str]:
        """The rules that fail on the server."""
        graph = build_graph(_rules().vocabulary, self.inventory, FACTS)
        found = assess(_rules(), graph, clock=datetime.datetime.now(datetime.UTC)).findings
        return {
            each.rule
            for each in found
            if each.status is Status.FAIL and each.resource.id == self.server.id
        }


class Deployed(msgspec.Struct, frozen=True, kw_only=True):
    """A product: the words that start it, its package and the path that answers once it is up.

    ``quiet`` are variables that spare time or room and change nothing of what is compared.
    """

    type: str
    package: str
    words: tuple[str, ...]
    port: int
    ready: str
    quiet: Mapping[str, str] = msgspec.field(default_factory=dict)

    def scanned(self, case: Case, folder: Path) -> Mapping[str, Said]:
        """Scan the case in each of its forms; give the server by the kind of form."""
        found = {}
        for form, files in self._forms(case).items():
            root = folder / form
            root.mkdir(parents=True)
            said: Seen = seen(root, {**files, **case.files})
            servers = [
                each
                for each in said.inventory.resources
                if each.type == self.type and each.properties["launched_by"] == form
            ]
            assert len(servers) == 1, (form, [each.id for each in said.inventory.resources])
            found[form] = Said(server=servers[0], inventory=said.inventory)
        return found

    def _forms(self, case: Case) -> Mapping[str, Mapping[str, str]]:
        words = shlex.join((*self.words, *case.words))
        installed = f"RUN pip install {self.package}=={version(self.package)}"
        copied = "".join(f"COPY {name} ./\n" for name in case.files)
        service = {
            "build": ".",
            "network_mode": "host",
            "command": words,
            "environment": dict(case.environment),
        }
        exported = "".join(f"export {k}={shlex.quote(v)}\n" for k, v in case.environment.items())
        settings = "".join(f'Environment="{k}={v}"\n' for k, v in case.environment.items())
        return {
            "compose": {
                "compose.yaml": json.dumps({"services": {"server": service}}, indent=1),
                "Dockerfile": f"FROM python:3.11-slim\n{installed}\nWORKDIR /srv\n{copied}",
            },
            "unit": {"server.service": f"[Service]\n{settings}ExecStart={words}\n"},
            "shell": {"start.sh": f"#!/bin/sh\n{exported}exec {words}\n"},
        }

    @contextlib.contextmanager
    def started(self, case: Case, folder: Path) -> Iterator[Server]:
        """Start the real server with the case, in a network of its own."""
        folder.mkdir()
        for name, text in case.files.items():
            (folder / name).write_text(text)
        with (
            own_network(),
            running(
                (*self.words, *case.words),
                folder,
                ready=self.ready,
                environment={**self.quiet, **case.environment},
                port=self.port,
            ) as server,
        ):
            yield server


@functools.cache
def _rules() -> RuleSet:
    return pipeline.load(pipeline.Judging(select=tuple(sorted(INCIDENTS))))


def version(package: str) -> str:
    """Give the version of a package that ``make servers`` installs."""
    lines = (ROOT / "requirements" / "servers.txt").read_text().splitlines()
    wanted = package.partition("[")[0]
    (found,) = [
        told.partition("==")[2] for told in lines if told.partition("==")[0].split("[")[0] == wanted
    ]
    return found


def hold(said: Mapping[str, Said], really: Mapping[str, Any], case: Case) -> None:
    """Hold what was said to what is: all of it in the compose file, nothing else in the others.

    A script does not tell which version it starts nor what else is set where it runs.
    """
    all_of_it = said["compose"].server.properties
    told = {name: all_of_it.get(name, "not known") for name in really}
    wrong = {n: (told[n], each) for n, each in really.items() if told[n] != each}
    assert not wrong, f"said and really: {wrong}"
    for form in ("unit", "shell"):
        of_form = said[form].server.properties
        known = {name: of_form[name] for name in really if name in of_form}
        wrong = {n: (each, really[n]) for n, each in known.items() if really[n] != each}
        assert not wrong, f"said of the {form} and really: {wrong}"
    _hold_rules(said["compose"].failed, really)
    assert case.fires <= said["compose"].failed


def _hold_rules(failed: set[str], really: Mapping[str, Any]) -> None:
    """Hold the rules that speak of what was found out to what was found out."""
    is_open = really["exposure.reach"] == "network" and not really["access.authenticated"]
    expected = {
        "server/without-authentication": is_open,
        "server/management-without-authentication": really.get("exposure.management_open"),
        "torchserve/models-from-any-url": really.get("any_url"),
    }
    assert expected.keys() == INCIDENTS
    wrong = {rule for rule, fails in expected.items() if fails is not None}
    wrong = {rule for rule in wrong if (rule in failed) != expected[rule]}
    assert not wrong, f"failed {sorted(failed)}, expected {expected}"


def bound(port: int) -> str:
    """Say where a port of this network is bound, as configurations write it."""
    return ANYWHERE if is_wide(port) else LOOPBACK


def reach_of(port: int) -> str:
    """Say from where a port of this network is reached, as the scan says it."""
    return "network" if is_wide(port) else "host"
