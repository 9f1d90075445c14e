"""Global properties and defaults of this host, as the primary pool holds them."""

from __future__ import annotations

from chyves_core.pools import DEFAULT_PREFIX, GLOBAL_PREFIX, Storage
from chyves_core.properties.schema import Schema, load_schema


class Settings:
    """The values of one scope: what was set on the primary pool, else the declared default."""

    def __init__(self, schema: Schema, own: dict[str, str]) -> None:
        self.schema = schema
        self.own = own

    def __getitem__(self, name: str) -> str:
        value = self.own.get(name)
        return value if value is not None else self.schema.default(name)

    def number(self, name: str) -> int:
        """Return a value that is a whole number."""
        return int(self[name])

    def enabled(self, name: str) -> bool:
        """Return whether a value is yes or on."""
        return self[name] in ("yes", "on")


def global_settings(storage: Storage) -> Settings:
    """Return the global properties."""
    return Settings(load_schema("global"), storage.settings(GLOBAL_PREFIX))


def known_settings(storage: Storage) -> Settings:
    """Return the global properties, as declared where no pool has chyves on it yet."""
    if any(pool.state == "primary" for pool in storage.pools):
        return global_settings(storage)
    return Settings(load_schema("global"), {})


def default_settings(storage: Storage) -> Settings:
    """Return the defaults for new guests."""
    return Settings(load_schema("defaults"), storage.settings(DEFAULT_PREFIX))
