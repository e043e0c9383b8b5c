"""Terraform that costs far more than it is long: constructs by size, and whole targets."""

from __future__ import annotations

from collections.abc import Callable

Text = Callable[[int], str]


def chain(first: str, step: str) -> Text:
    """Locals of which each is made of the one before."""
    return lambda n: (
        f"  a0 = {first}\n"
        + "".join(f"  a{i + 1} = {step.replace('@', f'local.a{i}')}\n" for i in range(n))
    )


def nothing(_: int) -> str:
    return ""


def enabled(value: str) -> Text:
    """``Enabled``, whatever the value is, as long as there is one."""
    return lambda n: f'format("Enabled%.0s", jsonencode({value.replace("@", str(n))}))'


LONG = '  t = join("", [for i in range(@) : format("%999s", "a")])\n'
YAML = "  y = <<EOT\na0: &a0 [x]\n{}EOT\n"


def long_text(n: int) -> str:
    return LONG.replace("@", str(n))


def aliases(n: int) -> str:
    return YAML.format("".join(f"a{i + 1}: &a{i + 1} [*a{i}, *a{i}]\n" for i in range(n)))


def doubled(first: str, step: str) -> tuple[Text, Text, int, int]:
    """Forty locals of which each holds the one before twice."""
    return chain(first, step), enabled("local.a@"), 5, 40


FOR_A, FOR_B = "%{ for a in range(@) }", "%{ for b in range(@) }"
ROWS = '${join("", [for i in range(@) : "\\n${join(",", range(20))}"])}'
# name: locals and a value by size, a size at which it is known, one at which it is too much.
CONSTRUCTS: dict[str, tuple[Text, Text, int, int]] = {
    "for in for": (nothing, enabled("[for i in range(@) : [for j in range(@) : i]]"), 20, 3000),
    "for to a map": (
        nothing,
        enabled('{for i in range(@) : "k${i}" => {for j in range(@) : "${j}" => i}}'),
        20,
        3000,
    ),
    "splat": (
        lambda n: f"  l = [for i in range({n}) : {{ a = range({n}) }}]\n",
        enabled("[for x in range(@) : length(local.l[*].a)]"),
        20,
        3000,
    ),
    "template for": (
        nothing,
        enabled(f'"{FOR_A}{FOR_B}${{a}}%{{ endfor }}%{{ endfor }}"'),
        20,
        3000,
    ),
    "lists": doubled('["x"]', "[@, @]"),
    "concatenated": doubled('["x"]', "concat(@, @)"),
    "texts": doubled('"x"', '"${@}${@}"'),
    "maps": doubled('{ x = "y" }', "{ l = @, r = @ }"),
    "merged": doubled("{ a = 1 }", "merge(@, { b = @ }, { c = @ })"),
    "JSON in JSON": doubled('"\\""', "jsonencode(@)"),
    "numbers squared": doubled("10", "@ * @"),
    "a long chain": (chain('"x"', "upper(@)"), enabled("local.a@"), 5, 400),
    "range": (nothing, enabled("length(range(@))"), 20, 999_999_999),
    "setproduct": (
        nothing,
        enabled("length(setproduct(range(@), range(@), range(@)))"),
        5,
        2000,
    ),
    "width": (nothing, enabled('format("%@d", 1)'), 20, 999_999_999),
    "formatlist": (
        long_text,
        enabled('length(formatlist("%s%s", range(@), local.t))'),
        5,
        800,
    ),
    "replace": (
        long_text,
        enabled('length(replace(replace(local.t, " ", local.t), " ", local.t))'),
        0,
        900,
    ),
    "replace by a pattern": (
        long_text,
        enabled('replace(local.t, "/( *)*( *)*x/", "y")'),
        1,
        900,
    ),
    "a pattern": (long_text, enabled('regexall("(a?)b", local.t)'), 1, 900),
    "a pattern in try": (long_text, enabled('try(regex("(a?){400}b", local.t), "x")'), 1, 900),
    "pow": (nothing, enabled("pow(10, @)"), 20, 10_000_000_000),
    "base64": (chain('"x"', "base64encode(@)"), enabled("local.a@"), 5, 60),
    "YAML aliases": (aliases, enabled("length(yamldecode(local.y))"), 5, 30),
    "decoded in a loop": (
        lambda n: aliases(14 if n > 1 else 5),
        enabled("[for i in range(@) : length(yamldecode(local.y))]"),
        1,
        900,
    ),
    "CSV": (
        lambda n: f'  c = "${{join(",", range(20))}}{ROWS.replace("@", str(n))}"\n',
        enabled("length(csvdecode(local.c))"),
        20,
        9000,
    ),
    "templates in templates": (
        nothing,
        enabled(f'"x{FOR_A}${{templatestring("$${{x}}", {{ x = a }})}}%{{ endfor }}"'),
        5,
        3000,
    ),
    "trim": (long_text, enabled("[for i in range(@) : trim(local.t, local.t)]"), 1, 900),
    "contains": (
        chain('["x"]', "[@, @]"),
        enabled("contains([for i in range(9) : local.a@], local.a@)"),
        5,
        16,
    ),
}


