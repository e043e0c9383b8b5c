"""What the source of a CDK app leaves open is not known; nothing is assumed for it."""

from __future__ import annotations

from typing import Any

import pytest

from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.cdk.synthesis import declared
from tests.iac.reading import VOCABULARY

HEAD = """
import * as cdk from 'aws-cdk-lib';
import {{ aws_s3 as s3, aws_iam as iam, aws_kms as kms }} from 'aws-cdk-lib';
import * as sagemaker from 'aws-cdk-lib/aws-sagemaker';
import {{ Other }} from './other';
export class S extends cdk.Stack {{
  constructor(scope: any, id: string, props: any) {{
    super(scope, id, props);
    {body}
  }}
}}
"""
ROLE = "new iam.Role(this, 'R', { assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') })"
BUCKET = "const b = new s3.Bucket(this, 'B', { enforceSSL: true });"
NOTEBOOK = "new sagemaker.CfnNotebookInstance(this, 'N', "


def one(kind: str, body: str, *more: str) -> Resource:
    texts = {"lib/s.ts": HEAD.format(body=body)}
    texts |= {f"lib/more{at}.ts": text for at, text in enumerate(more)}
    (found,) = [each for each in declared(texts) if each.type == kind]
    return found


@pytest.mark.parametrize(
    "body",
    [
        f"const r = {ROLE}; props.bucket.grantRead(r);",
        f"const r = {ROLE}; new Other(this, 'O', {{ r }});",
        f"const r = {ROLE}; for (const x of props.many) {{ x(r); }}",
        f"const r = {ROLE}; props.visit({{ inner: [r] }});",
    ],
)
def test_a_role_that_something_else_has_may_be_allowed_more(body: str) -> None:
    assert "inline_statements" in " ".join(one("aws.iam.role", body).unread)


@pytest.mark.parametrize(
    "more",
    [
        "b.addToResourcePolicy(props.statement);",
        "new Other(this, 'O', { b });",
        "props.list.push(b);",
        "b.policy!.document.addStatements(props.statement);",
        "b.grantRead(props.reader);",
        "for (const x of [b]) { x.addToResourcePolicy(props.statement); }",
        "[b].forEach((x) => x.addToResourcePolicy(props.statement));",
        "new s3.CfnBucketPolicy(this, 'P', { bucket: b.bucketName, policyDocument: props.x });",
    ],
)
def test_a_bucket_whose_policy_may_be_added_to_has_none_that_is_known(more: str) -> None:
    assert "policy" in one("aws.s3.bucket", BUCKET + more).unread


def test_a_member_that_another_file_adds_to_is_not_known() -> None:
    body = "this.b = new s3.Bucket(this, 'B', { enforceSSL: true });"
    other = "import * as cdk from 'aws-cdk-lib';\nfunction f(s) { s.b.addToResourcePolicy(s.x); }\n"
    assert "policy" not in one("aws.s3.bucket", body).unread
    assert "policy" in one("aws.s3.bucket", body, other).unread


@pytest.mark.parametrize(
    "more",
    [
        "(b.node.defaultChild as s3.CfnBucket).addPropertyOverride('BucketName', 'x');",
        "const c = b.node.defaultChild as s3.CfnBucket; c.versioningConfiguration = undefined;",
        "b.node.findChild('Resource').addOverride('x', 1);",
    ],
)
def test_what_stands_behind_a_construct_hides_it(more: str) -> None:
    found = one("aws.s3.bucket", BUCKET + more)
    assert {"versioning", "block_public_acls", "encryption_algorithm"} <= set(found.unread)


def test_an_aspect_of_the_app_hides_everything_but_a_check_hides_nothing() -> None:
    aspect = "cdk.Aspects.of(this).add(new Other());"
    check = "import { AwsSolutionsChecks } from 'cdk-nag';\n" + HEAD.format(
        body="cdk.Aspects.of(this).add(new AwsSolutionsChecks());"
    )
    assert "versioning" in one("aws.s3.bucket", BUCKET + aspect).unread
    assert "versioning" not in one("aws.s3.bucket", BUCKET, check).unread


