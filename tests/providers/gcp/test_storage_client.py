"""Google's own storage client and ours see the same buckets on the same server."""

from __future__ import annotations

from pathlib import Path

from google.cloud import storage
from google.oauth2 import service_account

from mlsec.engine.model.rule import RuleSet
from mlsec.snapshot.store import Snapshot
from tests.estate.faults import Fault, Kind
from tests.estate.gcp_server import RunningGcp
from tests.estate.gcp_sign_in import key_file
from tests.estate.gcp_world import PROJECT
from tests.providers.gcp.conftest import read


def test_buckets_and_their_policies_are_those_that_the_client_library_reads(
    gcp: RunningGcp, ruleset: RuleSet, tmp_path: Path
) -> None:
    scopes = ["https://www.googleapis.com/auth/cloud-platform"]
    credentials = service_account.Credentials.from_service_account_file(
        str(key_file(gcp.url)), scopes=scopes
    )
    client = storage.Client(PROJECT, credentials, client_options={"api_endpoint": gcp.url})
    theirs = {bucket.name: bucket for bucket in client.list_buckets()}
    policies = {
        name: bucket.get_iam_policy(requested_policy_version=3).bindings
        for name, bucket in theirs.items()
    }
    client.close()
    gcp.set_faults(Fault(kind=Kind.DENY, operation="cloudasset:*"))
    path = tmp_path / "a.mlsnap"
    ours = {r.name: r for r in read(path, ruleset).resources if r.type == "gcp.storage.bucket"}

    assert gcp.mistakes() == []
    assert len(ours) >= 5
    assert ours.keys() <= theirs.keys()  # a bucket that no model refers to is not looked into
    for name, bucket in ours.items():
        access = theirs[name].iam_configuration
        assert bucket.properties["public_access_prevention"] == access.public_access_prevention
        assert bucket.properties["versioning"] is bool(theirs[name].versioning_enabled)
    with Snapshot.open(path) as snapshot:
        read_by_us = {
            call.params: snapshot.payload(call.payload).get("bindings", [])
            for call in snapshot.calls()
            if call.operation == "BucketsGetIamPolicy"
        }
    assert len(read_by_us) == len(ours)
    for params, bindings in read_by_us.items():
        (name,) = [name for name in theirs if f'"{name}"' in params]
        assert [{**b, "members": set(b["members"])} for b in bindings] == policies[name]
