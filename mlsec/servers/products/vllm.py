"""vLLM: what its command line, variables and settings say; defaults stand with their sources."""

from __future__ import annotations

from mlsec.collect.located.located import Node
from mlsec.core.regex import regex
from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    ANYWHERE,
    NamedSettings,
    either,
    has_star,
    is_one_of,
    metrics_open,
    model_source,
    opposite,
)
from mlsec.servers.settings import NO, YES, Settings, SettingValue, any_given, known, unknown

SAMPLE_KEYS = ("EMPTY", "token-abc123", "sk-1234", "changeme", "secret", "test", "none", "abc123")
# Families of which no model of these names takes pictures, by the end of the name on the hub.
_TEXT_ONLY = regex(
    r"(?:(?:meta-)?llama-?2-|(?:meta-)?llama-?3(?:[.-][013])?-[0-9]|(?:meta-)?llama-?3[.-]2-[13]b"
    r"|(?:code)?gemma-(?:1[.]1-|2-)?[0-9]{1,2}b|gemma-3-(?:1b|270m)|mistral-7b|mixtral-|codestral-"
    r"|zephyr-|vicuna-|falcon-|mpt-|opt-[0-9]|gpt2|gpt-j|gpt-neo|gpt-oss-|bloom|pythia-|starcoder"
    r"|codellama-|tinyllama|dolly-|olmo-|smollm|qwen(?:1[.]5|2|2[.]5|3)?-(?:coder-|math-)?[0-9.]+b"
    r"|deepseek-(?:r1|v2|v3|coder|llm|math)|phi-[12](?:$|-)|phi-3(?:[.]5)?-(?:mini|small|medium)"
    r"|granite-(?!vision|speech)[0-9])"
)
# Words in the names of models that take pictures, sound or video besides text, as vLLM's list of
# supported models has them.
_MULTIMODAL = regex(
    r"(?:^|[^a-z])(?:vl|vlm|vision|visual|omni|audio|multimodal|mm)(?:[^a-z]|$)|vl[0-9]|[0-9]vl"
    r"|llava|pixtral|internvl|ovis|idefics|smolvlm|molmo|paligemma|gemma-?3(?!n?-?(?:1b|270m))"
    r"|gemma-?[4-9]|minicpm-?[vo]|deepseek-(?:vl|ocr)|fuyu|chameleon|florence|whisper|ultravox"
    r"|voxtral|llama-4|llama-3\.2-(?:11|90)b|mistral-small-3\.[1-9]|glm-4(?:\.[0-9])?v|kimi-k2\.5"
)


def positional(s: Settings, *after: str) -> SettingValue | None:
    """Give the first word behind the command's own words that is not a flag's value."""
    words = s.words
    start = 0
    for wanted in after:
        result = next((n for n in range(start, len(words)) if words[n].value == wanted), None)
        if result is None:
            return None
        start = result + 1
    if start < len(words) and not str(words[start].value).startswith("-"):
        node: Node = words[start]
        return (
            known(node.value, SettingValue(place=node))
            if isinstance(node.value, str)
            else unknown(node.value.why, SettingValue(place=node))
        )
    return None


def read_vllm(s: Settings) -> NamedSettings:
    """https://docs.vllm.ai/en/latest/cli/serve/ and https://docs.vllm.ai/en/latest/configuration/env_vars/"""
    bind = s.find("--host", keys=("host",), default=ANYWHERE)
    port = s.find("--port", keys=("port",), default="8000")
    key = s.find("--api-key", env=("VLLM_API_KEY",), keys=("api-key", "api_key"))
    model = s.flag("--model") or positional(s, "serve") or s.key("model")
    asks = any_given(key)
    yield "bind", bind
    yield "port", port
    yield "access.authenticated", asks
    yield "access.default_credentials", is_one_of(key, SAMPLE_KEYS)
    # The key guards /v1 only; /metrics answers anybody.
    yield "exposure.metrics_open", metrics_open(reach_of(s.launch, bind, port), NO)
    yield "encryption.in_transit", any_given(s.find("--ssl-certfile", keys=("ssl-certfile",)))
    origins = s.find("--allowed-origins", keys=("allowed-origins",), default='["*"]')
    yield "access.any_origin", has_star(origins)
    yield "access.origin_credentials", s.switch("--allow-credentials", keys=("allow-credentials",))
    yield (
        "data.telemetry",
        opposite(
            either(
                s.switch(env=("VLLM_NO_USAGE_STATS",)),
                s.switch(env=("VLLM_DO_NOT_TRACK",)),
                s.switch(env=("DO_NOT_TRACK",)),
            )
        ),
    )
    yield "data.logs_prompts", _vllm_logs(s)
    yield "supply.remote_code", s.switch("--trust-remote-code", keys=("trust-remote-code",))
    loads_adapters = s.switch(env=("VLLM_ALLOW_RUNTIME_LORA_UPDATING",))
    yield "supply.clients_can_load", loads_adapters
    yield "development_mode", s.switch(env=("VLLM_SERVER_DEV_MODE",))
    media = s.find("--allowed-local-media-path", keys=("allowed-local-media-path",))
    yield "local_media", any_given(media)
    domains = s.find("--allowed-media-domains", keys=("allowed-media-domains",))
    yield "media_domains", any_given(domains)
    yield "fetches_media", _vllm_media(s, model)
    transfer = s.find("--kv-transfer-config", keys=("kv-transfer-config",), default="")
    yield "transfers_cache", any_given(transfer)
    hidden = s.hidden(has_env=False)
    yield from model_source(
        model or (unknown(hidden) if hidden else known(None)),
        s.find("--revision", keys=("revision",)),
    )


def _vllm_media(s: Settings, model: SettingValue | None) -> SettingValue:
    """Whether prompts can name media: a model that takes them, and a release that fetches them.

    Its chat API takes addresses of pictures since 0.5.0. Source: CVE-2025-6242, affected versions.
    """
    fetches = s.by_version(("<0.5.0", False), ("", True)) if s.version else YES
    if fetches.is_known and not fetches.value:
        return fetches
    per_prompt = s.find("--limit-mm-per-prompt", keys=("limit-mm-per-prompt",))
    name = str(model.value or "").rpartition("/")[2].lower() if model and model.is_known else ""
    if (per_prompt.is_known and per_prompt.value) or _MULTIMODAL.search(name):
        return YES
    if _TEXT_ONLY.match(name):
        return NO
    return unknown("whether the model takes media is not known by its name")


def _vllm_logs(s: Settings) -> SettingValue:
    on = s.has_flag("--enable-log-requests")
    off = s.has_flag("--disable-log-requests", "--no-enable-log-requests")
    if on is not None or off is not None:
        return on if on is not None else opposite(off) if off is not None else NO
    if s.open_words:
        return unknown(s.open_words)
    return s.by_version(("<0.10.1", True), ("", False))
