"""The filters, methods and names that chat templates use, and those that lead out of them."""

from __future__ import annotations

from mlsec.core.regex import regex

# Filters that give back text, numbers or parts of what they were given.
FILTERS = frozenset(
    """abs batch capitalize center count d default dictsort e escape filesizeformat first float
    forceescape format from_json fromjson groupby indent int items join last length list lower map
    max min pprint random reject rejectattr replace reverse round safe select selectattr slice sort
    string strip striptags sum title tojson to_json trim truncate unique upper urlencode urlize
    wordcount wordwrap xmlattr tojson_string split startswith endswith strftime""".split()  # noqa: SIM905
)
# Filters whose argument names an attribute.
ATTRIBUTE_FILTERS = frozenset(
    "map selectattr rejectattr groupby sort sum unique min max select reject join".split()  # noqa: SIM905
)
METHODS = frozenset(
    """append capitalize casefold clear copy count default endswith extend find format get index
    insert isalnum isalpha isascii isdecimal isdigit isidentifier islower isnumeric isspace istitle
    isupper items join keys ljust lower lstrip partition pop remove removeprefix removesuffix
    replace reverse rfind rindex rjust rpartition rsplit rstrip sort split splitlines startswith
    strip swapcase title update upper values zfill setdefault strftime isoformat center
    call cycle changed encode""".split()  # noqa: SIM905
)
FUNCTIONS = frozenset(
    """range namespace dict raise_exception strftime_now caller loop super tojson len str int list
    enumerate zip min max""".split()  # noqa: SIM905
)
# Objects of a rendering environment that honest chat templates never touch.
GATEWAYS = frozenset(
    """self config request session g lipsum cycler joiner url_for get_flashed_messages os sys open
    exec eval compile globals locals vars getattr setattr __import__ __builtins__ subprocess
    importlib environ popen system application app context""".split()  # noqa: SIM905
)
# The worst of them: no data has these names.
CRITICAL_GATEWAYS = frozenset(
    """lipsum cycler joiner os sys open exec eval compile globals getattr __import__ __builtins__
    subprocess importlib popen""".split()  # noqa: SIM905
)
DANGEROUS_METHODS = frozenset(
    """popen system eval exec execfile run check_output check_call getoutput Popen mro subclasses
    import_module load_module find_spec spawn fork urlopen read write open getenv putenv unlink
    rmtree connect send recv format_map""".split()  # noqa: SIM905
)
# Texts about an object, which templates of programs write.
OWN_NAMES = frozenset("__name__ __qualname__ __module__ __doc__ __version__".split())  # noqa: SIM905
# Attributes that lead from an object to Python's own machinery without an underscore in front.
INNER_ATTRIBUTES = frozenset(
    """func_globals func_code func_closure func_defaults gi_frame gi_code gi_yieldfrom cr_frame
    cr_code ag_frame ag_code f_globals f_locals f_builtins f_back f_code tb_frame tb_next co_code
    co_consts im_func im_self mro environ popen subprocess builtins os sys""".split()  # noqa: SIM905
)
# For text that does not parse: what no honest template contains in any dialect.
MOST_CHARACTERS = 1 << 20
SUSPECT_TEXT = regex(
    r"__\w+__|\|\s*attr\b|\bpopen\b|\bos\s*\.\s*system|\bsubprocess\b|\bimport_module\b|_TemplateRef"
)


def is_hidden_name(name: str) -> bool:
    """Whether a name leads into Python's machinery: an underscore in front, or a known one."""
    return any(part.startswith("_") or part in INNER_ATTRIBUTES for part in name.split("."))
