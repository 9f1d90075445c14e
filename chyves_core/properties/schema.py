"""Read properties.spec: which properties there are, their defaults, and what values they take."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from configobj import ConfigObj

from chyves_core.errors import UsageError, did_you_mean

SPEC_FILE = Path(__file__).with_name("properties.spec")
MARK = r"\s*\[\[(\w+)\]\]"

# zfsprops(7) says 8192 bytes; captures zfs set-8192: 8191 is the most that is stored.
VALUE_BYTES = 8191

# C0 and C1 control characters: terminals obey the latter too.
CONTROL = "[\x00-\x1f\x7f-\x9f]"


@dataclass(frozen=True)
class Property:
    """One declared property; `name` may hold {n}, `default` None makes it optional."""

    scope: str
    name: str
    check: str
    help: str
    default: str | None
    marks: frozenset[str]

    @property
    def optional(self) -> bool:
        """Whether the property can be unset."""
        return self.default is None

    @property
    def managed(self) -> bool:
        """Whether chyves itself keeps the value, so that `set` refuses it."""
        return "managed" in self.marks

    @property
    def secret(self) -> bool:
        """Whether the value is shown only when it is asked for."""
        return "secret" in self.marks

    def matches(self, name: str) -> bool:
        """Return whether `name` is this property, a whole number standing for {n}."""
        if "{n}" not in self.name:
            return name == self.name
        return re.fullmatch(re.escape(self.name).replace(r"\{n\}", "[0-9]+"), name) is not None


class Schema:
    """All properties of one scope: guest, disk, defaults, global or pool."""

    def __init__(self, scope: str, properties: tuple[Property, ...]) -> None:
        self.scope = scope
        self.properties = properties
        self._by_name = {each.name: each for each in properties}

    def find(self, name: str) -> Property | None:
        """Return the property that `name` means, None where there is none."""
        exact = self._by_name.get(name)
        if exact and "{n}" not in name:
            return exact
        return next((each for each in self.properties if each.matches(name)), None)

    def get(self, name: str) -> Property:
        """Return the property that `name` means; raises UsageError, with near names as a hint."""
        found = self.find(name)
        if found:
            return found
        from chyves_core.properties.old_names import hint_for

        hint = did_you_mean(name, self._by_name, "chyves list properties")
        hint = (hint_for(name) if self.scope != "global" else None) or hint
        raise UsageError(f"there is no {self.scope} property {name!r}", hint)

    def default(self, name: str) -> str:
        """Return the default of a property; empty for an optional one."""
        return self.get(name).default or ""

    def is_secret(self, name: str) -> bool:
        """Return whether a property's value is to be shown only when it is asked for."""
        found = self.find(name)
        return found is not None and found.secret

    @cached_property
    def _validator(self) -> Any:
        from chyves_core.properties.checks import validator

        return validator()

    def check(self, name: str, value: str) -> str:
        """Return the value as it is stored; raises UsageError where the property can't have it."""
        wanted = self.get(name)
        check_storable(name, value)
        from configobj.validate import ValidateError

        try:
            checked = self._validator.check(wanted.check, value)
        except ValidateError as error:
            shown = "***" if wanted.secret else value
            raise UsageError(f"{name}={shown}: {reason(wanted, error)}") from None
        return str(checked)


def load_schema(scope: str) -> Schema:
    """Return the schema of one scope; that of defaults holds every guest property too."""
    spec = read_spec()
    properties = list(section_properties(spec, scope))
    if scope == "defaults":
        guest = section_properties(spec, "guest")
        properties += [each for each in guest if not each.managed and "unique" not in each.marks]
    return Schema(scope, tuple(properties))


@cache
def read_spec() -> Any:
    """Return properties.spec as ConfigObj reads it, once for all scopes."""
    return ConfigObj(
        str(SPEC_FILE), _inspec=True, interpolation=False, list_values=False, encoding="utf-8"
    )


def section_properties(spec: Any, scope: str) -> tuple[Property, ...]:
    """Return the properties that one section of the spec declares."""
    section = spec[scope]
    return tuple(
        make_property(scope, name, section[name], section.comments[name]) for name in section
    )


def make_property(scope: str, name: str, check: str, comments: list[str]) -> Property:
    """Return the property of one line of the spec and the comment lines above it."""
    text = " ".join(line.strip().lstrip("#").strip() for line in comments if line.strip())
    marks = frozenset(re.findall(MARK, text))
    return Property(scope, name, check, re.sub(MARK, "", text).strip(), find_default(check), marks)


def find_default(check: str) -> str | None:
    """Return the default that a check names, None where it names none."""
    found = re.search(r"default=(?:\"([^\"]*)\"|([^,)]+))\)$", check)
    if not found:
        return None
    return found.group(1) if found.group(1) is not None else found.group(2)


def check_storable(name: str, value: str) -> None:
    """Refuse what a ZFS user property should never hold: control characters, too many bytes."""
    if re.search(CONTROL, value):
        raise UsageError(f"{name}: a value can't hold line breaks, tabs or control characters")
    if any("\ud800" <= char <= "\udfff" for char in value):
        raise UsageError(f"{name}: the value is not UTF-8")
    size = len(value.encode())
    if size > VALUE_BYTES:
        raise UsageError(f"{name}: the value has {size} bytes; {VALUE_BYTES} is the most ZFS keeps")


def reason(wanted: Property, error: Exception) -> str:
    """Return in words why a check refused a value."""
    if wanted.check.startswith("option("):
        return "must be one of " + ", ".join(choices(wanted))
    if wanted.check.startswith("integer("):
        low = re.search(r"min=(\d+)", wanted.check)
        high = re.search(r"max=(\d+)", wanted.check)
        span = " to ".join(found.group(1) for found in (low, high) if found)
        return f"must be a whole number{f', {span}' if low and high else ''}"
    words = str(error)
    return words if not words.startswith("the value") else "is not a value for this property"


def choices(wanted: Property) -> tuple[str, ...]:
    """Return the values that a property chooses from; empty where it takes others.

    Those of `os` are the profiles that come with chyves; a host may have more.
    """
    if wanted.check.startswith("yesno("):
        return ("yes", "no")
    if wanted.check.startswith("grub_profile("):
        from chyves_core.loaders.profiles import shipped_profiles

        return tuple(shipped_profiles())
    if not wanted.check.startswith("option("):
        return ()
    return tuple(re.findall(r'"([^"]*)"', wanted.check.split(", default=")[0]))
