"""What stands beside a role's permissions leaves open only what it can really add."""

from __future__ import annotations

import pytest

from mlsec.core.resource import Inventory, Resource
from mlsec.graph.build import build_graph
from mlsec.targets.facts import FACTS
from tests.iac.cdk.synthesis import declared
from tests.iac.reading import VOCABULARY

LIBRARY = ("codebuild", "ecs", "iam", "lambda", "dynamodb", "s3", "secretsmanager", "sqs")
IMPORTS = "".join(f"import * as {name} from 'aws-cdk-lib/aws-{name}';\n" for name in LIBRARY)
HEAD = (
    "import * as cdk from 'aws-cdk-lib';\nimport { NagSuppressions } from 'cdk-nag';\n"
    + IMPORTS
    + """
export class S extends cdk.Stack {
  constructor(scope: any, id: string, props: any) {
    super(scope, id);
    const r = new iam.Role(this, 'R', { assumedBy: new iam.ServicePrincipal('x.amazonaws.com') });
    %s
  }
}
"""
)
FACT_NAMES = ("is_admin", "can_escalate", "can_write_any_bucket", "can_read_any_secret")
ALL = "new iam.PolicyStatement({ actions: ['*'], resources: ['*'] })"
STATEMENT = "const s = new iam.PolicyStatement({ effect: iam.Effect.ALLOW });"
PROJECT = "const p = new codebuild.Project(this, 'P', { role: r });"
TASK = "const t = new ecs.FargateTaskDefinition(this, 'T', { taskRole: r });"
ADMIN = "iam.ManagedPolicy.fromAwsManagedPolicyName('AdministratorAccess')"
FUNCTION = "const f = new lambda.Function(this, 'F', { role: r"


def role_of(text: str, name: str = "s.ts") -> Resource:
    found = Inventory(resources=tuple(declared({name: text})))
    graph = build_graph(VOCABULARY, found, FACTS)
    return next(role for role in graph.of_type("aws.iam.role") if role.id.endswith("/R"))


def open_facts(role: Resource) -> tuple[str, ...]:
    return tuple(name for name in FACT_NAMES if name in role.unread)


@pytest.mark.parametrize(
    "more",
    [
        "iam.PermissionsBoundary.of(r).apply(props.boundary);",
        "iam.PermissionsBoundary.of(this).apply(props.boundary);",
        "NagSuppressions.addResourceSuppressions([r], [{ id: 'a', reason: 'b' }], true);",
        "r.addManagedPolicy({ managedPolicyArn: 'arn:aws:iam::aws:policy/ReadOnlyAccess' });",
        "new dynamodb.Table(this, 'T', {}).grantReadWriteData(r);",
        "new sqs.Queue(this, 'Q').grantSendMessages(r);",
        "new s3.Bucket(this, 'B').grantReadWrite(r);",
        "new secretsmanager.Secret(this, 'T').grantRead(r);",
        "new dynamodb.Table(this, 'T', {}).grant(r, 'dynamodb:GetItem');",
        f"{FUNCTION}, vpc: props.vpc }});",
        f"{STATEMENT} s.addActions('ec2:RunInstances'); s.addResources('*'); r.addToPolicy(s);",
        f"{FUNCTION}, tracing: lambda.Tracing.ACTIVE, deadLetterQueueEnabled: true }});",
        "new lambda.DockerImageFunction(this, 'F', { role: r, code: props.code });",
    ],
)
def test_what_adds_nothing_that_is_asked_about_leaves_each_answer(more: str) -> None:
    facts = FACT_NAMES[:2] if "ReadOnlyAccess" in more else FACT_NAMES
    assert not set(facts) & set(open_facts(role_of(HEAD % more)))


@pytest.mark.parametrize(
    ("more", "still_open"),
    [
        ("props.bucket.grantReadWrite(r);", FACT_NAMES[2:]),
        ("new dynamodb.Table(this, 'T', {}).grant(r, props.action);", FACT_NAMES),
        ("new dynamodb.Table(this, 'T', {}).grantAnything(r);", FACT_NAMES),
        ("r.addManagedPolicy({ managedPolicyArn: props.arn });", FACT_NAMES),
        (PROJECT, FACT_NAMES[2:]),
        (f"{PROJECT} props.visit(p);", FACT_NAMES),
        (f"{PROJECT} p.addToRolePolicy(props.statement);", FACT_NAMES),
        (
            f"{STATEMENT} s.addActions(props.action); s.addResources('*'); r.addToPolicy(s);",
            FACT_NAMES,
        ),
        (
            f"{STATEMENT} s.addActions('*'); if (id) {{ s.addResources('*'); }} r.addToPolicy(s);",
            FACT_NAMES,
        ),
        (f"{FUNCTION}, ...props.settings }});", FACT_NAMES),
        (f"{FUNCTION}, initialPolicy: props.statements }});", FACT_NAMES),
        (f"{FUNCTION}, onFailure: props.destination }});", FACT_NAMES),
        (f"{FUNCTION} }}); f.addToRolePolicy(props.statement);", FACT_NAMES),
        (f"{FUNCTION} }}); props.bucket.grantWrite(f);", ("can_write_any_bucket",)),
    ],
)
def test_what_may_really_add_a_right_leaves_that_open(
    more: str, still_open: tuple[str, ...]
) -> None:
    assert open_facts(role_of(HEAD % more)) == still_open


