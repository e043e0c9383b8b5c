"""Only the named target is asked: its address is looked up once, and inner networks are guarded."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from mlsec.core.errors import MlsecError
from mlsec.servers.probe.addresses import AddressKind, reach_of
from mlsec.servers.probe.limits import Limits
from mlsec.servers.probe.target import parse_target
from tests.servers.probe.running import HASTY, look_at, resolves_to
from tests.servers.probe.server import Page, Server, site

HELLO = site({"/": Page(body=b"hello")})
NAME = "models.example"


def test_a_name_that_changes_its_address_moves_nothing(tmp_path: Path) -> None:
    with (
        Server(HELLO, host="127.0.0.1") as first,
        Server(HELLO, host="127.0.0.2", port=first.port) as second,
    ):
        resolver, asked = resolves_to(["127.0.0.1"], ["127.0.0.2"])
        seen = look_at(
            f"http://{NAME}:{first.port}", tmp_path, resolver=resolver, is_private_allowed=True
        )
    assert asked == [NAME]
    assert (len(first.heads) > 10, second.connections) == (True, 0)
    assert seen["address"] == "127.0.0.1"
    assert f"Host: {NAME}:{first.port}".encode() in first.heads[0]


def test_a_name_for_a_private_address_is_a_gap_and_nobody_is_asked(tmp_path: Path) -> None:
    with Server(HELLO) as server:
        resolver, _ = resolves_to(["127.0.0.1"])
        seen = look_at(f"http://{NAME}:{server.port}", tmp_path, resolver=resolver)
    assert server.connections == 0
    (gap,) = seen.gaps
    assert gap.detail == (
        "the name means the loopback address 127.0.0.1, which is probed only with --probe-private,"
        " or by writing that address itself as the target"
    )
    assert seen.failed | set(seen.passed) == set()


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fd00:ec2::254", "fe80::1", "::ffff:169.254.169.254"]
)
def test_where_a_cloud_gives_credentials_no_name_leads(tmp_path: Path, address: str) -> None:
    resolver, _ = resolves_to([address])
    seen = look_at(f"http://{NAME}", tmp_path, resolver=resolver, is_private_allowed=True)
    assert [call.operation for call in seen.calls] == ["Resolve"]
    assert "--probe-private" not in seen.gaps[0].detail


def test_of_several_addresses_only_those_that_may_be_are_asked(tmp_path: Path) -> None:
    with Server(HELLO) as server:
        resolver, _ = resolves_to(["169.254.169.254", "127.0.0.1"])
        seen = look_at(
            f"http://{NAME}:{server.port}", tmp_path, resolver=resolver, is_private_allowed=True
        )
    assert seen["address"] == "127.0.0.1"


def test_the_next_address_is_tried_when_the_first_takes_no_connection(tmp_path: Path) -> None:
    with Server(HELLO, host="127.0.0.2") as server:
        resolver, _ = resolves_to(["127.0.0.1", "127.0.0.2"])
        seen = look_at(
            f"http://{NAME}:{server.port}", tmp_path, resolver=resolver, is_private_allowed=True
        )
    assert seen["address"] == "127.0.0.2"


def test_an_address_that_is_written_out_is_asked(tmp_path: Path) -> None:
    with Server(HELLO) as server:
        seen = look_at(f"http://127.0.0.1:{server.port}", tmp_path)
    assert seen["address_scope"] == "loopback"


def test_version_six_is_asked_too(tmp_path: Path) -> None:
    with Server(HELLO, host="::1") as server:
        seen = look_at(f"http://[::1]:{server.port}", tmp_path)
    assert seen["address"] == "::1"
    assert f"Host: [::1]:{server.port}".encode() in server.heads[0]


def test_localhost_means_this_machine_and_may_be_written_so(tmp_path: Path) -> None:
    with Server(HELLO) as server:
        resolver, _ = resolves_to(["127.0.0.1"])
        seen = look_at(f"http://localhost:{server.port}", tmp_path, resolver=resolver)
    assert seen["address_scope"] == "loopback"


def test_a_number_that_only_the_system_reads_as_an_address_is_a_name(tmp_path: Path) -> None:
    with Server(HELLO) as server:
        seen = look_at(f"http://127.1:{server.port}", tmp_path)
    assert server.connections == 0
    assert "--probe-private" in seen.gaps[0].detail


def test_a_resolver_that_hangs_ends_in_a_gap(tmp_path: Path) -> None:
    release = threading.Event()

    def resolver(host: str, port: int) -> list[str]:
        release.wait(20)
        return ["127.0.0.1"]

    seen = look_at(f"http://{NAME}", tmp_path, limits=Limits(resolve_s=0.2), resolver=resolver)
    release.set()
    assert seen.reasons == {"timeout"}


def test_a_name_that_is_not_there_is_a_gap(tmp_path: Path) -> None:
    def resolver(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    seen = look_at(f"http://{NAME}", tmp_path, resolver=resolver)
    assert (seen.reasons, seen.resource.unread.keys()) == ({"unresolved"}, {"*"})


def test_a_port_that_nobody_listens_on_is_a_gap(tmp_path: Path) -> None:
    with Server(HELLO) as server:
        port = server.port
    seen = look_at(f"http://127.0.0.1:{port}", tmp_path, limits=HASTY)
    assert "no connection" in seen.gaps[0].detail
    assert len(seen.unknown) > 20


def test_no_proxy_of_the_environment_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Server(HELLO) as proxy, Server(HELLO) as server:
        for name in ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        look_at(f"http://127.0.0.1:{server.port}", tmp_path)
        gone = look_at("http://127.0.0.1:1", tmp_path)
    assert (proxy.connections, server.connections > 10) == (0, True)
    assert "bypasses the proxy of the environment" in gone.gaps[0].detail


@pytest.mark.parametrize(
    ("address", "reach"),
    [
        ("8.8.8.8", AddressKind.PUBLIC), ("2606:4700::1111", AddressKind.PUBLIC),
        ("10.1.2.3", AddressKind.PRIVATE),
        ("172.16.0.1", AddressKind.PRIVATE), ("192.168.1.1", AddressKind.PRIVATE),
        ("fd12::1", AddressKind.PRIVATE),
        ("100.64.0.1", AddressKind.PRIVATE), ("192.0.2.1", AddressKind.PRIVATE),
        ("127.9.9.9", AddressKind.LOOPBACK),
        ("::1", AddressKind.LOOPBACK), ("169.254.1.1", AddressKind.LINK_LOCAL),
        ("fe80::1%eth0", AddressKind.LINK_LOCAL),
        ("169.254.169.254", AddressKind.METADATA), ("100.100.100.200", AddressKind.METADATA),
        ("168.63.129.16", AddressKind.METADATA), ("fd00:ec2::254", AddressKind.METADATA),
        ("::ffff:10.0.0.1", AddressKind.PRIVATE), ("::ffff:169.254.169.254", AddressKind.METADATA),
        ("64:ff9b::a9fe:a9fe", AddressKind.METADATA), ("2002:7f00:1::", AddressKind.LOOPBACK),
        ("0.0.0.0", AddressKind.SPECIAL),  # noqa: S104 - nothing is bound
        ("::", AddressKind.SPECIAL), ("224.0.0.1", AddressKind.SPECIAL),
        ("not an address", AddressKind.SPECIAL),
    ],
)  # fmt: skip
def test_every_kind_of_address_is_told_apart(address: str, reach: AddressKind) -> None:
    assert reach_of(address) is reach


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://Models.Example", "https://models.example:443"),
        ("http://models.example/a/b/", "http://models.example:80/a/b"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example:443"),
    ],
)
def test_a_target_has_one_way_to_be_written(text: str, shown: str) -> None:
    assert parse_target(text).id == shown
    assert parse_target(shown).id == shown


@pytest.mark.parametrize(
    "text",
    [
        "https://user:secret@models.example", "https://", "https://models.example:0",
        "https://models.example:99999", "https://models.example/?q=1", "https://models.example/#x",
        "https://models.example/a b", "https://models.example/\r\nX: y", "https://mo dels",
        "https://[::1", "https://-x.example", "https://" + "a" * 300,
    ],
)  # fmt: skip
def test_what_is_no_address_of_a_server_is_refused_and_shows_no_secret(text: str) -> None:
    with pytest.raises(MlsecError) as refused:
        parse_target(text)
    assert "secret" not in str(refused.value)
