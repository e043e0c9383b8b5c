"""What a server says in TLS handshakes: its certificates, who vouches for them, which versions."""

from __future__ import annotations

import base64
import ssl
import warnings
from typing import Any

import msgspec

from mlsec.collect.walk.call_failure import CallFailure
from mlsec.core.enums import GapReason
from mlsec.core.sanitize import visible
from mlsec.servers.probe.clock import StepError
from mlsec.servers.probe.dial import Dialler

VERSIONS = ("1.0", "1.1", "1.2", "1.3")
_BY_NAME = {
    "1.0": "TLSv1", "1.1": "TLSv1_1", "1.2": "TLSv1_2", "1.3": "TLSv1_3",
}  # fmt: skip
# X509_V_FLAG_NO_CHECK_TIME: whether a certificate has expired is judged by its dates, apart.
_NO_CHECK_TIME = 0x200000
# OpenSSL's X509_V_ERR_* that mean "its own signature and nobody else's" and "nobody we know".
_SELF_SIGNED, _UNKNOWN = (18,), (2, 19, 20, 21, 27)
# Not to be stopped by a weak key or an old version: this reads, and trusts nothing it reads.
_EVERYTHING = "ALL:@SECLEVEL=0"
_DER = 2


class Handshake(msgspec.Struct, frozen=True, kw_only=True):
    """One handshake that came about. Certificates are DER in Base64, the server's own first.

    ``trust`` is ``trusted``, ``self_signed``, ``unknown_issuer`` or ``invalid``: the certificate
    store of this machine against the chain, its dates and the name apart. ``is_chain_known``:
    whether the chain could be read, and not only the server's own certificate.
    """

    version: str
    cipher: str
    certificates: tuple[str, ...]
    is_chain_known: bool
    trust: str
    trust_detail: str = ""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a server takes one version of TLS when it is offered nothing else."""

    version: str
    is_accepted: bool
    detail: str = ""


def shake_hands(dialler: Dialler, most_certificates: int) -> Handshake | CallFailure:
    """Read the certificates, first asking this machine's store whether it trusts them."""
    try:
        try:
            with dialler.secure(_trusting()) as connection:
                return _read(connection, most_certificates, "trusted", "")
        except ssl.SSLCertVerificationError as error:
            trust, detail = _distrust(error)
        except ssl.SSLError:
            trust, detail = "invalid", "the handshake that asks this machine's store failed"
        with dialler.secure(_reading()) as connection:
            return _read(connection, most_certificates, trust, detail)
    except StepError as error:
        return error.trouble
    except (ssl.SSLError, OSError) as error:
        return no_agreement(error)


def offer(dialler: Dialler, version: str) -> Offer | CallFailure:
    """Offer one version alone."""
    context = _only(version)
    if context is None:
        return CallFailure(
            reason=GapReason.UNSUPPORTED,
            code="local",
            detail=f"this machine's OpenSSL ({ssl.OPENSSL_VERSION}) cannot offer TLS {version}",
        )
    try:
        with dialler.secure(context):
            return Offer(version=version, is_accepted=True)
    except StepError as error:
        return error.trouble
    except (ssl.SSLError, OSError) as error:
        return Offer(version=version, is_accepted=False, detail=_word(error))


def connection_context() -> ssl.SSLContext:
    """Give the context that requests are made with; nothing secret is ever sent through it."""
    return _reading()


def no_agreement(error: Exception) -> CallFailure:
    """Say why there was no handshake."""
    word = _word(error)
    if word in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "RECORD_LAYER_FAILURE"):
        detail = "no handshake: it does not speak TLS"
    else:
        detail = f"no handshake: {word}"
    return CallFailure(reason=GapReason.MALFORMED, code="handshake", detail=detail)


def _read(connection: ssl.SSLSocket, most: int, trust: str, detail: str) -> Handshake:
    own = connection.getpeercert(binary_form=True) or b""
    chain = _chain(connection)
    cipher = connection.cipher()
    return Handshake(
        version=(connection.version() or "").removeprefix("TLSv"),
        cipher=cipher[0] if cipher else "",
        certificates=tuple(base64.b64encode(item).decode() for item in (chain or [own])[:most]),
        is_chain_known=chain is not None and len(chain) <= most,
        trust=trust,
        trust_detail=detail,
    )


def _chain(connection: ssl.SSLSocket) -> list[bytes] | None:
    """Give the certificates as sent; Python has a public way to them from 3.13 on."""
    public: Any = getattr(connection, "get_unverified_chain", None)
    if public is not None:
        return [bytes(item) for item in public() or ()]
    inner: Any = getattr(getattr(connection, "_sslobj", None), "get_unverified_chain", None)
    if inner is None:
        return None
    return [bytes(item.public_bytes(_DER)) for item in inner() or ()]


def _distrust(error: ssl.SSLCertVerificationError) -> tuple[str, str]:
    detail = visible(error.verify_message or "", 120)
    if error.verify_code in _SELF_SIGNED:
        return "self_signed", detail
    return ("unknown_issuer" if error.verify_code in _UNKNOWN else "invalid"), detail


def _trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.check_hostname = False  # the name is compared apart, so that each fault has its name
    context.verify_flags = ssl.VerifyFlags(_NO_CHECK_TIME | ssl.VERIFY_X509_TRUSTED_FIRST)
    return _open_minded(context)


def _reading() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return _open_minded(context)


def _open_minded(context: ssl.SSLContext) -> ssl.SSLContext:
    context.set_ciphers(_EVERYTHING)
    context.set_alpn_protocols(["http/1.1"])
    context.options |= getattr(ssl, "OP_LEGACY_SERVER_CONNECT", 0x4)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # old versions are what is looked for
        context.minimum_version = ssl.TLSVersion.TLSv1
    return context


def _only(version: str) -> ssl.SSLContext | None:
    """Give a context that offers one version; None where the local library cannot."""
    context = _reading()
    wanted = ssl.TLSVersion[_BY_NAME[version]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            context.maximum_version = wanted
            context.minimum_version = wanted
        except ValueError:
            return None
    # The first message is written or refused before anything is sent anywhere.
    outgoing = ssl.MemoryBIO()
    try:
        context.wrap_bio(ssl.MemoryBIO(), outgoing).do_handshake()
    except ssl.SSLWantReadError:
        return context if outgoing.pending else None
    except ssl.SSLError:
        return None
    return None


def _word(error: Exception) -> str:
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    return visible(str(reason), 120)
