"""Passwords and keys that documentation and samples publish: secrets of nobody."""

from __future__ import annotations

# What products start with, and what the samples of many projects hold.
PUBLISHED = frozenset({
    "admin", "admin123", "admin1234", "administrator", "changeme", "changeit", "clickhouse",
    "default", "elastic", "example", "flowise", "guest", "jupyter", "langflow", "langfuse",
    "letmein", "litellm", "milvus", "minio", "minio123", "minio_pass", "minioadmin",
    "miniopassword", "miniosecret", "mlflow", "myredissecret", "mysecretpassword", "neo4j",
    "opensearch", "passw0rd", "password", "password1", "password123", "password1234", "pgvector",
    "postgres", "postgresql", "qdrant", "rabbitmq", "redis", "root", "secret", "sk-1234",
    "sk-12345", "sk-123456", "superuser", "t0p-s3cr3t", "test", "test1234", "123456", "12345678",
    "your_secret_api_key_here", "user-a-key", "user-b-key", "admin-key",
})  # fmt: skip


def is_published(value: str) -> bool:
    """Whether a value is a password or key that everybody knows."""
    return value.lower() in PUBLISHED
