"""The OpenTelemetry collector: what sends it traces of prompts, and where they end up."""

from __future__ import annotations

from collections.abc import Iterator

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.servers.products.product import ANYWHERE, NamedSettings, Product
from mlsec.servers.settings import NO, Settings, SettingValue, known, no, unknown, yes

# Receivers of OTLP, Zipkin and Jaeger, and the pages of zpages.
_PORTS = ("4317", "4318", "9411", "14268", "55679")
_CONFIG = "/etc/otelcol-contrib/config.yaml"


def read_otel_collector(s: Settings) -> NamedSettings:
    """https://opentelemetry.io/docs/security/config-best-practices/"""
    yield "bind", known(ANYWHERE)
    yield "port", known(_PORTS)
    yield "access.authenticated", _asks(s)
    yield "data.logs_prompts", _prints_spans(s)
    yield "encryption.in_transit", _uses_tls(s)


def _asks(s: Settings) -> SettingValue:
    if not s.files:
        return unknown(s.open_files) if s.open_files else NO
    return _of_receivers(s, "auth")


def _uses_tls(s: Settings) -> SettingValue:
    if not s.files:
        return unknown(s.open_files) if s.open_files else NO
    return _of_receivers(s, "tls")


def _of_receivers(s: Settings, key: str) -> SettingValue:
    """Whether each protocol of a receiver has these settings; unknown where only some have."""
    answers = [protocol.get(key) is not None for protocol in _protocols(s)]
    if not answers or not any(answers):
        return NO
    return yes() if all(answers) else unknown(f"only some of its receivers have {key} settings")


def _protocols(s: Settings) -> Iterator[Node]:
    for file in s.files:
        for receiver in file.root.pairs("receivers").values():
            protocols = receiver.pairs("protocols")
            yield from protocols.values() if protocols else ()


def _prints_spans(s: Settings) -> SettingValue:
    """Whether a pipeline of traces or logs ends in a debug exporter that prints every attribute."""
    if not s.files:
        return unknown(s.open_files) if s.open_files else NO
    for file in s.files:
        for name, exporter in file.root.pairs("exporters").items():
            level = exporter.get("verbosity") or exporter.get("loglevel")
            kind = name.partition("/")[0]
            if kind not in ("debug", "logging") or level is None:
                continue
            if isinstance(level.value, UnknownValue):
                return unknown(level.value.why, SettingValue(place=level, file=file.shown))
            if level.value in ("detailed", "debug") and name in _used(file.root):
                return yes(SettingValue(place=level, file=file.shown))
    return no()


def _used(root: Node) -> set[str]:
    """Give the exporters of pipelines that carry what callers sent."""
    pipelines = root.pairs("service", "pipelines")
    return {
        str(item.value)
        for name, pipeline in pipelines.items()
        if name.partition("/")[0] in ("traces", "logs")
        for item in pipeline.items("exporters")
    }


PRODUCTS = (
    Product(
        type="serving.otel_collector",
        read=read_otel_collector,
        images=(r"(?:.+/)?opentelemetry-collector(?:-contrib)?",),
        commands=(r"otelcol(?:-contrib)?\b",),
        entrypoint="otelcol-contrib",
        image_user="10001",
        config_flags=("--config",),
        config_paths=(_CONFIG, "/etc/otelcol/config.yaml"),
        is_web=False,
        is_beside_models=True,
    ),
)
