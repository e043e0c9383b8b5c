"""What TLS says: who vouches, for which name, until when, with which key and which versions."""

from __future__ import annotations

import datetime
import ssl
import warnings
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from mlsec.servers.probe import tls
from tests.servers.probe.papers import DAY, Authority
from tests.servers.probe.running import HASTY, QUICK, Seen, look_at, resolves_to
from tests.servers.probe.server import Page, Server, Talk, site

HELLO = site({"/": Page(body=b"hello")})


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that this machine trusts, as SSL_CERT_FILE says."""
    made = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made.store))
    return made


def look(context: ssl.SSLContext, folder: Path) -> Seen:
    with Server(HELLO, tls=context) as server:
        return look_at(f"https://127.0.0.1:{server.port}", folder)


def test_a_sound_certificate_passes_every_rule_about_it(
    tmp_path: Path, authority: Authority
) -> None:
    seen = look(authority.context(), tmp_path)
    about = {rule for rule in seen.passed if rule.startswith("probe/certificate-")}
    assert len(about) == 9
    assert (seen["certificate.trust"], seen["tls_version"]) == ("trusted", "1.3")


def test_a_certificate_that_signed_itself_is_told(tmp_path: Path, authority: Authority) -> None:
    seen = look(authority.context(is_self_signed=True), tmp_path)
    assert seen["certificate.is_self_signed"]
    assert {rule for rule in seen.failed if "/certificate-" in rule} == {
        "probe/certificate-self-signed"
    }


def test_an_authority_that_nobody_knows_is_told(tmp_path: Path, authority: Authority) -> None:
    (tmp_path / "elsewhere").mkdir()
    stranger = Authority(tmp_path / "elsewhere")
    seen = look(stranger.context(), tmp_path)
    assert {rule for rule in seen.failed if "/certificate-" in rule} == {
        "probe/certificate-not-trusted"
    }


def test_an_expired_certificate_is_told_and_still_known_to_be_vouched_for(
    tmp_path: Path, authority: Authority
) -> None:
    seen = look(authority.context(begins=-90 * DAY, ends=-DAY), tmp_path)
    assert seen["certificate.trust"] == "trusted"
    assert {rule for rule in seen.failed if "/certificate-" in rule} == {
        "probe/certificate-expired"
    }


def test_an_expired_certificate_of_its_own_making_is_told_twice(
    tmp_path: Path, authority: Authority
) -> None:
    context = authority.context(begins=-90 * DAY, ends=-DAY, is_self_signed=True)
    seen = look(context, tmp_path)
    assert {rule for rule in seen.failed if "/certificate-" in rule} == {
        "probe/certificate-expired", "probe/certificate-self-signed",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("begins", "ends", "rule"),
    [
        (DAY, 90 * DAY, "probe/certificate-not-yet-valid"),
        (-80 * DAY, 10 * DAY, "probe/certificate-about-to-expire"),
        (-DAY, 399 * DAY, "probe/certificate-validity-too-long"),
    ],
)
def test_dates_are_judged_one_by_one(
    tmp_path: Path,
    authority: Authority,
    begins: datetime.timedelta,
    ends: datetime.timedelta,
    rule: str,
) -> None:
    seen = look(authority.context(begins=begins, ends=ends), tmp_path)
    assert {each for each in seen.failed if "/certificate-" in each} == {rule}


def test_a_certificate_of_six_days_is_not_told_to_expire_on_its_first(
    tmp_path: Path, authority: Authority
) -> None:
    seen = look(authority.context(ends=5 * DAY), tmp_path)
    assert "probe/certificate-about-to-expire" in seen.passed


def test_a_weak_key_is_read_and_told(tmp_path: Path, authority: Authority) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505
    seen = look(authority.context(key=key), tmp_path)
    assert (seen["certificate.key_type"], seen["certificate.key_bits"]) == ("rsa", 1024)
    assert "probe/certificate-weak-key" in seen.failed


@pytest.mark.parametrize(
    ("shown", "asked", "is_for_it"),
    [
        ("models.example", "models.example", True),
        ("models.example", "other.example", False),
        ("*.models.example", "a.models.example", True),
        ("*.models.example", "models.example", False),
        ("*.models.example", "a.b.models.example", False),
        ("*.example", "models.example", False),
        ("10.9.8.7", "models.example", False),
    ],
)
def test_the_name_of_the_target_is_compared_with_those_of_the_certificate(
    tmp_path: Path, authority: Authority, shown: str, asked: str, is_for_it: bool
) -> None:
    resolver, _ = resolves_to(["127.0.0.1"])
    with Server(HELLO, tls=authority.context(host=shown)) as server:
        seen = look_at(
            f"https://{asked}:{server.port}", tmp_path, resolver=resolver, is_private_allowed=True
        )
    assert seen["certificate.matches_host"] is is_for_it
    assert ("probe/certificate-names-another-host" in seen.failed) is not is_for_it


def _versions(seen: Seen) -> dict[str, bool | None]:
    return {row["version"]: row.get("accepted") for row in seen["tls_versions"]}


@pytest.mark.parametrize(("least", "most"), [("1.0", "1.3"), ("1.2", "1.2"), ("1.0", "1.1")])
def test_each_version_is_told_apart(
    tmp_path: Path, authority: Authority, least: str, most: str
) -> None:
    context = authority.context()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion[
            f"TLSv{least.replace('.', '_')}".removesuffix("_0")
        ]
        context.maximum_version = ssl.TLSVersion[f"TLSv{most.replace('.', '_')}"]
    wanted = {version: least <= version <= most for version in tls.VERSIONS}
    can_offer = {version: tls._only(version) is not None for version in tls.VERSIONS}
    seen = look(context, tmp_path)
    assert _versions(seen) == {v: wanted[v] if can_offer[v] else None for v in tls.VERSIONS}
    assert ("probe/old-tls" in seen.failed) is (wanted["1.0"] or wanted["1.1"])


def test_a_handshake_that_never_ends_is_a_gap(tmp_path: Path) -> None:
    with Server(Talk.hold, reads_first=False) as server:
        seen = look_at(f"https://127.0.0.1:{server.port}", tmp_path, limits=HASTY)
    assert seen.reasons == {"timeout"}
    assert "probe/certificate-expired" in seen.unknown


def test_a_server_without_tls_is_a_gap_that_says_so(tmp_path: Path) -> None:
    def say(talk: Talk) -> None:
        talk.send(Page(status=400).encode())

    with Server(say, reads_first=False) as server:
        seen = look_at(f"https://127.0.0.1:{server.port}", tmp_path)
    assert [gap.detail for gap in seen.gaps] == ["no handshake: it does not speak TLS"]
    assert (seen.failed, seen.passed) == (set(), set())


def test_versions_that_were_never_offered_are_not_known(
    tmp_path: Path, authority: Authority
) -> None:
    limits = msgspec.structs.replace(QUICK, connections=2)
    with Server(HELLO, tls=authority.context()) as server:
        seen = look_at(f"https://127.0.0.1:{server.port}", tmp_path, limits=limits)
    assert _versions(seen)["1.3"] is None
    assert {"probe/old-tls", "probe/without-tls-1-3"} <= seen.unknown


def test_a_server_that_wants_a_certificate_of_the_caller_is_shut(
    tmp_path: Path, authority: Authority
) -> None:
    context = authority.context()
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.store)
    seen = look(context, tmp_path)
    assert seen["certificate.trust"] == "trusted"
    assert {gap.detail for gap in seen.gaps if gap.wanted == "GET /"} == {"it wants a certificate"}
    assert "probe/model-without-authentication" in seen.passed
