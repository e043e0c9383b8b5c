"""Evidence served back as an AWS API gives the same evidence, and nothing else gives anything."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.error import HTTPError

import botocore.session
import msgspec
import pytest
from botocore.exceptions import ClientError

from mlsec.core.enums import GapReason
from mlsec.engine.model.rule import RuleSet
from mlsec.providers.aws.collect.reader import plans
from mlsec.providers.aws.replay.server import LOOPBACK, Answers, serve
from mlsec.providers.aws.tables import table_of
from mlsec.snapshot.records import Call, CallStatus, canonical
from mlsec.snapshot.seal import digest_of
from mlsec.snapshot.store import Snapshot
from tests.e2e import runs
from tests.e2e.conftest import Whole

_HOME, _SCOPE = "eu-west-1", "aws/123456789012"
_XML = ("query", "ec2", "rest-xml")


def environment(url: str) -> Mapping[str, str]:
    return {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "AWS_DEFAULT_REGION": _HOME,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }


@pytest.fixture(scope="module")
def url(whole: Whole) -> Iterator[str]:
    """The address that ``mlsec replay`` gives out for the whole scan's evidence."""
    command = [sys.executable, "-m", "mlsec", "replay", str(whole.snapshot)]
    # A shell that runs the tests in the background has them ignore interrupts; a user's does not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        running = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=runs.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    finally:
        signal.signal(signal.SIGINT, before)
    assert running.stdout is not None
    said = running.stdout.readline()
    assert said.startswith(f"AWS_ENDPOINT_URL=http://{LOOPBACK}:"), running.communicate(timeout=9)
    yield said.strip().partition("=")[2]
    running.send_signal(signal.SIGINT)
    assert running.wait(30) == 0


def client(url: str, service: str, region: str = _HOME):
    session = botocore.session.Session()
    session.set_credentials("AKIAIOSFODNN7EXAMPLE", "not-a-secret")
    return session.create_client(service, region_name=region, endpoint_url=url)


def test_collecting_from_a_replay_gives_the_same_evidence(
    url: str, whole: Whole, ruleset: RuleSet, tmp_path: Path
) -> None:
    path = tmp_path / "again.mlsnap"
    done = runs.mlsec("collect", "aws", "-o", path, **environment(url))
    assert done.returncode == 0, done.stderr
    # A secret in XML is reduced once more: there is no place in it for what it was reduced to.
    twice = {o.label for o in table_of(plans()).values() if o.redact and _is_xml(o.service)}
    with Snapshot.open(path) as mine, Snapshot.open(whole.snapshot) as other:
        again, before = ({c.id: c for c in each.calls()} for each in (mine, other))
    assert again.keys() == before.keys()
    different = {
        f"{call.service}:{call.operation}"
        for key, call in before.items()
        if again[key].lasting() != call.lasting()
    }
    assert different <= twice
    assert len(before) > 100
    assert runs.verdicts(runs.judge(path, ruleset)) == whole.verdicts


def _is_xml(service: str) -> bool:
    model = botocore.session.get_session().get_service_model(service)
    return model.resolved_protocol in _XML


@pytest.mark.parametrize(
    ("service", "operation", "params"),
    [
        ("sagemaker", "delete_model", {"ModelName": "x"}),
        ("s3", "delete_bucket", {"Bucket": "nordlicht-access-logs"}),
        ("iam", "delete_role", {"RoleName": "x"}),
        ("bedrock-agent", "delete_agent", {"agentId": "AGHELPDESK"}),
        ("ec2", "delete_vpc", {"VpcId": "vpc-1"}),
    ],
)
def test_nothing_but_the_reads_of_a_scan_is_answered(
    service: str, operation: str, params: Mapping[str, str], url: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(url, service), operation)(**params)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_what_was_never_asked_is_refused_and_not_empty(url: str) -> None:
    with pytest.raises(ClientError, match="not in the evidence"):
        client(url, "sagemaker").describe_model(ModelName="never-seen")
    with pytest.raises(ClientError, match="not in the evidence"):
        client(url, "kms", "ap-northeast-1").list_keys()


def test_request_without_a_signature_is_refused(url: str) -> None:
    with pytest.raises(HTTPError) as caught:
        urllib.request.urlopen(f"{url}/", timeout=20)  # noqa: S310 - an address of our own
    assert caught.value.code == 501


def test_any_page_size_gives_the_whole_listing(url: str, whole: Whole) -> None:
    listed = client(url, "sagemaker").list_models(MaxResults=1)["Models"]
    models = [r for r in whole.inventory.resources if r.type == "aws.sagemaker.model"]
    assert {each["ModelArn"] for each in listed} >= {
        model.id for model in models if model.region == _HOME
    }


def replayed(tmp_path: Path, call: Call, document: object | None) -> Answers:
    """A replay of evidence with one call."""
    path = tmp_path / "one.mlsnap"
    body = None if document is None else canonical(document)
    with Snapshot.create(path) as begun:
        begun.set_meta("aws.principal", "arn:aws:iam::123456789012:user/somebody")
        begun.record(msgspec.structs.replace(call, payload=digest_of(body) if body else ""), body)
        begun.finish()
    return Answers(Snapshot.open(path))


@pytest.mark.parametrize("reason", [GapReason.DENIED, GapReason.THROTTLED, GapReason.MALFORMED])
def test_listing_that_was_cut_short_is_refused_and_not_served_as_whole(
    reason: GapReason, tmp_path: Path
) -> None:
    call = Call(
        scope=_SCOPE, region=_HOME, service="sagemaker", operation="ListModels",
        status=CallStatus.DONE, reason=reason.value, error_code="Whatever",
    )  # fmt: skip
    server = serve(replayed(tmp_path, call, {"Models": []}), 0)
    assert server.server_address[0] == LOOPBACK
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        with pytest.raises(ClientError, match="Whatever"):
            client(f"http://{LOOPBACK}:{server.server_address[1]}", "sagemaker").list_models()
    finally:
        server.shutdown()
        server.server_close()
