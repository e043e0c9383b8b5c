"""Which calls give functions: the listing carries the settings; policy and URLs need a call each.

Every function is asked for its policy and its URLs. A function is a front route to a model because
of what its role may call, and nothing that names it; so there is no smaller set that is safe to
leave the others out of. It costs two calls per function.
"""

from __future__ import annotations

from mlsec.collect.walk.plan import Operation, TypePlan

_NOT_FOUND = ("ResourceNotFoundException",)
# The same code says "no policy" and "no such function"; its message distinguishes the two.
_VANISHED = ("ResourceNotFoundException: Function not found",)

PLANS: tuple[TypePlan, ...] = (
    TypePlan(
        type="aws.lambda.function",
        listing=Operation(
            service="lambda",
            name="ListFunctions",
            items="Functions",
            redact=("Functions[].Environment.Variables.*",),
        ),
        reads=(
            Operation(
                service="lambda",
                name="GetPolicy",
                params={"FunctionName": "$.FunctionArn"},
                gone=_VANISHED,
                not_set=_NOT_FOUND,
            ),
        ),
    ),
    TypePlan(
        type="aws.lambda.function_url",
        parent="aws.lambda.function",
        listing=Operation(
            service="lambda",
            name="ListFunctionUrlConfigs",
            params={"FunctionName": "$parent.FunctionArn"},
            items="FunctionUrlConfigs",
            gone=_NOT_FOUND,
        ),
        # Asked once where the address is for the function itself, and not for an alias of it.
        reads=(
            Operation(
                service="lambda",
                name="GetPolicy",
                params={"FunctionName": "$.FunctionArn"},
                gone=_VANISHED,
                not_set=_NOT_FOUND,
            ),
        ),
    ),
)
