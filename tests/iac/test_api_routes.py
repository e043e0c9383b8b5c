"""The methods of an API in Terraform are put together with what they call."""

from __future__ import annotations

from typing import Any

from mlsec.collect.code.code_file import Language
from mlsec.providers.aws.facts.entry_points import routes_of
from tests.iac.reading import declared, graph_of, why

API = """resource "aws_api_gateway_rest_api" "a" {
  name = "models"
}
resource "aws_api_gateway_resource" "r" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  parent_id   = aws_api_gateway_rest_api.a.root_resource_id
  path_part   = "ask"
}
"""
METHOD = """resource "aws_api_gateway_method" "m" {
  rest_api_id   = aws_api_gateway_rest_api.a.id
  resource_id   = aws_api_gateway_resource.r.id
  http_method   = "POST"
  authorization = "NONE"
}
"""
INTEGRATION = """resource "aws_api_gateway_integration" "i" {
  rest_api_id = aws_api_gateway_rest_api.a.id
  resource_id = aws_api_gateway_resource.r.id
  http_method = aws_api_gateway_method.m.http_method
  type        = "AWS_PROXY"
  uri         = URI
}
"""
FUNCTION = 'resource "aws_lambda_function" "f" {\n  function_name = "ask"\n}\n'
RUNTIME = '"arn:aws:apigateway:eu-west-1:runtime.sagemaker:path//endpoints/chat/invocations"'
CALLER = """resource "aws_iam_role" "f" {
  name = "caller"
  assume_role_policy = jsonencode({ Statement = [{ Effect = "Allow",
    Action = "sts:AssumeRole", Principal = { Service = "lambda.amazonaws.com" } }] })
}
resource "aws_iam_role_policy" "f" {
  role   = aws_iam_role.f.id
  policy = jsonencode({ Statement = [{ Effect = "Allow", Resource = "*",
    Action = "sagemaker:InvokeEndpoint" }] })
}
resource "aws_lambda_function" "f" {
  function_name = "ask"
  role          = aws_iam_role.f.arn
}
"""


def routes(text: str) -> Any:
    return declared(text, Language.TERRAFORM)["aws_api_gateway_rest_api.a"].properties["routes"]


def integration(uri: str) -> str:
    return INTEGRATION.replace("URI", uri)


def test_a_method_and_its_integration_are_one_route_to_a_function() -> None:
    uri = "aws_lambda_function.f.invoke_arn"
    (route,) = routes(API + METHOD + integration(uri) + FUNCTION)
    assert (route["route"], route["authorization"]) == ("POST /ask", "NONE")
    assert route["calls"] == "function"
    assert route["function_arn"].endswith(":function:ask")


def test_a_function_behind_a_method_leads_to_the_endpoints_that_its_role_may_invoke() -> None:
    uri = "aws_lambda_function.f.invoke_arn"
    text = API + METHOD + integration(uri) + CALLER
    graph = graph_of(text, language=Language.TERRAFORM)
    (api,) = graph.of_type("aws.apigateway.api")
    (route,) = routes_of(api, graph).routes
    assert (route.calls, route.via, route.auth) == ("endpoint", "ask", "none")


def test_an_integration_that_names_an_endpoint_leads_to_it() -> None:
    (route,) = routes(API + METHOD + integration(RUNTIME))
    assert (route["calls"], route["target"]) == ("endpoint", "chat")


def test_resources_below_each_other_and_the_root_have_their_paths() -> None:
    below = API.partition("}\n")[2].replace('"r"', '"s"').replace('"ask"', '"now"')
    below = below.replace("rest_api.a.root_resource_id", "resource.r.id")
    deep = METHOD.replace('"m"', '"s"').replace("resource.r.id", "resource.s.id")
    root = METHOD.replace('"m"', '"t"').replace("resource.r.id", "rest_api.a.root_resource_id")
    found = routes(API + METHOD + below + deep + root)
    assert [route["route"] for route in found] == ["POST /", "POST /ask", "POST /ask/now"]


def test_an_integration_without_a_method_is_no_open_route() -> None:
    assert routes(API + integration(RUNTIME)) == []


def test_the_routes_of_an_api_that_a_document_describes_are_not_known() -> None:
    body = API.replace("models", 'models"\n  body = file("api.json')
    address = "aws_api_gateway_rest_api.a"
    assert "OpenAPI" in why(body + METHOD, address, "routes", Language.TERRAFORM)


def test_an_http_api_leads_where_the_integration_of_its_route_leads() -> None:
    api = 'resource "aws_apigatewayv2_api" "a" {\n  name = "m"\n  protocol_type = "HTTP"\n}\n'
    parts = """resource "aws_apigatewayv2_integration" "i" {
  api_id           = aws_apigatewayv2_api.a.id
  integration_type = "AWS_PROXY"
  integration_uri  = aws_lambda_function.f.invoke_arn
}
resource "aws_apigatewayv2_route" "r" {
  api_id    = aws_apigatewayv2_api.a.id
  route_key = "POST /ask"
  target    = "integrations/${aws_apigatewayv2_integration.i.id}"
}
"""
    made = declared(api + parts + FUNCTION, Language.TERRAFORM)["aws_apigatewayv2_api.a"]
    (route,), (called,) = made.properties["routes"], made.properties["integrations"]
    assert route["integration_id"] == called["integration_id"]
    assert called["function_arn"].endswith(":function:ask")


def test_an_http_api_with_a_target_has_one_route_that_anybody_may_take() -> None:
    text = 'resource "aws_apigatewayv2_api" "a" {\n  name = "m"\n  protocol_type = "HTTP"\n'
    text += "  target = aws_lambda_function.f.arn\n}\n" + FUNCTION
    made = declared(text, Language.TERRAFORM)["aws_apigatewayv2_api.a"]
    (route,), (called,) = made.properties["routes"], made.properties["integrations"]
    assert (route["route"], route["authorization"]) == ("$default", "NONE")
    assert called["function_arn"].endswith(":function:ask")


def test_the_routes_of_an_http_api_that_a_document_describes_are_not_known() -> None:
    text = 'resource "aws_apigatewayv2_api" "a" {\n  name = "m"\n  body = file("api.json")\n}\n'
    assert "OpenAPI" in why(text, "aws_apigatewayv2_api.a", "routes", Language.TERRAFORM)
