"""Read trees of datasets with one zfs call, and plan the calls that change them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from chyves_core.errors import HostError
from chyves_core.host import Host, failed
from chyves_core.plan import Run, run

OWN = frozenset(("local", "received"))
SOURCES = OWN | {"default", "temporary", "-"}
COLUMNS = "name,property,value,source"


@dataclass(frozen=True)
class Dataset:
    """One filesystem, volume or snapshot: each property with its value and its source."""

    name: str
    properties: Mapping[str, tuple[str, str]]

    @property
    def kind(self) -> str:
        """`filesystem`, `volume` or `snapshot`."""
        return self.value("type")

    def value(self, name: str, otherwise: str = "") -> str:
        """Return a property's value wherever it came from."""
        return self.properties.get(name, (otherwise, ""))[0]

    def own(self, name: str) -> str | None:
        """Return a property's value when it was set on this very dataset, else None."""
        value, source = self.properties.get(name, ("", ""))
        return value if source in OWN else None

    def own_with_prefix(self, prefix: str) -> dict[str, str]:
        """Return all user properties set on this very dataset under a prefix, without it."""
        return {
            name[len(prefix) :]: value
            for name, (value, source) in self.properties.items()
            if name.startswith(prefix) and source in OWN
        }


def read_tree(
    host: Host, roots: Sequence[str], kinds: str = "filesystem,volume"
) -> dict[str, Dataset]:
    """Return every dataset at and below the roots, by name, with one zfs call.

    A root that does not exist is left out; every other complaint of zfs is an error.
    Inherited values are not read: a value counts only where it was set.
    """
    if not roots:
        return {}
    sources = "local,received,temporary,none"
    argv = ("zfs", "get", "-Hp", "-r", "-t", kinds, "-s", sources, "-o", COLUMNS, "all", *roots)
    result = host.read(*argv, allowed=None)
    complaints = [
        line
        for line in result.stderr.splitlines()
        if line.strip() and not line.endswith("dataset does not exist")
    ]
    if complaints or (result.status != 0 and not result.stderr.strip()):
        raise failed(result)
    return parse_get(result.stdout)


def read_properties(host: Host, name: str) -> Dataset:
    """Return one dataset or snapshot with what was set on it; raises HostError where it is gone."""
    sources = "local,received,temporary,none"
    argv = ("zfs", "get", "-Hp", "-s", sources, "-o", COLUMNS, "all", name)
    return parse_get(host.read(*argv).stdout)[name]


def parse_get(output: str) -> dict[str, Dataset]:
    """Return the datasets in the output of `zfs get -Hp -o name,property,value,source all`.

    zfs prints line breaks and tabs inside values raw (captures zfs set-newline): a line without
    a source is the beginning of a value that goes on until one has a source. A line that does
    not carry on the dataset begun last, and does not begin one with its `type`, counts for
    nothing. Raises HostError where a dataset seems to come twice: a forged line break.
    """
    datasets: dict[str, Dataset] = {}
    current = unfinished = ""
    properties: dict[str, tuple[str, str]] = {}
    for line in output.split("\n"):
        if unfinished:
            line = f"{unfinished}\n{line}"
        fields = line.split("\t")
        if len(fields) < 4 or not is_source(fields[-1]):
            unfinished = line if len(fields) >= 3 and fields[0] == current else ""
            continue
        unfinished = ""
        name, key = fields[0], fields[1]
        if key == "type":
            if name in datasets:
                raise HostError(f"zfs lists {name} twice: a value near it has a line break")
            current, properties = name, {}
            datasets[name] = Dataset(name, properties)
        if name == current and key not in properties:
            value = fields[2] if len(fields) == 4 else "\t".join(fields[2:-1])
            properties[key] = (value, fields[-1])
    return datasets


def is_source(field: str) -> bool:
    """Return whether a field is a source as zfs prints it."""
    return field in SOURCES or field.startswith("inherited from ")


def set_properties(datasets: Iterable[str], values: Mapping[str, str]) -> Run:
    """Return the step that sets all the values on all the datasets in one zfs call."""
    return run("zfs", "set", *pairs(values), *datasets)


def inherit(datasets: Iterable[str], name: str) -> Run:
    """Return the step that takes one property off the datasets; zfs-set(8): one a call."""
    return run("zfs", "inherit", name, *datasets)


def create_filesystem(name: str, values: Mapping[str, str]) -> Run:
    """Return the step that makes a filesystem with its properties."""
    return run("zfs", "create", *options(values), name)


def create_volume(name: str, size: int, values: Mapping[str, str], *, sparse: bool = False) -> Run:
    """Return the step that makes a volume of `size` bytes with its properties.

    A sparse one has no room reserved on the pool.
    """
    return run(
        "zfs", "create", *(("-s",) if sparse else ()), *options(values), "-V", str(size), name
    )


def pairs(values: Mapping[str, str]) -> list[str]:
    """Return name=value words, in order."""
    return [f"{name}={value}" for name, value in values.items()]


def options(values: Mapping[str, str]) -> list[str]:
    """Return -o name=value words, in order."""
    return [word for pair in pairs(values) for word in ("-o", pair)]
