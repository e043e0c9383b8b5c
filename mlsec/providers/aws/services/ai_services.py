"""Which calls give the other managed AI services: Kendra, Comprehend, Forecast and so on."""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

_GONE = ("ResourceNotFoundException",)


def _list(service: str, name: str, items: str) -> Operation:
    return Operation(service=service, name=name, items=items)


def _get(service: str, name: str, **params: str) -> Operation:
    return Operation(service=service, name=name, params=params, gone=_GONE)


PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.kendra.index",
        listing=_list("kendra", "ListIndices", "IndexConfigurationSummaryItems"),
        reads=(_get("kendra", "DescribeIndex", Id="$.Id"),),
    ),
    TypePlan(
        type="aws.comprehend.entity_recognizer",
        listing=_list("comprehend", "ListEntityRecognizers", "EntityRecognizerPropertiesList"),
    ),
    TypePlan(
        type="aws.comprehend.document_classifier",
        listing=_list("comprehend", "ListDocumentClassifiers", "DocumentClassifierPropertiesList"),
    ),
    TypePlan(
        type="aws.comprehend.flywheel",
        listing=_list("comprehend", "ListFlywheels", "FlywheelSummaryList"),
        reads=(_get("comprehend", "DescribeFlywheel", FlywheelArn="$.FlywheelArn"),),
    ),
    TypePlan(
        type="aws.frauddetector.detector",
        listing=_list("frauddetector", "GetDetectors", "detectors"),
    ),
    TypePlan(
        type="aws.forecast.dataset",
        listing=_list("forecast", "ListDatasets", "Datasets"),
        reads=(_get("forecast", "DescribeDataset", DatasetArn="$.DatasetArn"),),
    ),
    TypePlan(
        type="aws.lookoutequipment.dataset",
        listing=_list("lookoutequipment", "ListDatasets", "DatasetSummaries"),
        reads=(_get("lookoutequipment", "DescribeDataset", DatasetName="$.DatasetName"),),
    ),
    TypePlan(
        type="aws.translate.job",
        listing=_list("translate", "ListTextTranslationJobs", "TextTranslationJobPropertiesList"),
    ),
)