@pytest.mark.parametrize(
    "more",
    [
        f"{FUNCTION} }}); f.addToRolePolicy({ALL});",
        f"{PROJECT} p.addToRolePolicy({ALL});",
        f"{TASK} t.addToTaskRolePolicy({ALL});",
        f"{FUNCTION}, initialPolicy: [{ALL}] }});",
        f"{FUNCTION} }}); f.role!.addManagedPolicy({ADMIN});",
    ],
)
def test_a_function_adds_to_the_role_that_it_is_given(more: str) -> None:
    assert role_of(HEAD % more).properties["is_admin"] is True


def test_the_first_version_of_the_library_adds_no_permission() -> None:
    old = (HEAD % "").replace("'aws-cdk-lib'", "'@aws-cdk/core'")
    role = role_of(old)
    assert not open_facts(role)
    assert "boundary_arn" not in role.unread


@pytest.mark.parametrize(
    ("resource", "is_open"),
    [
        ("'arn:aws:s3:::{}/*'.format(given)", False),
        ("'{}'.format(given)", True),
        ("'arn:aws:s3:::{0}'.format(given)", True),
    ],
)
def test_a_text_that_python_fills_in_is_known_as_far_as_it_is_written(
    resource: str, is_open: bool
) -> None:
    text = (
        "import aws_cdk as cdk\nfrom aws_cdk import aws_iam as iam\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id, given):\n"
        "  r = iam.Role(self, 'R', assumed_by=iam.ServicePrincipal('x.amazonaws.com'))\n"
        "  r.add_to_policy(iam.PolicyStatement(actions=['s3:PutObject'],\n"
        f"    resources=[{resource}]))\n"
    )
    assert ("can_write_any_bucket" in role_of(text, "s.py").unread) is is_open


def test_python_gives_policies_by_the_names_of_arguments() -> None:
    text = (
        "import aws_cdk as cdk\nfrom aws_cdk import aws_iam as iam\n"
        "class S(cdk.Stack):\n def __init__(self, scope, id):\n"
        "  r = iam.Role(self, 'R', assumed_by=iam.ServicePrincipal('x.amazonaws.com'))\n"
        "  r.add_managed_policy(policy=iam.ManagedPolicy.from_managed_policy_arn(\n"
        "    self, 'P', managed_policy_arn='arn:aws:iam::aws:policy/AdministratorAccess'))\n"
    )
    assert role_of(text, "s.py").properties["is_admin"] is True


def test_a_role_is_a_principal_and_what_is_granted_to_a_service_is_who_may_call() -> None:
    more = (
        "r.assumeRolePolicy?.addStatements(new iam.PolicyStatement({ actions: ['sts:TagSession'],"
        " principals: [new iam.ServicePrincipal('y.amazonaws.com'), r] }));"
        " const f = new lambda.Function(this, 'F', {});"
        " f.grantInvoke(new iam.ServicePrincipal('apigateway.amazonaws.com')); f.grantInvoke(r);"
        " r.grantPassRole(new iam.Role(this, 'Other', {}));"
    )
    found = declared({"s.ts": HEAD % more})
    trust = next(each for each in found if each.id.endswith("/R")).properties["trust"]
    assert [statement["principals"] for statement in trust] == [
        ["x.amazonaws.com"],
        ["arn:aws:iam::000000000000:role/s-r", "y.amazonaws.com"],
    ]
    function = next(each for each in found if each.type == "aws.lambda.function")
    assert [entry["principals"] for entry in function.properties["policy"]] == [
        ["apigateway.amazonaws.com"]
    ]


def test_a_distribution_may_read_a_bucket_and_nobody_else_is_let_in() -> None:
    text = HEAD % (
        "const b = new s3.Bucket(this, 'B');"
        " origins.S3BucketOrigin.withOriginAccessControl(b); new origins.S3Origin(b);"
    )
    library = "import * as origins from 'aws-cdk-lib/aws-cloudfront-origins';\n"
    found = declared({"s.ts": library + text})
    bucket = next(each for each in found if each.type == "aws.s3.bucket")
    assert "policy" not in bucket.unread
    assert [entry["actions"] for entry in bucket.properties["policy"]] == [["s3:GetObject"]] * 2
