"""Which TensorFlow operators reach beyond the graph, and which ones TensorFlow itself has."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from mlsec.artifacts.facts import FactKind
from mlsec.artifacts.recorder import Recorder
from mlsec.core.enums import GapReason, Severity

_PYTHON = "calls a Python function of the process that runs the graph"
_READS = "reads a file that the graph names"
_WRITES = "writes a file that the graph names"
_NETWORK = "talks to another machine"
_ENDS = "ends the process that runs the graph"
_CODE = "runs code that is not a TensorFlow operator"
_BUILDS = "builds a graph from bytes that the graph carries, whose operators nobody has judged"
_DRAWS = "makes its data by functions of its own, as generators of Python are kept"
_LOGS = "writes into a log of events"

_BY_REASON: Mapping[str, str] = {
    _PYTHON: "PyFunc PyFuncStateless EagerPyFunc",
    _READS: """ReadFile MatchingFiles MatchingFilesDataset ExperimentalMatchingFilesDataset
        WholeFileReader WholeFileReaderV2 TextLineReader TextLineReaderV2 TFRecordReader
        TFRecordReaderV2 FixedLengthRecordReader FixedLengthRecordReaderV2 LMDBReader
        TextLineDataset TFRecordDataset TFRecordDatasetV2 FixedLengthRecordDataset
        FixedLengthRecordDatasetV2 CSVDataset CSVDatasetV2 ExperimentalCSVDataset LMDBDataset
        ExperimentalLMDBDataset SqlDataset ExperimentalSqlDataset LoadDataset SnapshotDatasetReader
        SnapshotNestedDatasetReader ListSnapshotChunksDataset SnapshotChunkDataset
        LoadAndRemapMatrix ImportEvent ImmutableConst GenerateVocabRemapping
        ReaderRead ReaderReadV2 ReaderReadUpTo ReaderReadUpToV2
        ReaderRestoreState ReaderRestoreStateV2""",
    _WRITES: """WriteFile SaveDataset SaveDatasetV2 SnapshotDataset SnapshotDatasetV2
        CacheDataset CacheDatasetV2 DatasetToTFRecord ExperimentalDatasetToTFRecord
        CreateSummaryFileWriter CreateSummaryDbWriter WriteSummary WriteRawProtoSummary
        WriteGraphSummary DumpTensor DistributedSave CalibrationStatisticsSaver
        FileSystemSetConfiguration""",
    _NETWORK: """RemoteCall RpcCall RpcClient RpcServer RpcServerRegister RpcServerStart
        RpcCheckStatus RpcGetValue DeleteRpcFutureResource WorkerHeartbeat
        DataServiceDataset DataServiceDatasetV2 DataServiceDatasetV3 DataServiceDatasetV4
        RegisterDataset RegisterDatasetV2 BigQueryReader BigtableClient KafkaDataset
        DebugIdentity DebugIdentityV2 DebugIdentityV3""",
    _ENDS: "Abort",
    _CODE: """XlaCustomCall XlaCustomCallV2 RemoteFusedGraphExecute LoadLibrary TfPyFunc
        PyCall""",
    _BUILDS: "DatasetFromGraph",
    _DRAWS: "GeneratorDataset",
    _LOGS: """WriteScalarSummary WriteHistogramSummary WriteImageSummary WriteAudioSummary
        FlushSummaryWriter StatsAggregatorSetSummaryWriter""",
}
REASONS: Mapping[str, str] = MappingProxyType(
    {name: reason for reason, names in _BY_REASON.items() for name in names.split()}
)
# Only dangerous with a path of its own: an honest graph has them to save its variables.
FILE_OPERATORS = frozenset("Save SaveV2 SaveSlices MergeV2Checkpoints".split())  # noqa: SIM905
# What a saver has beside them.
RESTORERS = frozenset("RestoreV2 Restore RestoreSlice".split())  # noqa: SIM905
# The same for files that are read.
PATH_READERS = frozenset(
    """RestoreV2 Restore RestoreSlice InitializeTableFromTextFile InitializeTableFromTextFileV2
    FixedUnigramCandidateSampler RecordInput DTensorRestoreV2""".split()  # noqa: SIM905
)
_DANGERS: Mapping[str, Severity] = {
    _WRITES: Severity.CRITICAL, _PYTHON: Severity.CRITICAL,
    _DRAWS: Severity.MEDIUM, _LOGS: Severity.MEDIUM,
}  # fmt: skip
# Of the same run on other devices or machines: who they are is not in the graph.
_EXCHANGE = frozenset(
    """Send Recv _Send _Recv _HostSend _HostRecv CollectiveAllToAllV2 CollectiveAllToAllV3
    CollectiveBcastRecv CollectiveBcastRecvV2 CollectiveBcastSend CollectiveBcastSendV2
    CollectiveGather CollectiveGatherV2 CollectivePermute CollectiveReduce CollectiveReduceV2
    CollectiveReduceV3 CollectiveReduceScatterV2 MlirPassthroughOp""".split()  # noqa: SIM905
)


@functools.cache
def known_operators() -> frozenset[str]:
    """All operators that TensorFlow 2.21 registers (``TF_GetAllOpList``), old ones included."""
    text = Path(__file__).with_name("operators.txt").read_text("ascii")
    return frozenset(text.split()) | OLD_OPERATORS


# Registered by releases before the list was taken.
OLD_OPERATORS = frozenset(
    """Any All Bitcast Merge Switch Enter Exit NextIteration LoopCond ControlTrigger RefSwitch
    RefMerge RefEnter RefExit RefNextIteration VariableV2 Variable NoOp Const Placeholder
    PlaceholderV2 PlaceholderWithDefault Identity Reciprocal TileGrad BatchSvd BatchMatrixInverse
    NonMaxSuppressionWithOverlaps _Retval _Arg _FusedConv2D _FusedMatMul _FusedBatchNormEx
    _MklConv2D _MklMatMul _FusedDepthwiseConv2dNative AdjustContrast ExperimentalUnbatchDataset
    """.split()  # noqa: SIM905
)


def judge_operator(
    record: Recorder, operator: str, local: frozenset[str], *, where: str, offset: int = -1
) -> None:
    """Note an operator that is dangerous, or that TensorFlow does not have by itself."""
    plain = operator.rsplit(">", 1)[-1]
    reason = REASONS.get(plain)
    if reason:
        danger = _DANGERS.get(reason)
        record.fact(
            FactKind.UNSAFE_OPERATOR, operator, f"{reason} ({where})", offset=offset, danger=danger
        )
    elif plain in _EXCHANGE:
        detail = f"whom {plain} exchanges data with, or what it holds, is not in the graph"
        record.gap(GapReason.UNRESOLVED, detail)
    elif operator not in local and operator not in known_operators():
        detail = f"no operator of TensorFlow: it needs a library of its own ({where})"
        record.fact(FactKind.CUSTOM_OPERATOR, operator, detail, offset=offset)
