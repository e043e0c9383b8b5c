"""Bicep source says what the template does that it compiles to, or that it cannot know."""

from __future__ import annotations

import json

import msgspec
import pytest

from mlsec.collect.code.code_file import Language
from mlsec.core.resource import Resource
from tests.iac.reading import inventory_of, scope_of

ACCOUNT = """
param location string = resourceGroup().location
param isOpen bool = false
param kind string?
param given string
param many array = ['a', 'b']
var suffix = 'x1'
var settings = {{ open: true, 'shut-down': false }}
resource account 'Microsoft.Storage/storageAccounts@2023-01-01' = {{
  name: 'models${{suffix}}'
  location: location
  sku: {{ name: 'Standard_LRS' }}
  kind: 'StorageV2'
  properties: {{
    allowBlobPublicAccess: {value}
  }}
}}
"""


def declared(texts: dict[str, str]) -> list[Resource]:
    return list(inventory_of(scope_of(texts, Language.BICEP)).resources)


def account(text: str) -> Resource:
    (found,) = [
        each for each in declared({"main.bicep": text}) if each.type == "azure.storage.account"
    ]
    return found


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("true", True),
        ("!true", False),
        ("isOpen", False),
        ("settings.open", True),
        ("settings['shut-down']", False),
        ("isOpen ? true : settings.open", True),
        ("kind ?? 'b' == 'b'", True),
        ("kind == null", True),
        ("contains(many, 'a') && length(many) == 2", True),
        ("isOpen || (1 + 2 * 3 == 7)", True),
        ("startsWith('models${suffix}', 'models')", True),
        ("'A' =~ 'a'", True),
        ("any(true)", True),
        ("az.toLower('A') == 'a'", True),
        ("union(settings, { open: false }).open", False),
        ("empty('models${given}')", False),
        ("'models${given}' == 'others'", False),
        ("contains({ '${given}-a': 1 }, 'b')", False),
        # What is not read hides nothing where it is not reached, or another part decides.
        ("isOpen ? nowhere : true", True),
        ("isOpen && nowhere", False),
    ],
)
def test_expressions_mean_what_they_compile_to(written: str, meant: bool) -> None:
    found = account(ACCOUNT.format(value=written))
    assert found.name == "modelsx1"
    assert found.properties["allows_anonymous"] is meant
    assert found.origin.line == 9


@pytest.mark.parametrize(
    "written",
    [
        "loadJsonContent('x.json').open",
        "account2.listKeys().keys[0].value",
        "map(many, m => m)[0]",
        "nowhere",
        "account.properties.x",
        "isOpen ? true : nowhere",
        "isOpen || nowhere",
        "empty(given)",
        "'models${given}' == 'models1'",
        "nowhere ? true : false",
    ],
)
def test_what_a_deployment_works_out_is_not_known(written: str) -> None:
    assert "allows_anonymous" in account(ACCOUNT.format(value=written)).unread


def test_a_parameter_without_a_default_is_not_known() -> None:
    text = "param isWide bool\n" + ACCOUNT.format(value="isWide")
    assert "allows_anonymous" in account(text).unread


def test_an_object_that_is_put_into_another_is_merged_or_hides_it() -> None:
    known = ACCOUNT.format(value="false").replace(
        "    allowBlobPublicAccess: false\n",
        "    ...(isOpen ? {} : { allowBlobPublicAccess: true })\n",
    )
    assert account(known).properties["allows_anonymous"] is True
    hidden = known.replace("isOpen ? {} : { allowBlobPublicAccess: true }", "more")
    assert "allows_anonymous" in account("param more object\n" + hidden).unread


def test_children_have_the_names_of_what_they_are_in() -> None:
    text = (
        ACCOUNT.format(value="true").rstrip().removesuffix("}")
        + """
  resource blobs 'blobServices' = {
    name: 'default'
    resource inner 'containers' = { name: 'inner', properties: { publicAccess: 'Blob' } }
  }
}
resource outer 'Microsoft.Storage/storageAccounts/blobServices/containers@2023-01-01' = {
  parent: account::blobs
  name: 'outer'
  properties: { publicAccess: 'None' }
}
"""
    )
    found = {each.name: each for each in declared({"main.bicep": text})}
    assert found["inner"].properties["public_access"] == "Blob"
    assert found["outer"].properties["public_access"] == "None"
    accounts = {each.properties["account_id"] for name, each in found.items() if name != "modelsx1"}
    assert accounts == {found["modelsx1"].known_as}


