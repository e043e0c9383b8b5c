"""What is read of a CDK app says what the CDK synthesises of it, or that it is not known."""

from __future__ import annotations

import pytest

from tests.iac.cdk import synthesis

APPS = {
    "storage.ts": "storage.json",
    "machine_learning.ts": "machine_learning.json",
    "variations.ts": "variations.json",
}
# Roles, functions, subnets and the like that the library makes by itself.
OWN = ("Custom::", "Vpc", "ServiceRole", "AWS679f53fac002430cb0da5b7982bd2287", "OwnKey/Key",
       "Api/CloudWatchRole", "Proxy/CloudWatchRole", "Fine/", "Basic/")  # fmt: skip
# So many properties are known; fewer would mean that less is read than was.
KNOWN = {"storage.ts": 180, "machine_learning.ts": 140, "variations.ts": 295}


@pytest.mark.parametrize("app", APPS)
def test_each_property_is_as_synthesised_or_not_known(app: str) -> None:
    source, template = synthesis.of_source(app), synthesis.of_template(APPS[app])
    names = synthesis.renamed(source, template)
    different, known = [], 0
    for key, ours in source.items():
        theirs = template[key]
        for name in ours.properties.keys() | theirs.properties.keys():
            if any(hidden.startswith(name) for hidden in ours.unread):
                continue
            known += 1
            values = [
                synthesis.comparable(each.properties.get(name), names) for each in (ours, theirs)
            ]
            if values[0] != values[1] or name in theirs.unread:
                different.append((*key, name, *values))
    assert not different
    assert known >= KNOWN[app]


@pytest.mark.parametrize("app", APPS)
def test_each_construct_that_the_cdk_synthesises_is_read(app: str) -> None:
    source, template = synthesis.of_source(app), synthesis.of_template(APPS[app])
    left = [key for key in template if key not in source and not key[1].startswith(OWN)]
    assert not left


@pytest.mark.parametrize("app", APPS)
def test_a_finding_stands_on_the_line_of_the_construct(app: str) -> None:
    lines = (synthesis.HERE / app).read_text().splitlines()
    for (_, path), resource in synthesis.of_source(app).items():
        around = "\n".join(lines[resource.origin.line - 1 : resource.origin.line + 1])
        assert "new " in around or "add" in around or "authType" in around, path
