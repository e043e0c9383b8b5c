"""The rights that a scan uses are the rights that the published policy allows, on every cloud."""

from __future__ import annotations

from tests.e2e import runs
from tests.e2e.clouds import Cloud, Running
from tests.e2e.conftest import Whole
from tests.estate.faults import Fault, Kind

_VERBS = ("Get", "List", "Describe", "Search", "BatchGet", "BatchDescribe", "GET", "View")


def declared(cloud: Cloud) -> set[str]:
    done = runs.mlsec("doctor", "--policy", cloud.name)
    assert done.returncode == 0, done.stderr
    return cloud.declared(done.stdout)


def test_rights_used_equal_rights_declared(cloud: Cloud, complete: Whole) -> None:
    rights = {label: o.right for label, o in cloud.table().items()} | dict(cloud.first)
    used = {
        right.lower()
        for label in complete.asked
        if not label.startswith("login:")
        for right in rights.get(label, label).split(",")
    }
    assert used == {right.lower() for right in declared(cloud) - cloud.fallback}


def test_doctor_asks_each_service_once_and_names_the_right_that_is_refused(
    cloud: Cloud, running: Running
) -> None:
    listings = {label: o for label, o in cloud.table().items() if o.items}
    before = running.counts()
    done = runs.mlsec("doctor", cloud.name, **running.environment())
    assert done.returncode == 0, done.stdout + done.stderr
    asked = sorted(label for label, count in (running.counts() - before).items() if count == 1)
    services = [label.partition(":")[0] for label in asked if label in listings]
    assert len(services) > 20
    refused = services[0]
    running.set_faults(
        *(Fault(kind=Kind.DENY, operation=o) for o in listings if o.startswith(f"{refused}:"))
    )
    done = runs.mlsec("doctor", cloud.name, **running.environment())
    assert done.returncode == 11, done.stdout + done.stderr
    lines = [line.strip() for line in done.stdout.splitlines() if f" {refused}:" in line]
    rights = {f"{label}: denied; grant {o.right}" for label, o in listings.items()}
    assert lines
    assert set(lines) <= rights


def test_declared_rights_only_read(cloud: Cloud) -> None:
    rights = declared(cloud)
    assert [r for r in rights if "*" in r] == []
    assert [r for r in rights if not _reads(r)] == []


def _reads(right: str) -> bool:
    """AWS: service:Verb..., Azure: provider/type/read, Google: service.type.verb."""
    if "/" in right:
        return right.lower().endswith("/read")
    if ":" in right:
        return right.partition(":")[2].startswith(_VERBS)
    return right.rpartition(".")[2].startswith(("get", "list", "search", "use"))
