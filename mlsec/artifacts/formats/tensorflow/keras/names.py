"""Judges the classes and functions that a Keras configuration names."""

from __future__ import annotations

import re
from functools import cache

import msgspec

from mlsec.artifacts.content.callables import danger_of
from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.pickle.policy.callable_lists import shipped_policy
from mlsec.core.enums import Severity
from mlsec.core.regex import regex


class NameVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a named class or function is worth noting as."""

    kind: FactKind
    danger: Severity
    why: str


_ROOT = r"(?:keras|tf_keras|tensorflow(?:\.python|\._api\.v\d|\.compat\.v\d)*\.keras)"
# Where Keras keeps classes and functions that compute and do nothing else.
_COMPUTES = regex(
    _ROOT + r"(?:\.src|\.api|\._v2|\.keras|\.engine)*"
    r"(?:\.(?:layers|initializers|regularizers|constraints|activations|losses|metrics|optimizers"
    r"|models|ops|random|mixed_precision|dtype_policies|quantizers|engine|premade|legacy"
    r"|feature_column|trainers)(?:\.[a-z0-9_]+)*"
    r"|\.backend\.common\.(?:keras_tensor|variables|symbolic_scope))?\Z"
)
# Where a backend keeps its own kind of Keras' optimizers, under the same names.
_OPTIMIZES = regex(
    r"(?:keras|tf_keras)\.src\.backend\.(?:torch|jax|tensorflow|numpy|openvino)"
    r"\.optimizers?(?:\.[a-z0-9_]+)?\Z"
)
_CLASS = regex(r"_?[A-Z][A-Za-z0-9_]*\Z")
_FUNCTION = regex(r"[a-z][a-z0-9_]*\Z")
_FUNCTION_MODULES = regex(
    r"\.(?:activations|losses|metrics|initializers|regularizers|constraints|ops)(?:\.|\Z)"
)
# Libraries that register Keras classes of their own and are widely used.
_FAMILY = regex(
    r"(?:keras_hub|keras_nlp|keras_cv|keras_tuner|keras_rs|tensorflow_addons|tensorflow_text"
    r"|tensorflow_probability|Addons|tfp|kerascv|keras_core)(?:\.|\Z)"
)
# Names that do more than compute, wherever they are looked up.
UNSAFE_NAMES = frozenset(
    """get_file load_model load_weights save_model clone_and_build_model model_from_json
    model_from_yaml model_from_config enable_unsafe_deserialization disable_unsafe_deserialization
    image_dataset_from_directory text_dataset_from_directory audio_dataset_from_directory
    save_img load_img extract_archive set_custom_objects get_custom_objects
    register_keras_serializable deserialize_keras_object import_module func_load func_dump
    LambdaCallback CSVLogger ModelCheckpoint TensorBoard BackupAndRestore RemoteMonitor
    run_script plot_model custom_object_scope""".split()  # noqa: SIM905
)
# Of Keras 1 and 2, or of TensorFlow's own copy.
_OLD_CLASSES = frozenset(
    """Sequential Functional Model Graph Merge Lambda function CuDNNLSTM CuDNNGRU ThresholdedReLU
    Highway MaxoutDense AtrousConvolution1D AtrousConvolution2D Convolution1D Convolution2D
    Convolution3D Deconvolution2D SeparableConvolution2D LocallyConnected1D LocallyConnected2D
    TFOpLambda SlicingOpLambda ClassMethod InstanceMethod InstanceProperty TensorFlowOpLayer
    DenseFeatures SyncBatchNormalization BatchNormalizationV1 BatchNormalizationV2 LSTMV2 GRUV2
    RandomUniformV2 GlorotUniformV2 VarianceScalingV2 PolicyV1 DTypePolicyMap InputLayer
    ExperimentalRunner LinearModel WideDeepModel RandomNormalV2 TruncatedNormalV2 ConstantV2
    OnesV2 ZerosV2 HeNormalV2 HeUniformV2 LecunNormalV2 OrthogonalV2 GlorotNormalV2 IdentityV2
    Conv2DTranspose Softmax MeanMetricWrapper SumOverBatchSize LossFunctionWrapper Optimizer
    StaticHashTable CategoryEncoding IntegerLookup StringLookup TextVectorization Loss Metric
    KerasTensor slice ellipsis Ellipsis Tensor tuple set dict Variable TimeDistributed
    RaggedTensorSpec AddLoss AddMetric BaseLayer ModuleWrapper Dot Add Subtract Multiply Average
    Maximum Minimum Concatenate L1L2 L1 L2 MaxNorm NonNeg UnitNorm MinMaxNorm""".split()  # noqa: SIM905
)
FIXED = frozenset({"TensorShape", "CompositeTensor", "TypeSpec", "TensorSpec"})


@cache
def known_classes() -> frozenset[str]:
    """The names of Keras' own classes, those of older releases included."""
    listed = shipped_policy().class_names("keras")
    return listed | _OLD_CLASSES | FIXED


def judge_name(module: str, name: str) -> NameVerdict | None:
    """Judge ``module.name`` as Keras would look it up; None where it only computes.

    ``module`` is "" in older files: then the name can only be one of Keras' own classes, or one
    that the loading program brings, and nothing is imported.
    """
    if name.rsplit(".", 1)[-1] in UNSAFE_NAMES:
        why = "reaches files, the network or Keras' own safety switch when the model is loaded"
        return _verdict(FactKind.DENIED_CALL, Severity.CRITICAL, why)
    if module in {"", "builtins"} and _is_plain_word(name):
        return None
    danger = danger_of(module, name)
    if danger is not None:
        why = "is looked up and called when the model is loaded"
        return _verdict(FactKind.DENIED_CALL, danger, why)
    if not module:
        return None
    if _COMPUTES.match(module):
        return _inside_keras(module, name)
    if _OPTIMIZES.match(module) and name in known_classes():
        return None
    if _FAMILY.match(module):
        why = "a class of a known library beside Keras"
        return _verdict(FactKind.UNVERIFIED_CLASS, Severity.LOW, why)
    if re.match(_ROOT + r"(?:\.|\Z)", module):
        why = "a part of Keras that does more than compute"
        return _verdict(FactKind.UNKNOWN_CALL, Severity.HIGH, why)
    why = f"the module {module} is imported when the model is loaded"
    return _verdict(FactKind.CUSTOM_CODE, Severity.MEDIUM, why)


def _verdict(kind: FactKind, danger: Severity, why: str) -> NameVerdict:
    return NameVerdict(kind=kind, danger=danger, why=why)


def _is_plain_word(name: str) -> bool:
    """A bare word that Keras resolves in its own tables: a class, or ``relu`` and the like."""
    if danger_of("builtins", name) is not None:
        return False
    return bool(_CLASS.match(name) or _FUNCTION.match(name)) and danger_of(name, "x") is None


def _inside_keras(module: str, name: str) -> NameVerdict | None:
    if _CLASS.match(name) or (_FUNCTION.match(name) and _may_hold_function(module)):
        return None
    why = f"no class or function of {module}: it leads through a module to something else"
    return _verdict(FactKind.HIDDEN_NAME, Severity.HIGH, why)


def _may_hold_function(module: str) -> bool:
    return ".src" not in module or bool(_FUNCTION_MODULES.search(module))