def test_a_loop_makes_as_many_as_its_list_has() -> None:
    text = """
param names array = ['one', 'two']
resource accounts 'Microsoft.Storage/storageAccounts@2023-01-01' = [for (name, i) in names: {
  name: 'models${name}${i}'
  properties: { allowBlobPublicAccess: name == 'two' }
}]
"""
    found = {each.name: each.properties["allows_anonymous"] for each in declared({"m.bicep": text})}
    assert found == {"modelsone0": False, "modelstwo1": True}


def test_a_module_is_read_with_what_it_is_given_and_gives_back() -> None:
    main = """
param isOpen bool = true
module storage './modules/storage.bicep' = {
  name: 'storage'
  params: { isOpen: isOpen, name: 'given' }
}
module again 'modules/storage.bicep' = if (!isOpen) {
  name: 'again'
  params: { isOpen: false, name: 'again' }
}
resource other 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: storage.outputs.next
}
"""
    module = """
param isOpen bool
param name string
resource account 'Microsoft.Storage/storageAccounts@2023-01-01' = {
  name: name
  properties: { allowBlobPublicAccess: isOpen }
}
output next string = '${account.name}2'
"""
    found = declared({"infra/main.bicep": main, "infra/modules/storage.bicep": module})
    names = {each.name: each for each in found}
    assert set(names) == {"given", "given2"}
    assert names["given"].properties["allows_anonymous"] is True
    assert names["given"].origin.file == "infra/modules/storage.bicep"


def test_a_module_of_a_registry_is_a_gap_that_names_the_command() -> None:
    text = "module m 'br/public:avm/res/storage/storage-account:0.9.0' = { name: 'm' }\n"
    scope = scope_of({"infra/main.bicep": text}, Language.BICEP)
    inventory_of(scope)
    told = [scope.tally.gaps[gap].detail for gaps in scope.refused.values() for gap in gaps]
    assert [each for each in told if "az bicep build --file infra/main.bicep" in each]


def test_what_stands_beside_a_mistake_is_not_known() -> None:
    text = ACCOUNT.format(value="true, ,")
    scope = scope_of({"main.bicep": text}, Language.BICEP)
    found = inventory_of(scope).resources
    assert scope.refused
    assert all("allows_anonymous" in each.unread for each in found)


def test_a_committed_template_that_says_the_same_is_not_judged_twice() -> None:
    body = "{ name: 'a', kind: 'StorageV2' }"
    text = f"resource a 'Microsoft.Storage/storageAccounts@2023-01-01' = {body}\n"
    one = {"type": "Microsoft.Storage/storageAccounts", "name": "a", "kind": "StorageV2"}
    schema = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"
    made = {"$schema": schema, "metadata": {"_generator": {"name": "bicep"}}}
    for kinds, count in ((["StorageV2"], 1), (["BlobStorage"], 2)):
        template = {**made, "resources": [{**one, "kind": kind} for kind in kinds]}
        bicep = scope_of({"main.bicep": text}, Language.BICEP)
        arm = scope_of({"main.json": json.dumps(template)}, Language.ARM)
        committed = [msgspec.structs.replace(file, is_committed=True) for file in arm.files]
        bicep.files = (*bicep.files, *committed)
        assert len(inventory_of(bicep).resources) == count


@pytest.mark.parametrize("opening", ["(", "[", "{a:", "f(", "!", "'${", "a ? ", "x["])
def test_text_that_is_nested_without_end_is_bounded(opening: str) -> None:
    text = f"var deep = {opening * 3_000}1\n" + ACCOUNT.format(value="true")
    scope = scope_of({"main.bicep": text}, Language.BICEP)
    inventory_of(scope)
    assert scope.refused or scope.files


def test_a_file_that_is_too_large_is_refused() -> None:
    scope = scope_of({"main.bicep": "// x\n" * 500_000}, Language.BICEP)
    inventory_of(scope)
    assert scope.refused


def test_modules_that_use_each_other_end() -> None:
    texts = {
        "a.bicep": "module b 'b.bicep' = { name: 'b' }\n",
        "b.bicep": "module a 'a.bicep' = { name: 'a' }\n",
    }
    assert declared(texts) == []
