"""The table of server products; the first that an image or a command matches is taken."""

from __future__ import annotations

import functools
import re

from mlsec.servers.products import (
    apps,
    backing_services,
    databases,
    inference_images,
    llm_servers,
    model_servers,
    notebooks,
    telemetry_collectors,
    torchserve,
    trackers,
    vector_stores,
)
from mlsec.servers.products.product import Product

PRODUCTS: tuple[Product, ...] = (
    *llm_servers.PRODUCTS,
    *inference_images.PRODUCTS,
    *model_servers.PRODUCTS,
    *torchserve.PRODUCTS,
    *trackers.PRODUCTS,
    *notebooks.PRODUCTS,
    *apps.PRODUCTS,
    *vector_stores.PRODUCTS,
    *databases.PRODUCTS,
    *telemetry_collectors.PRODUCTS,
    *backing_services.PRODUCTS,
)


@functools.cache
def _commands() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{word})" for item in PRODUCTS for word in item.commands))


def products_started_by(head: str) -> tuple[Product, ...]:
    """Give the products that a command which begins so may start."""
    if _commands().match(head) is None:
        return ()
    return tuple(product for product in PRODUCTS if product.is_command(head))
