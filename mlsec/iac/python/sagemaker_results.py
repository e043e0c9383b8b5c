"""What calls of the SageMaker SDK give that its documentation says: places in S3, images of AWS."""

from __future__ import annotations

from typing import Any

from mlsec.collect.located.located import Node, UnknownValue
from mlsec.collect.python.call import Call, CallResult
from mlsec.collect.python.texts import put_together
from mlsec.iac.python.own_account import DEFAULT_BUCKET, bucket_of, own_account
from mlsec.vocabulary.iac_mapping import CODE_REGION

# Which account of AWS and which tag it is depends on region, framework and release of the SDK. The
# account of the deep learning containers stands for all of them: only AWS pushes to any.
_IMAGES = f"763104351884.dkr.ecr.{CODE_REGION}.amazonaws.com"
_TAG = "chosen-by-the-sdk"
_IMAGE_CALLS = (".image_uris.retrieve", ".get_huggingface_llm_image_uri", ".get_image_uri")
_FILE = UnknownValue("the uploaded file names it", "‹file›")
_JOB = UnknownValue("the training job names it", "‹job›")


def known_result(result: CallResult) -> Any:
    """Give what is known of what a call gives; None for every other call."""
    known = own_account(result)
    if known is not None:
        return known
    call, name = result.call, result.call.name
    if not name.startswith("sagemaker."):
        return None
    if result.path:
        is_trained = result.path == ".model_data" and ".fit" not in name
        return _trained(call) if is_trained else None
    if name.endswith(_IMAGE_CALLS):
        return _image(call)
    if name.endswith("S3Uploader.upload"):
        return put_together([_value(call.argument("desired_s3_uri", 1), _default()), "/", _FILE])
    if name.endswith(".upload_data"):
        bucket = _value(call.argument("bucket", 1), bucket_of(call.on))
        prefix = _value(call.argument("key_prefix", 2), "data")
        return put_together(["s3://", bucket, "/", prefix, "/", _FILE])
    return None


def _default() -> str:
    return f"s3://{DEFAULT_BUCKET}"


def _value(node: Node | None, default: Any) -> Any:
    return default if node is None or node.value is None else node.value


def _trained(call: Call) -> Any:
    """Give where a training job writes its model: below the output path of its estimator."""
    output = call.argument("output_path")
    if output is None and not call.kwargs:
        return None
    return put_together([_value(output, _default()), "/", _JOB, "/output/model.tar.gz"])


def _image(call: Call) -> str:
    first = call.argument("framework", 0) or call.argument("backend")
    framework = first.value if first is not None and isinstance(first.value, str) else "image"
    version = call.argument("version", 2)
    tag = version.value if version is not None and isinstance(version.value, str) else _TAG
    return f"{_IMAGES}/{framework}:{tag}"
