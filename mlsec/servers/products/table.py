"""The table of server products; the first that an image or a command matches is taken."""

from mlsec.servers.products import (
    apps,
    databases,
    llm_servers,
    model_servers,
    notebooks,
    torchserve,
    trackers,
    vector_stores,
)
from mlsec.servers.products.product import Product

PRODUCTS: tuple[Product, ...] = (
    *llm_servers.PRODUCTS,
    *model_servers.PRODUCTS,
    *torchserve.PRODUCTS,
    *trackers.PRODUCTS,
    *notebooks.PRODUCTS,
    *apps.PRODUCTS,
    *vector_stores.PRODUCTS,
    *databases.PRODUCTS,
)
