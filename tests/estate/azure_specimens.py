"""One bare resource of every kind that no builder made, so that every read of the plans is made."""

from __future__ import annotations

from typing import Any

from mlsec.collect.walk.paths import dig
from mlsec.collect.walk.plan import TypePlan
from mlsec.providers.azure.collect.reader import plans
from mlsec.providers.azure.route import ArmRead
from tests.estate.azure_world import SUBSCRIPTION, World, group_id

NAME = "specimen"


def add_specimens(world: World) -> None:
    """Add what is missing; parents come before their children in the plans' own order or later."""
    # The listing of all resources has what others made.
    waiting = [
        plan
        for plan in plans()
        if isinstance(plan.listing, ArmRead) and plan.listing.label != "resources:Resources_List"
    ]
    while waiting:
        left = [plan for plan in waiting if not _is_there(world, plan)]
        if len(left) == len(waiting):
            return
        waiting = left


def _is_there(world: World, plan: TypePlan) -> bool:
    """Make sure that the listing has an entry; False while its parent is not there yet."""
    path = _listing_path(world, plan)
    if path is None:
        return False
    listed = world.below(path) or []
    if not any(_fits(plan, entry) for entry in listed):
        world.add(_specimen(plan, path))
    for read in plan.reads:
        if isinstance(read, ArmRead) and not read.items:
            _answer(world, plan, read, path)
    return True


def _listing_path(world: World, plan: TypePlan) -> str | None:
    listing = plan.listing
    if not isinstance(listing, ArmRead):
        return None
    path = listing.path.replace("{subscription}", SUBSCRIPTION)
    if not plan.parent:
        return path if "{" not in path else None
    for above in plans():
        if above.type == plan.parent:
            over = _listing_path(world, above)
            for entry in (world.below(over) or []) if over else []:
                hole = next((each for each in ("{id}", "{endpoint}") if each in path), "")
                if _fits(above, entry) and hole:
                    return path.replace(hole, str(entry["id"]))
    return None


def _fits(plan: TypePlan, entry: dict[str, Any]) -> bool:
    for name, allowed in plan.only.items():
        if dig(entry, name) not in allowed:
            return False
    return not any(dig(entry, name) in others for name, others in plan.but.items())


def _specimen(plan: TypePlan, path: str) -> dict[str, Any]:
    is_root = path.count("/providers/") == 1 and path.split("/")[3] == "providers"
    kind = plan.type.rpartition(".")[2].replace("_", "-")
    home = group_id() + "/providers" + path.partition("/providers")[2] if is_root else path
    made: dict[str, Any] = {"id": f"{home}/{NAME}-{kind}", "properties": {}}
    if is_root:
        made["location"] = "westeurope"
    for name, allowed in plan.only.items():
        _put(made, name, allowed[0])
    return made


def _answer(world: World, plan: TypePlan, read: ArmRead, listing_path: str) -> None:
    for entry in world.below(listing_path) or []:
        path = read.path.replace("{id}", str(entry["id"]))
        is_fit = _fits(plan, entry) and "{" not in path
        if is_fit and world.get(path) is None and NAME in str(entry["id"]):
            world.answers[path.lower()] = {"id": path, "properties": {}}


def _put(document: dict[str, Any], path: str, value: Any) -> None:
    *above, last = path.split(".")
    for name in above:
        document = document.setdefault(name, {})
    document[last] = value


def lacking(world: World) -> list[str]:
    """Name the types that could not be given a specimen: their parent or path needs a builder."""
    return sorted(
        plan.type
        for plan in plans()
        if isinstance(plan.listing, ArmRead)
        and ((path := _listing_path(world, plan)) is None or not world.below(path))
    )
