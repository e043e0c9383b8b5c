"""A company on loopback: accounts, subscriptions, projects, clusters and repositories.

Their sizes differ as those of real ones do, and they refer to each other: a data lake, a key, a
registry and a role of one account serve the others, and so on each cloud.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import pickle
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import msgspec
from moto.moto_server import werkzeug_app
from moto.server import ThreadedMotoServer

from tests.estate.azure_estate import build_azure
from tests.estate.azure_server import RunningAzure
from tests.estate.azure_world import SUBSCRIPTION, TENANT
from tests.estate.azure_world import Subscription as AzureSubscription
from tests.estate.azure_world import World as AzureWorld
from tests.estate.gcp_estate import build_gcp
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_world import NUMBER, PROJECT, Project, Thing, Told
from tests.estate.gcp_world import World as GcpWorld
from tests.estate.kube_estate import story
from tests.estate.kube_server import KubeWorld, RunningKube

REGION = "eu-west-1"
ROLE = "OrganizationAccountAccessRole"
SALT = "a salt for tests, no secret"
_NOW = "2026-11-30T00:00:00Z"
_OF_THE_RUN = (
    "command", "started_at", "finished_at", "host", "snapshot_digest", "organisation", "calls",
)  # fmt: skip


class Size(msgspec.Struct, frozen=True, kw_only=True):
    """How many scopes of each kind; the accounts are beside the one that manages them."""

    accounts: int = 2
    subscriptions: int = 2
    projects: int = 2
    clusters: int = 2
    repositories: int = 2
    latency_s: float = 0.0


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to scan, and the environment in which it can be reached."""

    environment: Mapping[str, str]
    targets: tuple[Mapping[str, Any], ...]
    command: tuple[str, ...]

    def config(self, place: Path, **more: Any) -> dict[str, Any]:
        """Give the configuration of a fleet that keeps all below a place."""
        judge = {"format": "json", "min-coverage": 0, "fail-on": "none", "now": _NOW}
        return {
            "organisation": "nordlicht", "targets": list(self.targets),
            "store": str(place / "store"), "reports": str(place / "reports"), "judge": judge,
        } | more  # fmt: skip

    def one_process(self, place: Path) -> list[str]:
        """Give the arguments of the scan that does all of it in one process."""
        return [
            "scan", *self.command, "-o", str(place), "-f", "json", "--min-coverage", "0",
            "--fail-on", "none", "--tries", "2", "--now", _NOW, "--organisation",
        ]  # fmt: skip


def comparable(folder: Path) -> dict[str, Any]:
    """Read an assessment without what differs between two runs over the same world.

    These are times, host and command line, the seal over them, and the digests of secrets: their
    salt is drawn anew by one process, and the organisation's own in a fleet. One process asks Cloud
    Asset Inventory about an organisation, a fleet about each project: how often is left out too.
    """
    document: dict[str, Any] = json.loads((folder / "assessment.json").read_bytes())
    scan = {k: v for k, v in document["scan"].items() if k not in _OF_THE_RUN}
    calls = {k: v for k, v in scan["operations"].items() if not k.startswith("cloudasset:")}
    settings = {k: v for k, v in scan["settings"].items() if not k.endswith("asset_inventory")}
    document["scan"] = scan | {"operations": calls, "settings": settings}
    for finding in document["findings"]:
        for evidence in finding.get("evidence", ()):
            if evidence.get("source", "").endswith("~hash"):
                evidence["actual"] = "a digest"
    return document


def size_of(number: int) -> int:
    """Give how much there is in a scope: little in most, much in a few."""
    return (1, 1, 2, 0, 1, 5, 1, 0, 2, 12)[number % 10]


@contextlib.contextmanager
def company(size: Size, place: Path) -> Iterator[Company]:
    """Run the company's clouds until the end."""
    place.mkdir(parents=True, exist_ok=True)
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_CLOUDS)}
    environment = kept | {"HOME": str(place), "MLSEC_FLEET_SALT": SALT}
    targets: list[Mapping[str, Any]] = []
    command: list[str] = []
    with contextlib.ExitStack() as running:
        if size.accounts:
            environment |= running.enter_context(_aws(size.accounts, place))
            command.append(f"aws:///{REGION}")
        if size.subscriptions:
            world = azure_world(size.subscriptions)
            azure = running.enter_context(RunningAzure(world, latency_s=size.latency_s))
            environment |= azure.environment()
            command.append("azure")
        if size.projects:
            projects = gcp_world(size.projects)
            gcp = running.enter_context(RunningGcp(projects, latency_s=size.latency_s))
            environment |= gcp.environment()
            command.append("gcp")
        targets += [{"target": name, "organisation": True, "tries": 2} for name in command]
        if size.clusters:
            clusters = [
                running.enter_context(RunningKube(KubeWorld(_objects(number))))
                for number in range(size.clusters)
            ]
            environment["KUBECONFIG"] = str(_kubeconfig(place, clusters))
            targets.append({"target": "kubernetes", "contexts": True, "tries": 2})
            command += [f"kubernetes://cluster-{number:02}" for number in range(size.clusters)]
        if size.repositories:
            command += repositories(place / "repositories", size.repositories)
            targets.append({"target": str(place / "repositories"), "repositories": True})
        yield Company(environment=environment, targets=tuple(targets), command=tuple(command))


