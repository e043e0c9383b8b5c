"""The operators that every ONNX runtime has; any other needs code from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from mlsec.core.regex import regex

# Taken from the schemas, old versions included, of the onnx package 1.23, with the operators
# that runtimes once had before they were standard.
STANDARD = frozenset(
    """Abs Acos Acosh Add Affine AffineGrid And ArgMax ArgMin Asin Asinh Atan Atanh Attention
    AveragePool BatchNormalization Bernoulli BitCast BitShift BitwiseAnd BitwiseNot BitwiseOr
    BitwiseXor BlackmanWindow Cast CastLike CausalConvWithState Ceil Celu CenterCropPad Clip Col2Im
    Compress Concat ConcatFromSequence Constant ConstantFill ConstantOfShape Conv ConvInteger
    ConvTranspose Cos Cosh Crop CumProd CumSum DFT DeformConv DepthToSpace DequantizeLinear Det Div
    Dropout DynamicQuantizeLinear DynamicSlice Einsum Elu Equal Erf Exp Expand EyeLike Flatten Floor
    GRU GRUUnit Gather GatherElements GatherND Gelu Gemm GivenTensorFill GlobalAveragePool
    GlobalLpPool GlobalMaxPool Greater GreaterOrEqual GridSample GroupNormalization HammingWindow
    HannWindow HardSigmoid HardSwish Hardmax Identity If ImageDecoder ImageScaler
    InstanceNormalization IsInf IsNaN LRN LSTM LayerNormalization LeakyRelu Less LessOrEqual
    LinearAttention Log LogSoftmax Loop LoopIndexTensor LpNormalization LpPool MatMul MatMulInteger
    Max MaxPool MaxRoiPool MaxUnpool Mean MeanVarianceNormalization MelWeightMatrix Min Mish Mod Mul
    Multinomial Neg NegativeLogLikelihoodLoss NonMaxSuppression NonZero Not OneHot Optional
    OptionalGetElement OptionalHasElement Or PRelu Pad ParametricSoftplus Pow QLinearConv
    QLinearMatMul QuantizeLinear RMSNormalization RNN RandomNormal RandomNormalLike RandomUniform
    RandomUniformLike Range Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax
    ReduceMean ReduceMin ReduceProd ReduceSum ReduceSumSquare RegexFullMatch Relu Reshape Resize
    ReverseSequence RoiAlign RotaryEmbedding Round STFT Scale ScaledTanh Scan Scatter
    ScatterElements ScatterND Selu SequenceAt SequenceConstruct SequenceEmpty SequenceErase
    SequenceInsert SequenceLength SequenceMap Shape Shrink Sigmoid Sign SimplifiedLayerNormalization
    Sin Sinh Size Slice Softmax SoftmaxCrossEntropyLoss Softplus Softsign SpaceToDepth Split
    SplitToSequence Sqrt Squeeze StringConcat StringNormalizer StringSplit Sub Sum SwiGLU Swish Tan
    Tanh TensorScatter TfIdfVectorizer ThresholdedRelu Tile TopK Transpose Trilu Unique Unsqueeze
    Upsample Where Xor""".split()  # noqa: SIM905
)
# Domains whose operators a stock runtime or its makers' own packages carry: for others a library
# has to come from somewhere.
KNOWN_DOMAINS = frozenset(
    """ai.onnx ai.onnx.ml ai.onnx.preview ai.onnx.preview.training ai.onnx.training com.microsoft
    com.microsoft.nchwc com.microsoft.experimental com.ms.internal.nhwc com.microsoft.dml
    org.pytorch.aten
    com.microsoft.qnn com.microsoft.xnnpack com.amd.quark trt.plugins mmdeploy
    org.openvinotoolkit pkg.onnxscript.torch_lib pkg.onnxscript.torch_lib.common
    """.split()  # noqa: SIM905
)
# Taken from the schemas of ONNX Runtime (its releases differ: others are not known, not bad).
_LAYOUT = frozenset(
    """AveragePool BatchNormalization Conv ConvTranspose DepthToSpace GlobalAveragePool
    GlobalLpPool GlobalMaxPool GridSample InstanceNormalization LRN LpPool MaxPool MaxUnpool
    QLinearAveragePool QLinearConv QLinearConvTranspose ReorderInput ReorderOutput Resize
    SpaceToDepth Upsample""".split()  # noqa: SIM905
)
LISTED: Mapping[str, frozenset[str]] = {
    "ai.onnx.ml": frozenset(
        """ArrayFeatureExtractor Binarizer CastMap CategoryMapper DictVectorizer FeatureVectorizer
    Imputer LabelEncoder LinearClassifier LinearRegressor Normalizer OneHotEncoder SVMClassifier
    SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier TreeEnsembleRegressor ZipMap""".split()  # noqa: SIM905
    ),
    "com.microsoft": frozenset(
        """Attention AttnLSTM BeamSearch BiasAdd BiasDropout BiasGelu BiasSoftmax BiasSplitGelu
    BifurcationDetector BitmaskBiasDropout BitmaskDropout BranchwiseRMSNorm CDist
    CausalConvWithState ComplexMul ComplexMulConj ConvStateReplay ConvTransposeWithDynamicPads
    CropAndResize DecoderAttention DecoderMaskedMultiHeadAttention DecoderMaskedSelfAttention
    DequantizeBFP DequantizeLinear DequantizeWithOrder DynamicQuantizeLSTM DynamicQuantizeMatMul
    DynamicSparseAttention DynamicTimeWarping EPContext EmbedLayerNormalization EngramGate
    ExpandDims FastGelu FusedConv FusedGemm FusedMatMul FusedMatMulActivation GatedAdd
    GatedDeltaNet GatedDeltaNetStateReplay GatedRMSNorm GatedRelativePositionBias
    GatherBlockQuantized GatherND GatherPacked Gelu GemmFastGelu GemmFloat8 GemmaRotaryEmbedding
    GreedySearch GridSample GroupNorm GroupQueryAttention HyperConnectionLowRankMix
    HyperConnectionPostMix HyperConnectionPreMix Inverse Irfft IsAllFinite LinearAttention
    LinearAttentionGate LongformerAttention MRotaryEmbedding Mamba2Verify
    MatMulBlockQuantizedFp4Weight MatMulBlockQuantizedFp8Weight MatMulBnb4 MatMulFpQ4
    MatMulInteger16 MatMulIntegerToFloat MatMulNBits MatMulNBitsMlp MatMulNBitsQLoRA
    MatMulNBitsQkv MatMulPacked MaxpoolWithMask MoE MoEGroupRouter MoEPacked MulInteger
    MultiHeadAttention MurmurHash3 NGramHashMapping NGramRepeatBlock NhwcConv NhwcFusedConv
    NhwcMaxPool PackedAttention PackedMultiHeadAttention PackedSparseAttentionIndexer
    PackedSparseAttentionIndexerMerge Pad PagedAttention QAttention QEmbedLayerNormalization
    QGemm QLinearAdd QLinearAveragePool QLinearConcat QLinearConv QLinearGlobalAveragePool
    QLinearLeakyRelu QLinearMul QLinearReduceMean QLinearSigmoid QLinearSoftmax QLinearWhere
    QMoE QOrderedAttention QOrderedGelu QOrderedLayerNormalization QOrderedLongformerAttention
    QOrderedMatMul QuantizeBFP QuantizeLinear QuantizeWithOrder QuickGelu RMSNormRotary Range
    ReduceSumInteger RelativePositionBias RemovePadding RestorePadding Rfft RotaryEmbedding
    RouterGateUpProj SampleOp Sampling ScaledSiLU SkipGroupNorm SkipLayerNormalization
    SkipSimplifiedLayerNormalization Snpe SparseAttention SparseAttentionIndexer
    SparsePagedAttention SparseToDenseMatMul SpeculativePrefixCommit SwiGLU Tokenizer
    TorchEmbedding TransposeMatMul Trilu UnfoldTensor Unique VarlenCausalConvWithState
    VarlenNGramHashMapping WhisperBeamSearch WordConvEmbedding""".split()  # noqa: SIM905
    ),
    "com.microsoft.nchwc": _LAYOUT,
    "com.ms.internal.nhwc": _LAYOUT,
    **dict.fromkeys(
        ("ai.onnx.preview", "ai.onnx.preview.training", "ai.onnx.training"),
        frozenset("Adagrad Adam Gradient GraphCall Momentum".split()),  # noqa: SIM905
    ),
}
# The domain of the package onnxruntime-extensions, and what it carries itself; a program may add
# functions of Python's to it under any other name.
EXTENSIONS = frozenset(("ai.onnx.contrib", "com.microsoft.extensions"))
EXTENSION_OPERATORS = frozenset(
    """AudioDecoder BasicTokenizer BertTokenizer BertTokenizerDecoder BlingFireSentenceBreaker
    BpeDecoder BpeTokenizer CLIPTokenizer DecodeImage DrawBoundingBoxes EncodeImage GPT2Tokenizer
    GaussianBlur HfBertTokenizer HfJsonTokenizer ImageDecoder ImageReader Inverse MaskedFill
    MergeSignalSegments NegPos RaggedTensorToDense RaggedTensorToSparse RobertaTokenizer
    SegmentExtraction SegmentSum SentencepieceDecoder SentencepieceTokenizer SplitSignalSegments
    SpmTokenizer StftNorm StringConcat StringECMARegexReplace StringECMARegexSplitWithOffsets
    StringEqual StringHash StringHashFast StringJoin StringLength StringLower StringMapping
    StringRaggedTensorToDense StringRegexReplace StringRegexSplitWithOffsets StringSlice
    StringSplit StringStrip StringToHashBucket StringToHashBucketFast StringToVector
    StringUpper StridedSlice TrieDetokenizer TrieTokenizer
    VectorToString WhisperDecoder WordpieceTokenizer""".split()  # noqa: SIM905
)
# What the same package has for models that another machine carries out: each sends what it is
# given to the address of its attribute ``model_uri``. Azure's are anybody's who rents one.
CLOUD_OPERATORS = frozenset(
    "AzureAudioToText AzureTextToText AzureTritonInvoker OpenAIAudioToText".split()  # noqa: SIM905
)
_PUBLIC = regex(r"https://api\.openai\.com/")
# Operators that call Python or load code, whatever their domain.
PYTHON_OPERATORS = frozenset(
    "PyOp PythonOp PythonOpGrad PyCustomOp PyFunc TorchScript CustomPythonOp".split()  # noqa: SIM905
)


def asks_a_public_service(operator: str, address: str) -> bool:
    """Whether an operator of the extensions sends what it is given to a service for all."""
    return operator in CLOUD_OPERATORS and bool(_PUBLIC.match(address))
