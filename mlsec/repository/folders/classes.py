"""The table of folders whose files are not deployed: what is found in them is folded."""

from __future__ import annotations

import msgspec


class FolderClass(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of folder, by the name of any folder on the way to a file, or by the file's own.

    ``folders``, ``files`` and ``environments`` are names in lower case; ``*`` stands for any
    characters.
    ``environments`` are those of the folders' names that are an environment as well: beside or
    below what ``ENVIRONMENTS`` and ``HOLDERS`` name they are one, and deployed. ``is_shown_alone``
    says that nothing of it is folded where little else is judged: it is what such a repository is
    for. ``is_for_lesser`` says that only what is below high is folded: what is critical or high
    counts, and a file that cannot be read is a gap. ``is_of_repository`` says that what it names
    is what the repository is for: it is among the rest where the others are weighed against that.
    """

    name: str
    title: str
    folders: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    is_shown_alone: bool = False
    is_for_lesser: bool = False
    is_of_repository: bool = False
    why: str


_NUMBERED_LABS = tuple(f"lab{number}*" for number in range(10))
COPY, COMPILED, COLLECTION = "copies", "compiled", "collections"
CLASSES: tuple[FolderClass, ...] = (
    FolderClass(
        name="vendored",
        title="vendored code",
        folders=(
            "vendor", "vendored", "third_party", "third-party", "thirdparty", "node_modules",
            "bower_components", "site-packages", "asset.*",
        ),
        why="it is mended where it comes from",
    ),
    FolderClass(
        name="tests",
        title="tests",
        folders=(
            "test", "tests", "__tests__", "testing", "testdata", "test-*", "test_*", "*-tests",
            "*_tests", "loadtest", "loadtests", "load-test", "load_test", "e2e", "e2e-*", "mock",
            "mocks", "__mocks__", "mock-*", "*-mock", "*-mocks", "fixtures", "conformance",
            "benchmark", "benchmarks",
        ),
        files=(
            "test_*.py", "*_test.py", "conftest.py", "test*.pem", "test*.key", "*-test.pem",
            "*-test.key", "*_test.pem", "*_test.key", "*dummy*.pem", "*dummy*.key",
            "*localhost*.pem", "*localhost*.key", "*snakeoil*", "*.test.bicep", "*.test.ts",
            "*.test.js", "*.spec.ts", "*.spec.js", "*_test.go", "*.tftest.hcl",
        ),
        environments=("test", "testing", "test-*", "test_*"),
        why="it runs for a test and ends with it",
    ),
    FolderClass(
        name="examples",
        title="examples",
        folders=(
            "example", "examples", "example-*", "example_*", "*-example", "*_example",
            "*-examples", "*_examples", "sample", "samples", "sample-*", "sample_*", "*-sample",
            "*_sample",
            "*-samples", "*_samples", "demo", "demos", "tutorial", "tutorials", "quickstart",
            "quickstarts", "getting-started", "workshop", "workshops", "playground",
            "lab", "labs", "lab-*", "lab_*", *_NUMBERED_LABS, "*-labs", "*_labs", "course",
            "courses", "exercise",
            "exercises", "workshop-*", "workshop_*", "*-workshop", "*_workshop", "walkthrough",
            "walkthroughs", "_experiments",
        ),
        files=(
            "example.*", "example-*.*", "example_*.*", "*-example.*", "*_example.*",
            "*-examples.*", "*_examples.*", "*.example", "*.example.*", "*.sample", "*.sample.*",
        ),
        environments=("demo",),
        is_shown_alone=True,
        why="others copy it; from here it is not deployed",
    ),
    FolderClass(
        name="documentation",
        title="documentation",
        folders=("doc", "docs", "documentation", "website", "proposals", "rfcs"),
        is_shown_alone=True,
        why="it is read, not deployed",
    ),
    FolderClass(
        name="development",
        title="development tools",
        folders=(
            ".devcontainer", ".devspace", ".gitpod", "dev-tools", "dev_tools", "devtools",
            "devspace", "hack",
        ),
        files=(
            "docker-compose*-local.*", "docker-compose*.local.*", "docker-compose*.local-*.*",
            "docker-compose-dev.*", "docker-compose.dev.*", "docker-compose*.dev-*.*",
            "docker-compose.override.*", "docker-compose-override.*", "compose*-local.*",
            "compose*.local.*", "compose*.local-*.*", "compose-dev.*", "compose.dev.*",
            "compose.override.*", "devspace.*", "dockerfile.dev", "dockerfile.local",
            "dockerfile.devspace", "dockerfile.tilt", "dockerfile-dev", "dev.dockerfile",
            "*.dev.dockerfile", "*-dev.dockerfile", "tilt.dockerfile", "tilt-*.dockerfile",
            ".gitpod.dockerfile", "containerfile.dev", "containerfile.devspace",
            "dockerfile.builder", "dockerfile.builder.*", "dockerfile-builder", "local.dockerfile",
            "*.local.dockerfile", "local-values.y*ml", "values-local.y*ml", "values.local.y*ml",
            "builder.dockerfile", "*-builder.dockerfile", "*.builder.dockerfile",
            "containerfile.builder",
        ),
        why="it runs on the machines of developers, or builds and is not shipped",
    ),
    FolderClass(
        name="archives",
        title="archives",
        folders=(
            "archive", "archives", ".archive", "_archive", "*_archive", "*-archive", "archived",
            "_archived", "attic", "dump",
            "dumps", "graveyard", "old", "_old", "deprecated", "_deprecated", "obsolete",
        ),
        is_shown_alone=True,
        why="it is kept for its history and no longer deployed",
    ),
    FolderClass(
        name="notebooks",
        title="notebooks",
        files=("*.ipynb",),
        is_for_lesser=True,
        why="its cells are tried by hand, and what they deploy is taken down",
    ),
    FolderClass(
        name=COPY,
        title="older versions",
        why="the newest version of the same files is judged",
    ),
    FolderClass(
        name=COMPILED,
        title="compiled templates",
        # It may be deployed in the place of its source, and anybody can write who made it.
        is_for_lesser=True,
        why="the source that they are compiled from is judged",
    ),
    FolderClass(
        name=COLLECTION,
        title="collections of samples",
        is_for_lesser=True,
        is_of_repository=True,
        why="it is read and tried once; the infrastructure in it counts",
    ),
)  # fmt: skip
BY_NAME = {item.name: item for item in CLASSES}
# A folder named test is an environment, not tests, beside one of these ...
ENVIRONMENTS = frozenset({
    "prod", "production", "prd", "preprod", "pre-prod", "live", "stage", "staging", "stg", "uat",
    "qa",
})  # fmt: skip
# ... or directly in one of these.
HOLDERS = frozenset({
    "env", "envs", "environment", "environments", "overlays", "stages", "clusters", "accounts",
    "tenants", "workspaces", "deployments",
})  # fmt: skip