_CLOUDS = ("AWS_", "AZURE_", "GOOGLE_", "CLOUDSDK_", "KUBE", "MLSEC_")


@contextlib.contextmanager
def _aws(accounts: int, place: Path) -> Iterator[dict[str, str]]:
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    # It prints the name of each service that it does not have, for each request.
    werkzeug_app.print = lambda *_: None  # type: ignore[attr-defined]
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        url = "http://{}:{}".format(*server.get_host_and_port())
        environment = {
            "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_DEFAULT_REGION": REGION,
            "AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": str(place / "none"),
            "AWS_SHARED_CREDENTIALS_FILE": str(place / "none"),
        }  # fmt: skip
        # Servers of one process share what they hold.
        urllib.request.urlopen(f"{url}/moto-api/reset", b"", timeout=30).close()  # noqa: S310
        _seed(url, accounts)
        yield environment
    finally:
        server.stop()


def _session(url: str, role: str = "") -> boto3.Session:
    keys = {"aws_access_key_id": "AKIAIOSFODNN7EXAMPLE", "aws_secret_access_key": "not-a-secret"}
    session = boto3.Session(**keys, region_name=REGION)
    if not role:
        return session
    sts = session.client("sts", endpoint_url=url)
    given = sts.assume_role(RoleArn=role, RoleSessionName="seed")["Credentials"]
    return boto3.Session(
        aws_access_key_id=given["AccessKeyId"], aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"], region_name=REGION,
    )  # fmt: skip


def _seed(url: str, count: int) -> None:
    """Make an organisation whose first account holds what all others use."""
    organizations = _session(url).client("organizations", endpoint_url=url)
    organizations.create_organization(FeatureSet="ALL")
    ids = []
    for number in range(count):
        name = {"AccountName": f"team-{number}", "Email": f"{number}@example.org"}
        ids.append(organizations.create_account(**name)["CreateAccountStatus"]["AccountId"])
    lake = _session(url, f"arn:aws:iam::{ids[0]}:role/{ROLE}")
    shared = _shared(lake, url, ids[0])
    for number, account in enumerate(["", *ids[1:]]):
        session = _session(url, f"arn:aws:iam::{account}:role/{ROLE}" if account else "")
        for deployment in range(size_of(number)):
            _deploy(session.client("sagemaker", endpoint_url=url), f"{number}-{deployment}", shared)


