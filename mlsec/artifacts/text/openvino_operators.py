"""The operators that OpenVINO itself carries: the tables of operator sets of OpenVINO 2026."""

from __future__ import annotations

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.regex import regex

# Besides what a network's version of the sets has: names of older forms, and internal ones that
# compiled or converted networks keep.
OPERATORS = frozenset(
    """Abs Acos Acosh AdaptiveAvgPool AdaptiveMaxPool Add Asin Asinh Assign Atan Atanh AvgPool
    BGRtoNV12 BatchNormInference BatchToSpace BinaryConvolution BitwiseAnd BitwiseLeftShift
    BitwiseNot BitwiseOr BitwiseRightShift BitwiseXor Broadcast Bucketize CTCGreedyDecoder
    CTCGreedyDecoderSeqLen CTCLoss Ceiling Clamp Col2Im Concat Constant Convert ConvertLike
    ConvertPromoteTypes Convolution ConvolutionBackpropData Cos Cosh CumSum DFT
    DeformableConvolution DeformablePSROIPooling DepthToSpace DetectionOutput Divide Einsum Elu
    EmbeddingBagOffsets EmbeddingBagOffsetsSum EmbeddingBagPacked EmbeddingBagPackedSum
    EmbeddingSegmentsSum Equal Erf ErfInv Exp ExperimentalDetectronDetectionOutput
    ExperimentalDetectronGenerateProposalsSingleImage ExperimentalDetectronPriorGridGenerator
    ExperimentalDetectronROIFeatureExtractor ExperimentalDetectronTopKROIs ExtractImagePatches
    Eye FakeConvert FakeQuantize Floor FloorMod GRN GRUCell GRUSequence Gather GatherElements
    GatherND GatherTree Gelu GenerateProposals Greater GreaterEqual GridSample GroupConvolution
    GroupConvolutionBackpropData GroupNormalization GroupedMatMul HSigmoid HSwish HardSigmoid
    I420toBGR I420toRGB IDFT IRDFT ISTFT Identity If Interpolate Inverse IsFinite IsInf IsNaN
    LRN LSTMCell LSTMSequence Less LessEqual Log LogSoftmax LogicalAnd LogicalNot LogicalOr
    LogicalXor Loop MVN MatMul MatrixNms MaxPool Maximum Minimum Mish Mod MulticlassNms
    Multinomial Multiply NMSRotated NV12toBGR NV12toRGB Negative NonMaxSuppression NonZero
    NormalizeL2 NotEqual OneHot PRelu PSROIPooling Pad Parameter Power PriorBox
    PriorBoxClustered Proposal RDFT RGBtoNV12 RNNCell RNNSequence ROIAlign ROIAlignRotated
    ROIPooling RandomUniform Range ReadValue ReduceL1 ReduceL2 ReduceLogicalAnd ReduceLogicalOr
    ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum RegionYolo Relu ReorgYolo Reshape Result
    Reverse ReverseSequence Roll Round STFT ScaledDotProductAttention ScatterElementsUpdate
    ScatterNDUpdate ScatterUpdate SearchSorted SegmentMax Select Selu ShapeOf ShuffleChannels
    Sigmoid Sign Sin Sinh Slice SliceScatter SoftPlus SoftSign Softmax SpaceToBatch SpaceToDepth
    SparseFillEmptyRows Split Sqrt SquaredDifference Squeeze StridedSlice StringTensorPack
    StringTensorUnpack Subtract Swish Tan Tanh TensorIterator Tile TopK Transpose Unique
    Unsqueeze VariadicSplit Xor a x
    Const Parameter Result Convolution ScaleShift Power ReLU Clamp Eltwise Pooling FullyConnected
    Input Norm Permute Crop Tile Flatten Slice Concat SoftMax Activation Copy Data Split""".split()  # noqa: SIM905
)


# OpenVINO's own plugins are named without a path.
_OWN_PLUGIN = regex(r"(?:lib)?openvino_\w+_plugin(?:\.so|\.dll|\.dylib)?")


def judge_plugin(place: str, record: Recorder) -> None:
    """Note a library that OpenVINO loads by its list of plugins."""
    if place and not _OWN_PLUGIN.fullmatch(place):
        detail = "a library of machine code that the list of plugins has loaded"
        record.fact(FactKind.OUTSIDE_REFERENCE, place, detail)
