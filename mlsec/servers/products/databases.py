"""Stores beside models: Redis, PostgreSQL, Elasticsearch, MinIO, ClickHouse."""

from __future__ import annotations

from mlsec.servers.network_reach import reach_of
from mlsec.servers.products.product import (
    ANYWHERE,
    LOOPBACK,
    NamedSettings,
    Product,
    either,
    has_star,
    is_one_of,
    metrics_open,
    opposite,
)
from mlsec.servers.settings import (
    NO,
    YES,
    Settings,
    SettingValue,
    any_given,
    is_given,
    known,
    no,
    truth,
    unknown,
)


def read_redis(s: Settings) -> NamedSettings:
    """https://redis.io/docs/latest/operate/oss_and_stack/management/security/"""
    password = _redis(s, "requirepass")
    users = any_given(_redis(s, "aclfile"), _redis(s, "user"))
    asks = either(is_given(password), users)
    protected = _redis(s, "protected-mode", default="no" if _is_image(s) else "yes")
    bind = _redis(s, "bind", default=ANYWHERE)
    is_closed = protected.is_known and str(protected.value) != "no" and asks == NO
    # Without a password, protected mode answers its own host only.
    yield "bind", known(LOOPBACK, protected) if is_closed else bind.mapped(_widest)
    yield "port", _redis(s, "port", default="6379")
    yield "access.authenticated", asks
    yield "access.default_credentials", is_one_of(password)
    yield "protected_mode", protected.mapped(lambda value: str(value) != "no")
    tls = _redis(s, "tls-port", default="0")
    yield "encryption.in_transit", tls.mapped(lambda value: str(value) not in ("0", ""))


def _redis(s: Settings, name: str, default: object = None) -> SettingValue:
    arguments = s.variable("REDIS_ARGS", "VALKEY_EXTRA_FLAGS")
    value = s.flag(f"--{name}") or s.key(name)
    if value is not None:
        return value
    if arguments is not None:
        if not arguments.is_known:
            return arguments
        words = str(arguments.value).split()
        at = next((n for n, word in enumerate(words) if word == f"--{name}"), None)
        if at is not None and at + 1 < len(words):
            return known(words[at + 1], arguments)
    if name == "requirepass":
        result = s.variable("REDIS_PASSWORD") if _is_bitnami(s) else None
        if result is not None:
            return result
    hidden = s.hidden(has_env=False)
    return unknown(hidden) if hidden else known(default)


def _is_image(s: Settings) -> bool:
    return s.launch.kind not in ("shell", "unit", "procfile", "config")


def _is_bitnami(s: Settings) -> bool:
    image = s.launch.image
    return image is not None and "bitnami" in str(image.value)


def _widest(value: object) -> str:
    parts = str(value or "").replace("-::", "::").split()
    wide = [part for part in parts if part not in ("127.0.0.1", "::1", "localhost")]
    return (wide or parts or [ANYWHERE])[0]


def read_postgres(s: Settings) -> NamedSettings:
    """https://hub.docker.com/_/postgres and https://www.postgresql.org/docs/current/auth-trust.html"""
    default = ANYWHERE if _is_image(s) else "localhost"
    bind = _postgres(s, "listen_addresses", default)
    yield "bind", bind.mapped(lambda value: ANYWHERE if "*" in str(value) else str(value))
    yield "port", _postgres(s, "port", "5432")
    method = s.find(env=("POSTGRES_HOST_AUTH_METHOD",), default="")
    yield "access.authenticated", method.mapped(lambda value: str(value) != "trust")
    password = s.find(env=("POSTGRES_PASSWORD", "PGPASSWORD"))
    yield (
        "access.default_credentials",
        is_one_of(password, ("pgvector", "langfuse", "mlflow")),
    )
    tls = _postgres(s, "ssl", "off")
    yield "encryption.in_transit", truth(tls)


def _postgres(s: Settings, name: str, default: object) -> SettingValue:
    for at, word in enumerate(s.words[:-1]):
        following = s.words[at + 1].value
        if word.value == "-c" and isinstance(following, str) and following.startswith(f"{name}="):
            return SettingValue(value=following.partition("=")[2], place=s.words[at + 1])
    key = s.key(name) or s.flag(f"--{name}")
    if key is not None:
        return key
    hidden = s.hidden(has_env=False)
    return unknown(hidden) if hidden else known(default)


def read_elasticsearch(s: Settings) -> NamedSettings:
    """https://www.elastic.co/docs/reference/elasticsearch/configuration-reference/security-settings"""
    bare = known(ANYWHERE) if _is_image(s) else _bare(s)
    bind = s.find("-Enetwork.host", env=("network.host",), default=bare)
    yield "bind", bind
    yield "port", s.find(env=("http.port",), default="9200")
    security = s.variable("xpack.security.enabled", "XPACK_SECURITY_ENABLED")
    off = s.variable("DISABLE_SECURITY_PLUGIN", "plugins.security.disabled")
    is_opensearch = "opensearch" in str(s.launch.image.value if s.launch.image else "")
    if is_opensearch:
        asks = opposite(truth(off)) if off is not None else _hidden_or(s, YES)
    else:
        asks = (
            truth(security)
            if security is not None
            else _hidden_or(s, s.by_version(("<8.0.0", False), ("", True)))
        )
    yield "access.authenticated", asks
    password = s.find(env=("ELASTIC_PASSWORD", "OPENSEARCH_INITIAL_ADMIN_PASSWORD"))
    yield "access.default_credentials", is_one_of(password)
    tls = s.variable("xpack.security.http.ssl.enabled")
    yield "encryption.in_transit", truth(tls) if tls is not None else asks
    origins = s.find(env=("http.cors.allow-origin",), default="")
    yield "access.any_origin", has_star(origins)


