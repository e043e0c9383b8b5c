"""Compares the facts of random policies with a simulator: python -m ... KIND SEED COUNT."""

from __future__ import annotations

import json
import random
import sys
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from mlsec.core.resource import Resource
from tests.providers.aws.external_access import buckets, kms_keys, trust_policies
from tests.providers.aws.external_access.simulator import Case, simulate
from tests.providers.aws.facts.organisations import RCP, ROOT, UNIT, attached, members, place
from tests.providers.aws.facts.policies import SCOPE, account, bucket, document, graph_of, role


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of resource: a random one, the facts that are compared, what they should be."""

    make: Callable[..., Case]
    expected: Callable[[dict[str, int]], dict[str, bool]]
    facts: Callable[[Case, tuple[str, ...]], Mapping[str, Any]]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """A fact that is not what the simulator says; ``wrong`` is calm, alarm or unknown."""

    wrong: str
    name: str
    policy: Mapping[str, Any]
    witness: Any
    restricted: bool
    controls: tuple[Mapping[str, Any], ...] = ()


def compare(kind: Kind, seed: int, count: int, *, exotic: bool) -> tuple[int, list[Difference]]:
    """Give how many facts agree, and those that do not."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets
    cases = [kind.make(chance, exotic=exotic) for _ in range(count)]
    agree, differences = 0, []
    for case, answer in zip(cases, simulate(cases), strict=True):
        wanted = kind.expected(answer)
        found = kind.facts(case, tuple(wanted))
        for name, value in wanted.items():
            if found[name] == "unread":
                wrong = "unknown"
            elif bool(found[name]) is value:
                agree += 1
                continue
            else:
                wrong = "calm" if value else "alarm"
            witness = [case.questions[q][i] for q, i in answer.items() if i >= 0]
            differences.append(
                Difference(
                    wrong=wrong,
                    name=name,
                    policy=case.policy,
                    witness=witness[:2],
                    restricted=case.restricted,
                    controls=case.controls,
                )
            )
    return agree, differences


def _bucket_facts(case: Case, names: tuple[str, ...]) -> Mapping[str, Any]:
    found = bucket(*case.policy["Statement"], restrict_public_buckets=case.restricted)
    return _facts(found, names, account())


def _controlled_facts(case: Case, names: tuple[str, ...]) -> Mapping[str, Any]:
    above = (
        attached(RCP, target, *control["Statement"])
        for control, target in zip(case.controls, (ROOT, UNIT), strict=False)
    )
    found = bucket(*case.policy["Statement"])
    return _facts(found, names, account(), place(), members(), *above)


def _key_facts(case: Case, names: tuple[str, ...]) -> Mapping[str, Any]:
    arn = kms_keys.KEY_ARN
    key_id = arn.rpartition("/")[2]
    held = {
        "arn": arn,
        "policy": document(*case.policy["Statement"]),
        "state": "Enabled",
        "grants": [],
    }
    key = Resource(
        id=arn,
        type="aws.kms.key",
        provider="aws",
        scope=SCOPE,
        region="eu-west-1",
        name=key_id,
        properties={**held, "manager": "CUSTOMER"},
    )
    return _facts(key, names)


def _role_facts(case: Case, names: tuple[str, ...]) -> Mapping[str, Any]:
    return _facts(role(trust=document(*case.policy["Statement"])), names)


def _facts(resource: Resource, names: tuple[str, ...], *others: Resource) -> Mapping[str, Any]:
    found = graph_of(resource, *others).resources[resource.id]
    return {n: "unread" if n in found.unread else found.properties[n] for n in names}


KINDS = {
    "keys": Kind(make=kms_keys.random_key, expected=kms_keys.expected, facts=_key_facts),
    "trust": Kind(
        make=trust_policies.random_trust, expected=trust_policies.expected, facts=_role_facts
    ),
    "controlled": Kind(
        make=buckets.random_controlled_bucket, expected=buckets.expected, facts=_controlled_facts
    ),
    "buckets": Kind(make=buckets.random_bucket, expected=buckets.expected, facts=_bucket_facts),
}


def main() -> None:
    """Print the counts, and the smallest differences."""
    kind, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    exotic, show = "plain" not in sys.argv, int(sys.argv[4]) if len(sys.argv) > 4 else 5
    agree, differences = compare(KINDS[kind], seed, count, exotic=exotic)
    counts = Counter(each.wrong for each in differences)
    lines = [f"{kind} seed {seed} agree {agree} {dict(counts)}"]
    for wrong in ("calm", "alarm", "unknown"):
        few = sorted((d for d in differences if d.wrong == wrong), key=lambda d: len(str(d.policy)))
        for each in few[:show]:
            restricted = "restricted" if each.restricted else ""
            lines += [f"{wrong} {each.name} {restricted} {json.dumps(each.policy['Statement'])}"]
            lines += [f"    below {json.dumps(c['Statement'])}" for c in each.controls]
            lines += ["    " + msgspec.json.encode(each.witness).decode()[:600]]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
