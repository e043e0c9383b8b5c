"""Recognisers of what models are made with: notebooks, tracking, clusters, pages, vector stores.

Sources as in products_serving.
"""

from __future__ import annotations

from mlsec.servers.probe.products.product import ExposedPath, Opens, ProductSigns, Sign

PLATFORM: tuple[ProductSigns, ...] = (
    ProductSigns(
        name="mlflow",
        title="MLflow",
        marks=(
            Sign(path="/", text="(?i)<title>MLflow</title>"),
            Sign(path="/", status=(401,), header="^www-authenticate:.*realm=.mlflow"),
            Sign(path="/api/2.0/mlflow/experiments/search?max_results=1", key="experiments"),
            Sign(path="/version", status=(401,), text=r"www\.mlflow\.org/docs"),
        ),
        version=(Sign(path="/version", text=r"\A\s*([0-9][0-9A-Za-z.+]{0,40})\s*\Z"),),
        doors=(
            ExposedPath(
                opens=Opens.DATA,
                what="reads the experiments, and may write them and the models",
                open=Sign(path="/api/2.0/mlflow/experiments/search?max_results=1", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="ray",
        title="Ray dashboard",
        marks=(
            Sign(path="/", text="(?i)<title>Ray Dashboard</title>"),
            Sign(path="/api/version", key="ray_version"),
            Sign(path="/api/authentication_mode", key="authentication_mode"),
        ),
        version=(Sign(path="/api/version", key="ray_version"),),
        doors=(
            ExposedPath(
                opens=Opens.RUN,
                what="lists the jobs, and may submit one that runs code on the cluster",
                open=Sign(path="/api/jobs/", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="ray-serve",
        title="Ray Serve",
        marks=(Sign(path="/-/healthz", text=r"\Asuccess\Z"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="reads which applications there are, and may call them",
                open=Sign(path="/-/routes", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="jupyter-server",
        title="Jupyter Server",
        marks=(
            Sign(path="/", text="(?i)<title>Jupyter(?: Server|Lab| Notebook)?</title>"),
            Sign(path="/lab", text='(?i)<title>JupyterLab</title>|id="jupyter-config-data"'),
            Sign(path="/login", text='(?i)id="jupyter-config-data"|<title>Jupyter'),
            Sign(path="/api/kernels", key="0.execution_state"),
        ),
        version=(Sign(path="/api", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.RUN,
                what="lists the kernels, and may start one and run code in it",
                open=Sign(path="/api/kernels", key="."),
            ),
            ExposedPath(
                opens=Opens.DATA,
                what="reads and writes the files",
                open=Sign(path="/api/contents?content=0", key="path"),
            ),
            ExposedPath(
                opens=Opens.RUN,
                what="lists the terminals, and may open one",
                open=Sign(path="/api/terminals", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="jupyterhub",
        title="JupyterHub",
        marks=(Sign(path="/hub/login", text="(?i)<title>JupyterHub</title>"),),
        version=(Sign(path="/hub/api", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.MANAGE,
                what="reads who works there",
                open=Sign(path="/hub/api/users?limit=1", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="gradio",
        title="Gradio",
        marks=(
            Sign(path="/config", key="api_prefix"),
            Sign(path="/config", key="components"),
            Sign(path="/", text=r"window\.gradio_config|gradio_api_info|gradio\.s3-us-west"),
        ),
        version=(
            Sign(path="/config", key="version"),
            Sign(
                path="/", text=r'window\.gradio_config = \{[^<]{0,200}?"version":\s*"([0-9][^"]*)"'
            ),
        ),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="sees the page and may call what is behind it",
                open=Sign(path="/config", key="components"),
            ),
        ),
    ),
    ProductSigns(
        name="open-webui",
        title="Open WebUI",
        marks=(
            Sign(path="/api/config", key="name", value="Open WebUI"),
            Sign(path="/", text="(?i)<title>Open WebUI</title>"),
        ),
        version=(Sign(path="/api/config", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.MODEL,
                what="can query the models: no authentication is set",
                open=Sign(path="/api/config", key="features.auth", value="^False$"),
                shut=Sign(path="/api/config", key="features.auth", value="^True$"),
            ),
        ),
    ),
    ProductSigns(
        name="langflow",
        title="Langflow",
        marks=(
            Sign(path="/api/v1/version", key="package", value="(?i)^langflow"),
            Sign(path="/", text="(?i)<title>Langflow</title>"),
        ),
        version=(Sign(path="/api/v1/version", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.RUN,
                what="is signed in automatically, and can build flows that run code",
                open=Sign(path="/api/v1/auto_login", key="access_token"),
                shut=Sign(path="/api/v1/auto_login", status=(400,), key="detail.auto_login"),
            ),
            ExposedPath(
                opens=Opens.RUN,
                what="reads the flows, and may build some that run code",
                open=Sign(path="/api/v1/flows/", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="flowise",
        title="Flowise",
        marks=(
            Sign(path="/", text="(?i)<title>Flowise"),
            Sign(path="/api/v1/chatflows", key="0.flowData"),
        ),
        version=(Sign(path="/api/v1/version", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.RUN,
                what="reads the flows, and may build some that run code",
                open=Sign(path="/api/v1/chatflows", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="comfyui",
        title="ComfyUI",
        marks=(Sign(path="/system_stats", key="system.comfyui_version"),),
        version=(Sign(path="/system_stats", key="system.comfyui_version"),),
        doors=(
            ExposedPath(
                opens=Opens.RUN,
                what="sees the machine, and may queue work on it",
                open=Sign(path="/system_stats", key="system"),
            ),
        ),
    ),
    ProductSigns(
        name="tensorboard",
        title="TensorBoard",
        marks=(Sign(path="/data/environment", key="data_location"),),
        version=(Sign(path="/data/environment", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.DATA,
                what="reads the training runs",
                open=Sign(path="/data/environment", key="data_location"),
            ),
        ),
    ),
    ProductSigns(
        name="chroma",
        title="Chroma",
        marks=(Sign(path="/api/v2", key="nanosecond heartbeat"),),
        doors=(
            ExposedPath(
                opens=Opens.DATA,
                what="lists the databases, and may read and write the vectors",
                open=Sign(path="/api/v2/tenants/default_tenant/databases", key="."),
            ),
        ),
    ),
    ProductSigns(
        name="qdrant",
        title="Qdrant",
        marks=(
            Sign(path="/", key="title", value="(?i)^qdrant"),
            Sign(path="/collections", key="result.collections"),
        ),
        version=(Sign(path="/", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.DATA,
                what="lists the collections, and may read and write the vectors",
                open=Sign(path="/collections", key="result.collections"),
            ),
        ),
    ),
    ProductSigns(
        name="weaviate",
        title="Weaviate",
        marks=(
            Sign(path="/v1", key="links.0.documentationHref", value="weaviate"),
            Sign(path="/v1/meta", key="modules"),
        ),
        version=(Sign(path="/v1/meta", key="version"),),
        doors=(
            ExposedPath(
                opens=Opens.DATA,
                what="reads the schema, and may read and write the vectors",
                open=Sign(path="/v1/schema", key="classes"),
            ),
        ),
    ),
    ProductSigns(
        name="milvus",
        title="Milvus",
        marks=(
            Sign(path="/metrics", text="^# (?:HELP|TYPE) milvus_"),
            Sign(path="/webui/", text="(?i)<title>Milvus"),
        ),
        doors=(
            ExposedPath(
                opens=Opens.MANAGE,
                what="sees the management page of the store",
                open=Sign(path="/webui/", text="(?i)<title>Milvus"),
            ),
        ),
    ),
    ProductSigns(
        name="prometheus",
        title="Prometheus",
        marks=(Sign(path="/api/v1/status/buildinfo", key="data.goVersion"),),
        version=(Sign(path="/api/v1/status/buildinfo", key="data.version"),),
        doors=(
            ExposedPath(
                opens=Opens.DATA,
                what="reads every series that it keeps",
                open=Sign(path="/api/v1/status/buildinfo", key="data.goVersion"),
            ),
        ),
    ),
)