def _bare(s: Settings) -> SettingValue:
    is_known = s.flag("--config-file", "-C", "--config") is not None
    return unknown("its configuration file was not read") if is_known else known(LOOPBACK)


def _hidden_or(s: Settings, default: SettingValue) -> SettingValue:
    hidden = s.hidden()
    return unknown(hidden) if hidden else default


def read_minio(s: Settings) -> NamedSettings:
    """https://min.io/docs/minio/linux/reference/minio-server/settings/root-credentials.html"""
    address = s.find("--address", env=("MINIO_ADDRESS",), default=":9000")
    yield "bind", address.mapped(lambda value: str(value).rpartition(":")[0] or ANYWHERE)
    yield "port", address.mapped(lambda value: str(value).rpartition(":")[2])
    yield "access.authenticated", YES
    password = s.find(env=("MINIO_ROOT_PASSWORD", "MINIO_SECRET_KEY"), default="minioadmin")
    yield (
        "access.default_credentials",
        is_one_of(password, ("minioadmin", "minio123", "minio", "minio_pass", "miniopassword")),
    )
    yield "encryption.in_transit", any_given(s.find("--certs-dir", "-S"))
    # Its metrics ask for a token unless configured otherwise.
    reach = reach_of(s.launch, known(ANYWHERE), known("9000"))
    public = s.find(env=("MINIO_PROMETHEUS_AUTH_TYPE",), default="jwt")
    yield "exposure.metrics_open", metrics_open(reach, public.mapped(lambda v: v != "public"))


def read_clickhouse(s: Settings) -> NamedSettings:
    """https://hub.docker.com/_/clickhouse: the default user, before and after 25.1.3"""
    # Its own file listens on loopback, the one of the image on all addresses.
    yield "bind", known(ANYWHERE) if _is_image(s) else _bare(s)
    yield "port", known("8123")
    password = s.find(env=("CLICKHOUSE_PASSWORD", "CLICKHOUSE_PASSWORD_FILE"))
    given = is_given(password)
    skipped = s.switch(env=("CLICKHOUSE_SKIP_USER_SETUP",))
    yield "access.authenticated", _clickhouse_asks(s, given, skipped)
    yield "access.default_credentials", is_one_of(password)
    yield "encryption.in_transit", NO


def _clickhouse_asks(s: Settings, given: SettingValue, skipped: SettingValue) -> SettingValue:
    if not given.is_known or given.value:
        return given
    if not skipped.is_known or skipped.value:
        return opposite(skipped)
    user = s.variable("CLICKHOUSE_USER", "CLICKHOUSE_DEFAULT_ACCESS_MANAGEMENT")
    if user is not None:
        return no(user)
    answer = s.by_version(("<25.1.3", False), ("", True))
    return answer if answer.is_known else unknown(answer.why)


PRODUCTS = (
    Product(
        type="serving.redis",
        is_web=False,
        read=read_redis,
        images=(
            r"redis",
            r"redis/redis-stack(?:-server)?",
            r"valkey/valkey",
            r"bitnami/redis",
            r"redislabs/redisearch",
        ),
        commands=(r"redis-server\b", r"valkey-server\b"),
        entrypoint="redis-server",
        image_user="redis",
        advisories="redis",
        config_word=r"[^-].*\.conf",
        config_paths=("/usr/local/etc/redis/redis.conf", "/etc/redis/redis.conf", "/redis.conf"),
    ),
    Product(
        type="serving.postgres",
        is_web=False,
        read=read_postgres,
        images=(
            r"postgres",
            r"(?:.+/)?pgvector",
            r"ankane/pgvector",
            r"postgis/postgis",
            r"timescale/timescaledb(?:-ha)?",
            r"supabase/postgres",
            r"pgvector/pgvector",
        ),
        commands=(r"postgres\b",),
        entrypoint="postgres",
        image_user="postgres",
        tag=r"(?:pg)?([0-9]+(?:\.[0-9]+)*)",
        advisories="postgres",
    ),
    Product(
        type="serving.elasticsearch",
        read=read_elasticsearch,
        images=(
            r"(?:.+/)?elasticsearch",
            r"(?:.+/)?opensearch",
        ),
        commands=(r"elasticsearch\b", r"opensearch\b"),
        entrypoint="elasticsearch",
        image_user="1000",
        advisories="elasticsearch",
    ),
    Product(
        type="serving.minio",
        read=read_minio,
        images=(r"(?:.+/)?minio",),
        commands=(r"minio server\b",),
        entrypoint="minio",
        image_user="root",
        tag=r"(RELEASE\.[0-9TZ-]+)",
        advisories="minio",
    ),
    Product(
        type="serving.clickhouse",
        read=read_clickhouse,
        images=(r"clickhouse/clickhouse-server", r"clickhouse", r"(?:.+/)?clickhouse-server"),
        commands=(r"clickhouse-server\b", r"clickhouse server\b"),
        entrypoint="clickhouse-server",
        image_user="clickhouse",
        advisories="clickhouse",
    ),
)
