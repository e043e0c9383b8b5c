"""Services beside models that compose files publish: databases, brokers, dashboards, traces.

Each row says on which ports a service works and what makes it ask who calls. They share one type,
because the rules ask the same of all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mlsec.servers.products.kafka import read_kafka
from mlsec.servers.products.product import (
    ANYWHERE,
    NamedSettings,
    Product,
    Read,
    both,
    is_one_of,
    opposite,
)
from mlsec.servers.products.seaweedfs import read_seaweedfs
from mlsec.servers.settings import (
    NO,
    YES,
    Settings,
    SettingValue,
    any_given,
    is_given,
    known,
    unknown,
)

Asks = Callable[[Settings], SettingValue]


def _read(ports: str, asks: Asks, tls: Asks, secrets: str, default: str | None) -> Read:
    """Make a reader: ``secrets`` are the variables of its password, with a dot keys of its file.

    ``default`` is the password that it has without any.
    """
    names = secrets.split()
    env = tuple(name for name in names if "." not in name)
    keys = tuple(name for name in names if "." in name)

    def read(s: Settings) -> NamedSettings:
        yield "bind", known(ANYWHERE)
        yield "port", known(tuple(ports.split()))
        yield "access.authenticated", asks(s)
        password = s.find(env=env, keys=keys, default=default) if names else NO
        yield "access.default_credentials", both(asks(s), is_one_of(password))
        yield "encryption.in_transit", tls(s)

    return read


def _row(
    image: str, command: str, ports: str, asks: Asks, secrets: str = "",
    *, default: str | None = None, tls: Asks | None = None, **more: Any,
) -> Product:  # fmt: skip
    return _product(image, command, _read(ports, asks, tls or _nobody, secrets, default), **more)


def _product(image: str, command: str, read: Read, **more: Any) -> Product:
    return Product(
        type="serving.backing_service",
        read=read,
        images=(image,),
        commands=(rf"{command}\b",),
        entrypoint=command,
        is_beside_models=True,
        **more,
    )


def _nobody(_s: Settings) -> SettingValue:
    return NO


def _everybody(_s: Settings) -> SettingValue:
    return YES


def _with(flags: str, variables: str) -> Asks:
    """Ask when one of these flags or variables has a value."""

    def asks(s: Settings) -> SettingValue:
        return any_given(s.find(*flags.split(), env=tuple(variables.split())))

    return asks


def _switched(variable: str) -> Asks:
    return lambda s: s.switch(env=(variable,))


def _unless_switched(*variables: str) -> Asks:
    return lambda s: opposite(s.switch(env=variables))


def _unless(variable: str, word: str, default: str) -> Asks:
    """Ask when this variable is another word."""
    return lambda s: s.find(env=(variable,), default=default).mapped(
        lambda value: str(value).lower() != word
    )


def _by_web_file(s: Settings) -> SettingValue:
    """https://prometheus.io/docs/prometheus/latest/configuration/https/"""
    given = is_given(s.find("--web.config.file"))
    if given.is_known and given.value:
        return unknown("what its web configuration file asks for was not read", given)
    return given


def _prometheus(name: str, port: str) -> Product:
    return _row(
        rf"(?:.+/)?prom/{name}", name, port, _by_web_file, tls=_by_web_file, image_user="nobody"
    )