def many(form: str, count: int) -> str:
    """A text so many times, with its number in it."""
    return "".join(form.replace("@", str(n)) for n in range(count))


def block(labels: str, *lines: str) -> str:
    """A block of lines."""
    return f"{labels} {{\n" + "".join(f"  {line}\n" for line in lines) + "}\n"


BUCKET = 'resource "aws_s3_bucket" "b@"'
EMPTY = block(BUCKET)
BUCKETS = block(BUCKET, "count = 1000", 'bucket = "b@-${count.index}"')
TAGGED = block(BUCKET, "count = 1000", "tags = {", *(f't{n} = "v"' for n in range(100)), "}")
NESTED = block(
    BUCKET, 'dynamic "lifecycle_rule" {', "for_each = range(9000)", "content {",
    'dynamic "transition" {', "for_each = range(9000)", "content {", "days = 1", "}}}}",
)  # fmt: skip
POLICY = 'data "aws_iam_policy_document" "d@"'
DOUBLE = "[data.aws_iam_policy_document.d@.json, data.aws_iam_policy_document.d@.json]"


def calls(module: int, count: int = 1) -> str:
    """Calls of a module beside the own."""
    return many(block('module "c@"', f'source = "../m{module}"'), count)


def policies() -> str:
    """Policies of which each holds the one before twice."""
    first = block(POLICY.replace("@", "0"), 'statement { actions = ["s3:*"] }')
    made = "".join(
        block(
            POLICY.replace("@", str(n + 1)),
            f"source_policy_documents = {DOUBLE.replace('@', str(n))}",
        )
        for n in range(40)
    )
    used = "policy = data.aws_iam_policy_document.d40.json"
    return first + made + block('resource "aws_s3_bucket_policy" "p"', 'bucket = "b"', used)


def encoded() -> str:
    """JSON texts of which each holds the one before twice, around what only an apply knows."""
    made = chain("[aws_kms_key.k.key_id]", "jsonencode([@, @])")(40)
    key = block('resource "aws_kms_key" "k"')
    used = block('resource "aws_s3_bucket_policy" "p"', 'bucket = "b"', "policy = local.a40")
    return f"{key}locals {{\n{made}}}\n{used}"


def names() -> str:
    """Buckets of which each is named by the next one's name."""
    form = block('resource "aws_s3_bucket" "b%d"', 'bucket = "x${aws_s3_bucket.b%d.id}"')
    return "".join(form % (n, n + 1) for n in range(3000)) + block(BUCKET.replace("@", "3000"))


PLAN = (
    '{"format_version": "1.2", "terraform_version": "1.5", "planned_values": {"root_module": %s}}'
)
DEEP = "[" * 100_000 + "]" * 100_000
VALUES = "\nv = [for i in range(900) : [for j in range(900) : i]]\n"
TEXTS = 'toset([for i in range(9000) : "b${i}"])'
# Whole targets: what is repeated is not an expression. Each ends in a limit at one of these places.
TARGETS: dict[str, tuple[dict[str, str], str]] = {
    "a billion instances": ({"x.tf": BUCKETS.replace("1000", "1000000000")}, "x.tf:2"),
    "as many as a number may be": ({"x.tf": BUCKETS.replace("1000", '"1e999"')}, "x.tf:2"),
    "many keys": ({"x.tf": block(BUCKET, f"for_each = {TEXTS}")}, "x.tf:2"),
    "many blocks of many instances": ({"x.tf": many(TAGGED, 100)}, "x.tf:"),
    "blocks in blocks": ({"x.tf": NESTED}, "x.tf:2"),
    "modules that call modules": (
        {f"m{n}/x.tf": calls(n + 1, 10) + EMPTY for n in range(9)}
        | {"m9/x.tf": EMPTY, "x.tf": calls(0).replace("../", "./")},
        "m0/x.tf:",
    ),
    "modules deeper than any": (
        {f"m{n}/x.tf": calls(n + 1) for n in range(60)} | {"m60/x.tf": EMPTY},
        "m",
    ),
    "policies made of policies": ({"x.tf": policies()}, "x.tf:"),
    "JSON text of twice the one before": ({"x.tf": encoded()}, "x.tf:"),
    "a list of a million": ({"x.tf": f"locals {{\n  a = [{'[],' * 1_000_000}]\n}}\n"}, "x.tf:1"),
    "one line with an accent": (
        {"x.tf": 'locals {\n  a = ["é"' + ', upper("a")' * 40_000 + "]\n}\n"},
        "",
    ),
    "deep brackets": (
        {"x.tf": block("locals", f"a = {DEEP}") + block(BUCKET, "bucket = local.a")},
        "x.tf:2",
    ),
    "deep JSON": ({"x.tf.json": f'{{"locals": {{"a": {DEEP}}}}}'}, "x.tf.json:1"),
    "a deep plan": ({"plan.json": PLAN % f'{{"resources": {DEEP}}}'}, "plan.json:1"),
    "values": (
        {"terraform.tfvars": VALUES, "x.tf": block('variable "v"')},
        "terraform.tfvars:2",
    ),
    "names of names": ({"x.tf": names()}, ""),
}
