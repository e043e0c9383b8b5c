"""The table of server products; the first that an image or a command matches is taken."""

from mlsec.collect.serving.product import Product
from mlsec.collect.serving.products import llm_servers

PRODUCTS: tuple[Product, ...] = (*llm_servers.PRODUCTS,)