@pytest.mark.parametrize(
    ("others", "hides"),
    [
        ({"b/cdk.json": "{}", "b/s.ts": "ASPECT"}, False),
        ({"shared/s.ts": "ASPECT"}, True),
        ({"cdk.json": "{}", "b/cdk.json": "{}", "b/s.ts": "ASPECT"}, True),
        ({"b/cdk.json": "{}", "b/s.ts": "import { x } from '../a/s';\nASPECT"}, True),
    ],
)
def test_what_one_app_does_to_everything_hides_nothing_of_another(
    others: dict[str, str], hides: bool
) -> None:
    aspect = HEAD.format(body="cdk.Aspects.of(this).add(new Other());")
    texts = {"a/cdk.json": "{}", "a/s.ts": HEAD.format(body=BUCKET).replace("./other", "other")}
    added = {path: text.replace("ASPECT", aspect) for path, text in others.items()}
    found = [item for item in declared(texts | added) if item.type == "aws.s3.bucket"]
    assert ["versioning" in item.unread for item in found] == [hides]


@pytest.mark.parametrize(
    ("visits", "hides"),
    [
        ("if (node.retention === undefined) { cdk.Annotations.of(node).addWarning('x'); }", False),
        ("node.versioned = false;", True),
        ("node.addPropertyOverride('A', 1);", True),
        ("help(node);", True),
        ("cdk.Tags.of(node).add('a', 'b');", True),
    ],
)
def test_an_aspect_that_the_app_defines_hides_nothing_where_it_only_looks(
    visits: str, hides: bool
) -> None:
    aspect = (
        "import * as cdk from 'aws-cdk-lib';\n"
        f"export class Other {{ visit(node: any) {{ {visits} }} }}\n"
    )
    body = BUCKET + "cdk.Aspects.of(this).add(new Other());"
    assert ("versioning" in one("aws.s3.bucket", body, aspect).unread) is hides
    inherited = aspect.replace("Other {", "Other extends Base {").replace("visit(", "look(")
    assert "versioning" in one("aws.s3.bucket", body, inherited).unread


@pytest.mark.parametrize(
    "settings",
    [
        "props.settings",
        "{ ...props.settings }",
        "{ directInternetAccess: 'Enabled', ...props.settings }",
        "{ directInternetAccess: props.isOpen ? 'Enabled' : 'Disabled' }",
        "{ directInternetAccess: process.env.ACCESS || 'Disabled' }",
        "{ [props.name]: 'Disabled' }",
    ],
)
def test_settings_that_the_app_works_out_are_not_known(settings: str) -> None:
    found = one("aws.sagemaker.notebook", f"{NOTEBOOK}{settings});")
    assert "direct_internet" in found.unread


@pytest.mark.parametrize(
    "before",
    [
        "let access = 'Enabled'; access = 'Disabled';",
        "let access; if (props.isOpen) { access = 'Enabled'; }",
        "const s = { access: 'Enabled' }; s.access = 'Disabled'; const { access } = s;",
        "const list = ['Enabled']; list.push('x'); const access = list[0];",
    ],
)
def test_a_name_that_is_set_or_changed_more_than_once_is_not_known(before: str) -> None:
    found = one(
        "aws.sagemaker.notebook", f"{before} {NOTEBOOK}{{ directInternetAccess: access }});"
    )
    assert "direct_internet" in found.unread


def test_what_the_first_version_does_by_default_is_not_known() -> None:
    text = HEAD.format(body="new s3.Bucket(this, 'B');").replace("aws-cdk-lib", "@aws-cdk/core", 1)
    (found,) = declared({"lib/s.ts": text})
    assert "versioning" in found.unread