def _shared(lake: boto3.Session, url: str, account: str) -> dict[str, str]:
    def client(name: str) -> Any:
        return lake.client(name, endpoint_url=url)

    bucket = f"lake-{account}"
    for name in (bucket, f"unused-{account}"):
        client("s3").create_bucket(
            Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
    statement = {
        "Effect": "Allow", "Principal": "*", "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }  # fmt: skip
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    client("s3").put_bucket_policy(Bucket=bucket, Policy=policy)
    client("ecr").create_repository(repositoryName="serving")
    trust = {
        "Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }  # fmt: skip
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = client("iam").create_role(RoleName="shared", AssumeRolePolicyDocument=document)
    return {
        "bucket": bucket,
        "image": f"{account}.dkr.ecr.{REGION}.amazonaws.com/serving:1",
        "key": client("kms").create_key(Description="shared")["KeyMetadata"]["Arn"],
        "role": role["Role"]["Arn"],
    }


def _deploy(sagemaker: Any, name: str, shared: Mapping[str, str]) -> None:
    data = f"s3://{shared['bucket']}/{name}.tar.gz"
    sagemaker.create_model(
        ModelName=f"model-{name}", ExecutionRoleArn=shared["role"],
        PrimaryContainer={"Image": shared["image"], "ModelDataUrl": data},
    )  # fmt: skip
    variant = {
        "VariantName": "all", "ModelName": f"model-{name}", "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }  # fmt: skip
    sagemaker.create_endpoint_config(
        EndpointConfigName=f"config-{name}", ProductionVariants=[variant], KmsKeyId=shared["key"]
    )
    sagemaker.create_endpoint(EndpointName=f"endpoint-{name}", EndpointConfigName=f"config-{name}")


def azure_world(count: int) -> AzureWorld:
    """Give subscriptions of the estate; of every second one, the keys lie in the first."""
    world = AzureWorld(subscriptions=())
    for number in range(count):
        ours = f"5b000000-0000-4000-8000-{number + 1:012}"
        world.subscriptions[ours] = AzureSubscription(id=ours, name=f"team-{number}")
        estate = build_azure(size_of(number)).world
        for resource in estate.resources.values():
            text = json.dumps(resource)
            body = json.loads(text.replace(SUBSCRIPTION, ours))
            if number % 2:
                outer = json.dumps(body["properties"]) if "properties" in body else "{}"
                body["properties"] = json.loads(_in_first(outer, ours))
            world.add(body)
        for path, answer in estate.answers.items():
            body = json.loads(json.dumps(answer).replace(SUBSCRIPTION, ours))
            world.answers.setdefault(path.replace(SUBSCRIPTION, ours), body)
    world.groups = {TENANT: tuple(world.subscriptions)}
    return world


def _in_first(text: str, ours: str) -> str:
    for kind in ("Microsoft.KeyVault/vaults", "Microsoft.Storage/storageAccounts"):
        group = f"/subscriptions/{ours}/resourceGroups/nordlicht/providers/{kind}/"
        text = text.replace(group, group.replace(ours, SUBSCRIPTION))
    return text


def gcp_world(count: int) -> GcpWorld:
    """Give projects of the estate; of every second one, keys and buckets lie in the first."""
    world = GcpWorld(projects=())
    for number in range(count):
        ours = PROJECT if not number else f"{PROJECT}-{number:02}"
        code = str(int(NUMBER) + 100 * number)
        world.projects[ours] = Project(id=ours, number=code)
        estate = build_gcp(size_of(number)).world
        for thing in (*estate.things.values(), *estate.told.values()):
            moved = _moved(thing, ours, code, is_shared=bool(number % 2))
            known = (moved.service, moved.path)
            if known not in world.things and known not in world.told:  # Google's own roles are
                world.add(moved)
    return world


def _moved(thing: Thing | Told, ours: str, code: str, *, is_shared: bool) -> Thing | Told:
    if ours == PROJECT:
        return thing
    fields = msgspec.to_builtins(thing)
    body = json.dumps(fields.pop("body"))
    moved = json.loads(json.dumps(fields).replace(PROJECT, ours).replace(NUMBER, code))
    body = body.replace(PROJECT, ours).replace(NUMBER, code)
    if is_shared:
        key = f"projects/{ours}/locations/europe-west4/keyRings"
        body = body.replace(key, key.replace(ours, PROJECT))
    return type(thing)(**moved, body=json.loads(body))


def _objects(number: int) -> list[dict[str, Any]]:
    objects = story()
    return [
        *objects,
        *(
            {
                "apiVersion": "apps/v1", "kind": "Deployment",
                "metadata": {"name": f"server-{copy}", "namespace": "models"},
                "spec": {"template": {"spec": {"containers": [
                    {"name": "main", "image": "vllm/vllm-openai:latest"},
                ]}}},
            }
            for copy in range(size_of(number))
        ),
    ]  # fmt: skip


def _kubeconfig(place: Path, clusters: list[RunningKube]) -> Path:
    names = [f"cluster-{number:02}" for number in range(len(clusters))]
    document = {
        "apiVersion": "v1", "kind": "Config", "current-context": names[0],
        "clusters": [
            {"name": name, "cluster": {"server": running.url}}
            for name, running in zip(names, clusters, strict=True)
        ],
        "users": [{"name": "scanner", "user": {"token": "t0ken"}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "scanner"}} for name in names
        ],
    }  # fmt: skip
    path = place / "kubeconfig"
    path.write_text(json.dumps(document))
    return path


def repositories(place: Path, count: int) -> list[str]:
    """Make git repositories with code, a model, and a waiver in a comment."""
    folders = []
    for number in range(count):
        folder = place / f"repository-{number:02}"
        folder.mkdir(parents=True)
        subprocess.run(["git", "init", "-q", str(folder)], check=True)  # noqa: S603, S607
        (folder / "main.tf").write_text(_TERRAFORM.format(number=number))
        (folder / "model.pkl").write_bytes(pickle.dumps({"weights": [number] * 10}))
        (folder / "serve.py").write_text("import pickle\npickle.load(open('model.pkl', 'rb'))\n")
        folders.append(str(folder))
    return folders


_TERRAFORM = """\
resource "aws_sagemaker_notebook_instance" "lab" {{
  name                   = "lab-{number}"
  role_arn               = "arn:aws:iam::111122223333:role/lab"
  instance_type          = "ml.t3.medium"
  # mlsec:ignore sagemaker/notebook-direct-internet -- a lab without data, until 2099-01-01
  direct_internet_access = "Enabled"
}}
"""
