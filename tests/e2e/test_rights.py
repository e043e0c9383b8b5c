"""The rights that a scan uses are the rights that the published policy allows."""

from __future__ import annotations

import json

from mlsec.collect.aws.reader import plans
from mlsec.collect.aws.tables import table_of
from tests.e2e import runs
from tests.e2e.conftest import Whole

# Allowed for accounts where regions cannot be listed the usual way, and not used here.
_FALLBACK = {"ec2:DescribeRegions"}


def test_actions_used_equal_actions_declared(whole: Whole) -> None:
    done = runs.mlsec("doctor", "--policy", "aws")
    assert done.returncode == 0, done.stderr
    declared = set(json.loads(done.stdout)["Statement"][0]["Action"])
    table = table_of(plans())
    used = {
        action
        for label in whole.asked
        for action in (table[label].right.split(",") if label in table else [label])
    }
    assert used == declared - _FALLBACK


def test_declared_actions_only_read(whole: Whole) -> None:
    del whole
    done = runs.mlsec("doctor", "--policy", "aws")
    verbs = ("Get", "List", "Describe", "Search", "BatchGet", "BatchDescribe", "GET", "View")
    actions = json.loads(done.stdout)["Statement"][0]["Action"]
    assert [a for a in actions if not a.partition(":")[2].startswith(verbs)] == []
    assert [a for a in actions if "*" in a] == []