def test_python_and_typescript_say_the_same() -> None:
    python = """
from aws_cdk import Stack, aws_kms as kms, aws_s3 as s3, aws_sagemaker as sagemaker

IMAGE = "repository/serve:1"

class S(Stack):
    def __init__(self, scope, id, **kwargs):
        super().__init__(scope, id, **kwargs)
        key = kms.Key(self, "K", enable_key_rotation=True)
        s3.Bucket(
            self, "B", encryption_key=key, enforce_ssl=True, versioned=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        )
        sagemaker.CfnModel(
            self, "M", execution_role_arn=f"arn:aws:iam::{self.account}:role/r",
            primary_container=sagemaker.CfnModel.ContainerDefinitionProperty(
                image=IMAGE, environment={"LOG_LEVEL": "info"},
            ),
        )
"""
    typescript = HEAD.format(
        body="""
    const key = new kms.Key(this, 'K', { enableKeyRotation: true });
    new s3.Bucket(this, 'B', { encryptionKey: key, enforceSSL: true, versioned: true,
      blockPublicAccess: s3.BlockPublicAccess.BLOCK_ALL });
    new sagemaker.CfnModel(this, 'M', { executionRoleArn: `arn:aws:iam::${this.account}:role/r`,
      primaryContainer: { image: 'repository/serve:1', environment: { LOG_LEVEL: 'info' } } });
"""
    )
    made = [declared({"lib/s.py": python}), declared({"lib/s.ts": typescript})]
    assert len(made[0]) == 3
    assert [each.properties for each in made[0]] == [each.properties for each in made[1]]


OPEN_ROLE = (
    "const r = new iam.Role(this, 'R', { assumedBy: new iam.AccountRootPrincipal(), "
    "managedPolicies: [iam.ManagedPolicy.fromAwsManagedPolicyName('AdministratorAccess')] });"
)


def _is_admin(body: str) -> object:
    resource = one("aws.iam.role", OPEN_ROLE + body)
    graph = build_graph(VOCABULARY, Inventory(resources=(resource,)), FACTS)
    return graph.resources[resource.id].properties.get("is_admin")


@pytest.mark.parametrize(
    "more",
    [
        "props.bucket.grantRead(r);",
        "r.addToPolicy(new iam.PolicyStatement({ actions: ['s3:*'], resources: [props.x] }));",
        "r.addToPolicy(new iam.PolicyStatement({ actions: props.x, resources: ['*'] }));",
    ],
)
def test_what_a_role_is_given_for_certain_is_judged_though_more_may_be_allowed(more: str) -> None:
    assert _is_admin(more) is True


@pytest.mark.parametrize(
    "more",
    [
        "r.addToPolicy(props.statement);",
        "r.addToPolicy(new iam.PolicyStatement({ effect: iam.Effect.DENY, actions: props.x }));",
        "props.visit(r); props.bucket.grantRead(r);",
        "iam.PermissionsBoundary.of(r).apply(props.boundary);",
    ],
)
def test_what_may_deny_a_role_hides_what_it_is_given(more: str) -> None:
    assert _is_admin(more) is None


@pytest.mark.parametrize(
    ("more", "hidden"),
    [
        ("props.table.grantReadData(r);", ()),
        ("props.node.addDependency(r);", ()),
        ("props.bucket.grantWrite(r);", ("can_write_any_bucket",)),
        ("new iam.Policy(this, 'P').attachToRole(r);", ()),
        ("props.table.grantAnything(r);", ("can_write_any_bucket", "can_escalate", "is_admin")),
        ("props.helper.use(r);", ("can_write_any_bucket", "can_escalate", "is_admin")),
    ],
)
def test_a_method_of_the_library_gives_a_right_in_its_service_alone(
    more: str, hidden: tuple[str, ...]
) -> None:
    text = (
        "import * as cdk from 'aws-cdk-lib';\nimport * as iam from 'aws-cdk-lib/aws-iam';\n"
        "export class S extends cdk.Stack {\n"
        " constructor(scope: any, id: string, props: any) {\n  super(scope, id);\n"
        "  const r = new iam.Role(this, 'R', {"
        " assumedBy: new iam.ServicePrincipal('sagemaker.amazonaws.com') });\n"
        f"  {more}\n }}\n}}\n"
    )
    graph = build_graph(VOCABULARY, Inventory(resources=tuple(declared({"s.ts": text}))), FACTS)
    role = next(r for r in graph.of_type("aws.iam.role") if r.id.endswith("/R"))
    facts = ("can_write_any_bucket", "can_escalate", "is_admin")
    assert tuple(name for name in facts if name in role.unread) == hidden