PRODUCTS = (
    # https://prometheus.io/docs/operating/security/
    _prometheus("prometheus", "9090"),
    _prometheus("alertmanager", "9093"),
    _prometheus("pushgateway", "9091"),
    # https://grafana.com/docs/grafana/latest/setup-grafana/configure-security/
    _row(
        r"(?:.+/)?grafana/grafana(?:-oss|-enterprise)?", "grafana", "3000",
        _unless_switched("GF_AUTH_ANONYMOUS_ENABLED"),
        "GF_SECURITY_ADMIN_PASSWORD GF_SECURITY_ADMIN_PASSWORD__FILE security.admin_password",
        tls=_unless("GF_SERVER_PROTOCOL", "http", "http"),
        config_paths=("/etc/grafana/grafana.ini",), image_user="472", default="admin",
    ),
    # https://grafana.com/docs/loki/latest/operations/authentication/
    _row(r"(?:.+/)?grafana/loki", "loki", "3100", _nobody, image_user="10001"),
    _row(r"(?:.+/)?grafana/tempo", "tempo", "3200 4317 4318", _nobody, image_user="10001"),
    # https://zipkin.io/pages/architecture.html and https://www.jaegertracing.io/docs/latest/security/
    _row(r"(?:.+/)?openzipkin/zipkin(?:-slim)?", "zipkin", "9411", _nobody, image_user="zipkin"),
    _row(
        r"(?:.+/)?jaegertracing/(?:all-in-one|jaeger)", "jaeger", "16686 4317 4318 14268", _nobody,
        image_user="10001",
    ),
    # https://arize.com/docs/phoenix/self-hosting/features/authentication
    _row(
        r"(?:.+/)?arizephoenix/phoenix", "phoenix", "6006", _switched("PHOENIX_ENABLE_AUTH"),
        "PHOENIX_DEFAULT_ADMIN_INITIAL_PASSWORD", default="admin",
    ),
    # https://docs.nvidia.com/nemo/retriever/latest/extraction/: the API, its broker, Ray's page
    _row(
        r"nvcr\.io/nvidia/(?:nemo-microservices/)?nv-ingest", "nv-ingest", "7670 7671 8265",
        _nobody,
    ),
    _product(
        r"(?:.+/)?(?:apache/kafka(?:-native)?|confluentinc/cp-(?:kafka|server)|bitnami/kafka)",
        "kafka-server-start", read_kafka, image_user="appuser", is_web=False,
    ),
    # https://docs.kafka-ui.provectus.io/configuration/authentication
    _row(
        r"(?:.+/)?(?:provectuslabs|kafbat)/kafka-ui", "kafka-ui", "8080",
        _unless("AUTH_TYPE", "disabled", "disabled"), image_user="kafkaui",
    ),
    _row(r"(?:.+/)?obsidiandynamics/kafdrop", "kafdrop", "9000", _nobody),
    # https://zookeeper.apache.org/doc/current/zookeeperProgrammers.html: its ACLs are open
    _row(
        r"zookeeper|(?:.+/)?confluentinc/cp-zookeeper", "zkServer.sh", "2181", _nobody,
        image_user="zookeeper", is_web=False,
    ),
    # https://hub.docker.com/_/mongo
    _row(
        r"mongo|(?:.+/)?mongodb/mongodb-community-server", "mongod", "27017",
        _with("--auth", "MONGO_INITDB_ROOT_USERNAME MONGODB_INITDB_ROOT_USERNAME"),
        "MONGO_INITDB_ROOT_PASSWORD MONGODB_INITDB_ROOT_PASSWORD", image_user="mongodb",
        is_web=False,
    ),
    # https://github.com/mongo-express/mongo-express-docker: admin and pass unless they are set
    _row(
        r"mongo-express", "mongo-express", "8081", _unless("ME_CONFIG_BASICAUTH", "false", "true"),
        "ME_CONFIG_BASICAUTH_PASSWORD", image_user="node",
    ),
    # https://hub.docker.com/_/mysql: an empty password has to be asked for
    _row(
        r"mysql|mariadb", "mysqld", "3306",
        _unless_switched("MYSQL_ALLOW_EMPTY_PASSWORD", "MARIADB_ALLOW_EMPTY_ROOT_PASSWORD"),
        "MYSQL_ROOT_PASSWORD MARIADB_ROOT_PASSWORD", tls=_everybody, image_user="mysql",
        is_web=False,
    ),
    # https://www.rabbitmq.com/docs/access-control: guest signs in from its own host only
    _row(
        r"rabbitmq", "rabbitmq-server", "5672 15672", _everybody, "RABBITMQ_DEFAULT_PASS",
        image_user="rabbitmq",
    ),
    # https://neo4j.com/docs/operations-manual/current/docker/introduction/
    _row(
        r"neo4j", "neo4j", "7474 7687",
        _unless("NEO4J_AUTH", "none", "asks"), image_user="neo4j",
    ),
    # https://cassandra.apache.org/doc/latest/cassandra/managing/operating/security.html
    _row(r"cassandra", "cassandra", "9042", _nobody, image_user="cassandra", is_web=False),
    _row(r"memcached", "memcached", "11211", _nobody, image_user="memcache", is_web=False),
    # https://etcd.io/docs/latest/op-guide/security/
    _row(
        r"(?:quay\.io/coreos|gcr\.io/etcd-development)/etcd", "etcd", "2379",
        _with("--client-cert-auth", "ETCD_CLIENT_CERT_AUTH"),
        tls=_with("--cert-file", "ETCD_CERT_FILE"), image_user="root",
    ),
    # https://www.meilisearch.com/docs/learn/security/basic_security
    _row(
        r"(?:.+/)?getmeili/meilisearch", "meilisearch", "7700",
        _with("--master-key", "MEILI_MASTER_KEY"), "MEILI_MASTER_KEY", image_user="root",
    ),
    # https://github.com/joeferner/redis-commander
    _row(
        r"(?:.+/)?rediscommander/redis-commander", "redis-commander", "8081",
        _with("--http-auth-username", "HTTP_USER"), "HTTP_PASSWORD",
    ),
    _row(r"(?:.+/)?redis/redisinsight", "redisinsight", "5540 8001", _nobody, image_user="node"),
    # https://distribution.github.io/distribution/about/deploying/#native-basic-auth
    _row(
        r"registry|(?:.+/)?distribution/distribution", "registry", "5000",
        _with("", "REGISTRY_AUTH REGISTRY_AUTH_HTPASSWD_PATH REGISTRY_AUTH_TOKEN_REALM"),
        tls=_with("", "REGISTRY_HTTP_TLS_CERTIFICATE"),
    ),
    _product(
        r"(?:.+/)?chrislusf/seaweedfs", "weed", read_seaweedfs, image_user="root",
        config_flags=("-s3.config",),
    ),
)  # fmt: skip
