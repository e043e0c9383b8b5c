"""The table of recognisers, and the doors that are tried on every server."""

from __future__ import annotations

from mlsec.servers.probe.products.model_servers import SERVING
from mlsec.servers.probe.products.platforms import PLATFORM
from mlsec.servers.probe.products.product import ExposedPath, Opens, ProductSigns, Sign

PRODUCTS: tuple[ProductSigns, ...] = (*SERVING, *PLATFORM)
ROOT = "/"
# No server has this path: what it answers here it answers to everything it does not know.
NOWHERE = "/mlsec-asks-for-nothing"
EVERYWHERE: tuple[ExposedPath, ...] = (
    ExposedPath(
        opens=Opens.METRICS,
        what="reads its metrics",
        open=Sign(path="/metrics", text="^# (?:HELP|TYPE) "),
        # Without anything to count yet, only the type of the answer says.
        also=(Sign(path="/metrics", header="^content-type: text/plain; *version="),),
    ),
    ExposedPath(
        opens=Opens.DOCS,
        what="reads the description of its interface",
        open=Sign(path="/openapi.json", text=r'"(?:openapi|swagger)"\s*:\s*"[23]'),
    ),
)
# Asked of every server, before and whatever it is.
ALWAYS: tuple[str, ...] = (ROOT, NOWHERE, *(door.path for door in EVERYWHERE))


def identifying_paths() -> tuple[str, ...]:
    """Give the paths that distinguish products, each once, in the order of the table."""
    marks = (mark.path for product in PRODUCTS for mark in product.marks)
    return tuple(path for path in dict.fromkeys(marks) if path not in ALWAYS)


def paths_of(product: ProductSigns) -> tuple[str, ...]:
    """Give what is asked of a product once it is known."""
    wanted = (
        *(sign.path for sign in product.version),
        *(door.path for door in product.doors),
    )
    return tuple(dict.fromkeys(wanted))
