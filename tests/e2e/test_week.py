"""A week of nightly scans of a changing account: who is told of what, and each thing once."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import boto3
import msgspec
import pytest
from moto.server import ThreadedMotoServer

from tests.notify.receivers import Mailbox, Webhook, mailbox, webhook
from tests.postgres import PASSWORD

pytestmark = pytest.mark.slow
REGION = "eu-west-1"
CONFIG = """\
history: {history}
notify: ["${{HOOK}}", "${{MAIL}}"]
notify-severity: medium
notify-link: https://reports.example.org/mlsec
select: [sagemaker/notebook-*]
fail-on: none
min-coverage: 0
tries: 1
environments:
  test:
    targets: ["aws:///eu-west-1"]
"""
WAIVER = """\
waivers:
  - id: moved-next-week
    rule: "*"
    resource: "*notebook-instance/first"
    reason: It is moved next week.
    owner: ml-platform
    expires: 2099-01-01
"""


class Night(msgspec.Struct, frozen=True, kw_only=True):
    """How a scan ended, and which notebooks each receiver was told of by it."""

    code: int
    err: str
    by_hook: list[set[str]]
    by_mail: list[set[str]]


class Team:
    """An account, a configuration, and the two receivers."""

    def __init__(
        self, place: Path, moto: str, hook: Webhook, mails: Mailbox, password: str
    ) -> None:
        self.place, self.hook, self.mails = place, hook, mails
        self.cloud = boto3.client(
            "sagemaker", region_name=REGION, endpoint_url=moto,
            aws_access_key_id="AKIAIOSFODNN7EXAMPLE", aws_secret_access_key="not-a-secret",
        )  # fmt: skip
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = kept | {
            "AWS_ENDPOINT_URL": moto, "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-secret", "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": str(place / "none"), "AWS_DEFAULT_REGION": REGION,
            "AWS_SHARED_CREDENTIALS_FILE": str(place / "none"),
            "HOOK": hook.url, "MAIL": mails.url, "PGPASSWORD": password,
        }  # fmt: skip

    def adds(self, name: str) -> None:
        self.cloud.create_notebook_instance(
            NotebookInstanceName=name, InstanceType="ml.t3.medium",
            RoleArn="arn:aws:iam::123456789012:role/notebooks", DirectInternetAccess="Enabled",
        )  # fmt: skip

    def removes(self, name: str) -> None:
        self.cloud.stop_notebook_instance(NotebookInstanceName=name)
        self.cloud.delete_notebook_instance(NotebookInstanceName=name)

    def command(self, *more: str) -> list[str]:
        return [
            sys.executable, "-m", "mlsec", "scan", "--environment", "test", "-f", "json", *more,
        ]  # fmt: skip

    def night(self, *more: str) -> Night:
        self.hook.got.clear()
        self.mails.got.clear()
        done = subprocess.run(  # noqa: S603
            self.command(*more), cwd=self.place, env=self.environment, capture_output=True,
            text=True, timeout=200, check=False,
        )  # fmt: skip
        by_hook = [
            {cause["resource"].rpartition("/")[2] for cause in document["causes"]}
            for document in self.hook.got
        ]
        bodies = [mail.get_body(("plain",)).get_content() for mail in self.mails.got]  # type: ignore[union-attr]
        by_mail = [{name for name in ("first", "second") if name in body} for body in bodies]
        return Night(code=done.returncode, err=done.stderr, by_hook=by_hook, by_mail=by_mail)


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.nightly)])
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Team]:
    history = "history.sqlite"
    if request.param == "postgresql":
        whole: str = request.getfixturevalue("database_url")
        history = f"postgresql://mlsec@{whole.rpartition('@')[2]}"
    logging.getLogger("werkzeug").setLevel(logging.CRITICAL)
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    address = "http://{}:{}".format(*moto.get_host_and_port())
    # Servers of one process share what they hold.
    urllib.request.urlopen(f"{address}/moto-api/reset", b"", timeout=30).close()  # noqa: S310
    (tmp_path / "mlsec.yaml").write_text(CONFIG.format(history=history))
    with webhook() as hook, mailbox() as mails:
        yield Team(tmp_path, address, hook, mails, PASSWORD)
    moto.stop()


def test_each_new_finding_is_told_once_and_nothing_else(team: Team) -> None:
    team.adds("first")
    monday = team.night()
    assert (monday.code, monday.by_hook, monday.by_mail) == (0, [{"first"}], [{"first"}]), (
        monday.err
    )
    assert "hush" not in monday.err
    tuesday = team.night()
    assert (tuesday.code, tuesday.by_hook, tuesday.by_mail) == (0, [], []), tuesday.err
    team.adds("second")
    team.hook.answers = [500, 500, 500]  # down for the night
    wednesday = team.night()
    assert (wednesday.code, wednesday.by_hook, wednesday.by_mail) == (2, [], [{"second"}])
    assert "was not delivered" in wednesday.err
    thursday = team.night()
    assert (thursday.code, thursday.by_hook, thursday.by_mail) == (0, [{"second"}], [])
    team.removes("second")
    friday = team.night()
    assert (friday.code, friday.by_hook, friday.by_mail) == (0, [], [])
    (team.place / "waivers.yaml").write_text(WAIVER)
    team.adds("second")
    saturday = team.night("--waivers", "waivers.yaml")
    assert (saturday.code, saturday.by_hook, saturday.by_mail) == (0, [{"second"}], [{"second"}])
    sunday = team.night("--notify-dry-run")
    assert (sunday.by_hook, sunday.by_mail) == ([], [])
    assert "would get" in sunday.err  # the waiver is gone: first is open again


def test_a_run_that_is_killed_while_it_tells_loses_nothing(team: Team) -> None:
    team.adds("first")
    with webhook() as slow:
        slow.hangs = True
        environment = team.environment | {"HOOK": slow.url}
        killed = subprocess.Popen(team.command(), cwd=team.place, env=environment)  # noqa: S603
        while not slow.asked:
            time.sleep(0.05)
            assert killed.poll() is None
        killed.kill()
        killed.wait()
        slow.hangs = False
        while not slow.got:
            time.sleep(0.05)
        slow.got.clear()
        assert team.mails.got == []  # stored, and not sent
        team.environment["HOOK"] = slow.url
        after = team.night()
        assert (after.code, after.by_mail, len(slow.got)) == (0, [{"first"}], 1), after.err
    [mail] = team.mails.got
    assert "may have been sent" not in mail.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    again = team.night()
    assert (again.code, again.by_hook, again.by_mail) == (0, [], [])