def _trust_of(imports: str, **others: str) -> Resource:
    text = (
        f"import aws_cdk as cdk\nfrom aws_cdk import aws_iam as iam\n{imports}\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id):\n  iam.Role(self, 'R',\n"
        "   assumed_by=iam.ServicePrincipal('bedrock.amazonaws.com', conditions={\n"
        "    'StringEquals': {'aws:SourceAccount': ACCOUNT}}))\n"
    )
    named = {name.replace("__", "/") + ".py": other for name, other in others.items()}
    (found,) = declared({"app/stacks/s.py": text, **named})
    return found


@pytest.mark.parametrize(
    ("imports", "others"),
    [
        ("from config import ACCOUNT", {"app__config": "ACCOUNT = '111122223333'"}),
        ("from .own import ACCOUNT", {"app__stacks__own": "ACCOUNT = '1111' + '22223333'"}),
        ("from ..own import Own\nACCOUNT = Own.A", {"app__own": "class Own:\n A = '111122223333'"}),
        ("import lib.own as c\nACCOUNT = c.A", {"app__lib__own": "A = '111122223333'"}),
    ],
)
def test_a_constant_of_another_file_of_the_app_is_known(imports: str, others: Any) -> None:
    found = _trust_of(imports, **others)
    assert found.properties["trust"][0]["conditions"][0]["values"] == ["111122223333"]


@pytest.mark.parametrize(
    ("imports", "others"),
    [
        ("from config import ACCOUNT", {"app__config": "import os\nACCOUNT = os.environ['A']"}),
        ("from config import ACCOUNT", {"app__config": "ACCOUNT = '1'\nACCOUNT = '2'"}),
        ("from config import ACCOUNT", {"other__config": "ACCOUNT = '111122223333'"}),
        (
            "from config import ACCOUNT",
            {"app__config": "ACCOUNT = '1'", "app__stacks__config": "ACCOUNT = '2'"},
        ),
        ("from config import ACCOUNT", {"app__config": "from config import ACCOUNT"}),
    ],
)
def test_what_another_file_does_not_say_for_certain_is_not_known(imports: str, others: Any) -> None:
    assert "trust" in _trust_of(imports, **others).unread


@pytest.mark.parametrize(
    ("principal", "runs_ml"),
    [
        (
            "iam.WebIdentityPrincipal(given).with_conditions({'StringLike': {'x:sub': given}})",
            False,
        ),
        ("iam.OpenIdConnectPrincipal(given)", False),
        ("iam.ServicePrincipal(service='ecs-tasks.amazonaws.com')", False),
        ("iam.WebIdentityPrincipal(identity_provider=given, conditions={})", False),
        ("iam.ServicePrincipal('sagemaker.amazonaws.com').with_conditions(given)", True),
        ("given.with_conditions({'StringLike': {'x:sub': 'y'}})", None),
        ("iam.ServicePrincipal(given)", None),
    ],
)
def test_a_role_for_tokens_is_of_no_service_whoever_gives_them(
    principal: str, runs_ml: bool | None
) -> None:
    text = (
        "import aws_cdk as cdk\nfrom aws_cdk import aws_iam as iam\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id, given):\n"
        f"  iam.Role(self, 'R', assumed_by={principal})\n"
    )
    graph = build_graph(VOCABULARY, Inventory(resources=tuple(declared({"s.py": text}))), FACTS)
    (role,) = graph.of_type("aws.iam.role")
    assert role.properties.get("runs_ml") is runs_ml


@pytest.mark.parametrize(
    ("resource", "reads_every"),
    [("given.bucket_arn + '/*'", False), ("self.given.bucket_arn", False), ("given", None),
     ("given.arn_for_objects('a')", False), ("given.other('a')", None),
     ("self.bucket_arn", None)],
)  # fmt: skip
def test_the_arn_of_one_thing_is_not_everything(resource: str, reads_every: bool | None) -> None:
    text = (
        "import aws_cdk as cdk\nfrom aws_cdk import aws_iam as iam\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id, given):\n"
        "  r = iam.Role(self, 'R', assumed_by=iam.ServicePrincipal('sagemaker.amazonaws.com'))\n"
        "  r.add_to_policy(iam.PolicyStatement(actions=['s3:GetObject'], resources=["
        f"{resource}]))\n"
    )
    graph = build_graph(VOCABULARY, Inventory(resources=tuple(declared({"s.py": text}))), FACTS)
    (role,) = graph.of_type("aws.iam.role")
    assert role.properties.get("has_wildcard_data_access") is reads_every


def test_conditions_of_a_principal_hold_together() -> None:
    text = (
        "import aws_cdk as cdk\nfrom aws_cdk import aws_iam as iam\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id):\n"
        "  p = iam.WebIdentityPrincipal('x.example', {'StringEquals': {'x:aud': 'a'}})\n"
        "  iam.Role(self, 'R', assumed_by=p.with_conditions({'StringEquals': {'x:sub': 's'}}))\n"
        "  iam.Role(self, 'Q', assumed_by=p)\n"
    )
    first, second = (item.properties["trust"][0] for item in declared({"s.py": text}))
    assert [c["key"] for c in first["conditions"]] == ["x:aud", "x:sub"]
    assert [c["key"] for c in second["conditions"]] == ["x:aud"]


def test_what_a_network_policy_names_by_an_attribute_of_the_collection_is_known() -> None:
    text = (
        "import json\nimport aws_cdk as cdk\nfrom aws_cdk import aws_opensearchserverless as oss\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id):\n"
        "  c = oss.CfnCollection(self, 'C', name='docs', type='VECTORSEARCH')\n"
        "  d = json.dumps([{'Rules': [{'Resource': [f'collection/{c.name}'],\n"
        "   'ResourceType': 'collection'}], 'AllowFromPublic': True}], separators=(',', ':'))\n"
        "  oss.CfnSecurityPolicy(self, 'N', name='n', type='network', policy=d)\n"
    )
    graph = build_graph(VOCABULARY, Inventory(resources=tuple(declared({"s.py": text}))), FACTS)
    (collection,) = graph.of_type("aws.opensearchserverless.collection")
    assert collection.properties["network.public"] is True


def test_a_policy_that_another_app_declares_is_no_reason_for_a_collection() -> None:
    head = "import aws_cdk as cdk\nfrom aws_cdk import aws_opensearchserverless as oss\n"
    start = "class S(cdk.Stack):\n def __init__(self, scope, id, given):\n"
    one_app = "  oss.CfnCollection(self, 'C', name='docs')\n"
    other = "  oss.CfnSecurityPolicy(self, 'N', name='n', type='network', policy=given)\n"
    found = declared({"a/s.py": head + start + one_app, "b/s.py": head + start + other})
    graph = build_graph(VOCABULARY, Inventory(resources=tuple(found)), FACTS)
    (collection,) = graph.of_type("aws.opensearchserverless.collection")
    (policy,) = (item for item in found if "grants" in item.unread)
    assert not {*collection.unread["network.public"]} & {*policy.unread["grants"]}
