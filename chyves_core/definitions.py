"""Definitions: what guests are to be, written down in ConfigObj files.

A section stands for a guest: `pool` and its properties; a section in it for a disk. What a file
does not name is left as it is.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from typing import Any

from chyves_core.bhyve import slots
from chyves_core.create import read_size
from chyves_core.errors import ChyvesError, NotFound, Refused, UsageError
from chyves_core.names import GUEST_NAME
from chyves_core.properties.assignments import check_one
from chyves_core.properties.schema import Schema, check_storable, load_schema

STANDARD = "-"
POOL, DISKS, NO_DISKS = "pool", "disks", "none"
SERIAL, SLOTS, INTERFACES = "disk_serial", "pci_slots", "net_ifaces"
OPTIONS = "virtio_block_options_"
# What the keys of a disk's section are called as properties; `size` and `options` are none.
DISK_KEYS = {"serial": SERIAL, "description": "description", "notes": "notes"}
DISK_NAME = re.compile(r"disk(0|[1-9][0-9]{0,3})")
# ATA and virtio show 20 characters of it, and a comma would end the option of bhyve.
DISK_SERIAL = re.compile(r"[A-Za-z0-9_.-]{1,20}")
SLOT = re.compile(r"[^\s,=]+=([0-9.:]+)")
# What stands in a file without quotes.
PLAIN = re.compile(r"[A-Za-z0-9_./:@+-][A-Za-z0-9_./:@+= -]*(?<! )")


@dataclass(frozen=True)
class Definition:
    """One guest as a file describes it.

    `disks` holds `size` and the properties of each disk by its name; `diskless` says that the
    guest is to have none, and `pool` is None where the file leaves that open.
    """

    name: str
    file: str
    pool: str | None = None
    properties: Mapping[str, str] = field(default_factory=dict)
    disks: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    diskless: bool = False

    @property
    def place(self) -> str:
        """Where it is written down."""
        return f"{self.file}: [{self.name}]"


def read_files(files: Sequence[str]) -> list[Definition]:
    """Return the definitions in all the files, `-` being standard input, in their order.

    Raises UsageError for what is no definition, and for a guest that is defined twice.
    """
    found: dict[str, Definition] = {}
    for file in files:
        shown = "standard input" if file == STANDARD else file
        for definition in parse(read_text(file, shown), shown):
            before = found.setdefault(definition.name, definition)
            if before is not definition:
                raise UsageError(f"{definition.place} is defined in {before.file} already")
    return list(found.values())


def read_text(file: str, shown: str) -> str:
    """Return the text of a file, or of standard input."""
    try:
        if file == STANDARD:
            return sys.stdin.buffer.read().decode("utf-8-sig")
        # A path that the user named is the machine's own, in the lab too.
        return Path(file).read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise NotFound(f"{shown}: there is no such file") from error
    except OSError as error:
        raise ChyvesError(f"{shown}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise UsageError(f"{shown}: is not a text in UTF-8") from error


def parse(text: str, shown: str) -> list[Definition]:
    """Return the definitions in a text; `shown` is what errors call the file."""
    from configobj import ConfigObj

    try:
        # Lines are split here: ConfigObj would also do it at signs that values may hold.
        tree = ConfigObj(text.split("\n"), interpolation=False)
    except SyntaxError as error:
        raise UsageError(f"{shown}: {syntax(error)}") from error
    for name in tree.scalars:
        raise UsageError(f"{shown}: {name} stands before the first [GUEST]")
    return [read_guest(shown, name, tree[name]) for name in tree.sections]


def syntax(error: SyntaxError) -> str:
    """Return in words what ConfigObj found wrong, and in which line."""
    first = next(iter(getattr(error, "errors", [])), error)
    line = getattr(first, "line_number", None)
    words = {
        "DuplicateError": "the same name is there already",
        "NestingError": "is no section, they are [GUEST], and in it [[disk0]]",
    }.get(type(first).__name__, "is neither [GUEST], [[disk0]] nor NAME = VALUE")
    if "in value" in str(first) or "multiline" in str(first):
        words = "the quotes around the value do not fit"
    return f"line {line}: {words}" if line else words


def read_guest(file: str, name: str, section: Any) -> Definition:
    """Return the definition in one section."""
    place = f"{file}: [{name}]"
    if not re.fullmatch(GUEST_NAME, name):
        raise UsageError(f"{place} can't be the name of a guest")
    properties = {key: one_value(place, key, section[key]) for key in section.scalars}
    pool, word = properties.pop(POOL, None), properties.pop(DISKS, None)
    if word not in (None, NO_DISKS):
        raise UsageError(f"{place} {DISKS} = {word}: {NO_DISKS}, or a section [[disk0]]")
    disks = {}
    for disk in section.sections:
        values = read_disk(f"{place} [[{disk}]]", disk, section[disk])
        options = values.pop("options", None)
        if options is not None and properties.setdefault(f"{OPTIONS}{disk}", options) != options:
            raise UsageError(f"{place} {OPTIONS}{disk} and [[{disk}]] options differ")
        disks[disk] = values
    if word and disks:
        raise UsageError(f"{place} {DISKS} = {word}, and there is [[{next(iter(disks))}]]")
    return Definition(name, file, pool, properties, disks, diskless=word is not None)


def read_disk(place: str, name: str, section: Any) -> dict[str, str]:
    """Return the values in the section of a disk, under the names of the properties."""
    if not DISK_NAME.fullmatch(name):
        raise UsageError(f"{place} is no section that there can be", "[[disk0]], [[disk1]], ...")
    for inner in section.sections:
        raise UsageError(f"{place} [[[{inner}]]]: a disk has no sections")
    for key in section.scalars:
        if key not in ("size", "options", *DISK_KEYS):
            known = ", ".join(("size", "options", *DISK_KEYS))
            raise UsageError(f"{place} there is no {key!r} of a disk", known)
    return {DISK_KEYS.get(key, key): one_value(place, key, section[key]) for key in section.scalars}


def one_value(place: str, name: str, value: object) -> str:
    """Return a value; ConfigObj makes a list of one that has commas and no quotes."""
    if not isinstance(value, str):
        raise UsageError(f"{place} {name}: a value with commas stands in quotes")
    return value


def check(definitions: Sequence[Definition], *, unknown_allowed: bool) -> list[Definition]:
    """Return the definitions with all values as they are stored; raises for a wrong one."""
    guest, disk = load_schema("guest"), load_schema("disk")
    return [checked(each, guest, disk, unknown_allowed) for each in definitions]


def checked(
    definition: Definition, guest: Schema, disk: Schema, unknown_allowed: bool
) -> Definition:
    """Return one definition with its values as they are stored."""
    place, properties = definition.place, {}
    disks: dict[str, dict[str, str]] = {name: {} for name in definition.disks}
    try:
        for name, value in definition.properties.items():
            properties[name] = check_property(guest, name, value, unknown_allowed)
        for disk_name, values in definition.disks.items():
            place = f"{definition.place} [[{disk_name}]]"
            for name, value in values.items():
                disks[disk_name][name] = check_disk(disk, name, value)
    except ChyvesError as error:
        raise type(error)(f"{place} {error.message}", error.hint) from None
    return replace(definition, properties=properties, disks=disks)


def check_property(schema: Schema, name: str, value: str, unknown_allowed: bool) -> str:
    """Return a guest's value as it is stored; a file may set the identity that `set` refuses."""
    if name == SLOTS:
        return check_slots(value)
    if name == INTERFACES:
        return schema.check(name, value)
    return check_one(schema, name, value, unknown_allowed)


def check_slots(value: str) -> str:
    """Return PCI slots as they are stored; raises UsageError where devices could not have them."""
    pairs = [SLOT.fullmatch(pair) for pair in value.split(",")] if value else []
    kept = slots.parse_slots(value)
    places = list(kept.values())
    twice = any(slots.clash(one, other) for one, other in combinations(places, 2))
    if not len(pairs) == len([pair for pair in pairs if pair]) == len(kept) or twice:
        raise UsageError(f"{SLOTS}={value}: must be DEVICE=SLOT, comma separated, each once")
    if not {place.slot for place in places} <= set(slots.SHARED):
        raise UsageError(f"{SLOTS}={value}: slots are {min(slots.SHARED)} to {max(slots.SHARED)}")
    return slots.show_slots(kept)


def check_disk(schema: Schema, name: str, value: str) -> str:
    """Return a disk's value as it is stored; its size stays as it was written."""
    if name == "size":
        read_size(value)
        return value
    if name == SERIAL and not DISK_SERIAL.fullmatch(value):
        raise UsageError(f"serial={value}: 1 to 20 letters, digits, _ . - make a serial number")
    return schema.check(name, value)


def show(definitions: Sequence[Definition], heading: Sequence[str] = ()) -> str:
    """Return the definitions as the text of a file: the same for the same guests."""
    lines = [f"# {line}".rstrip() for line in heading]
    for definition in definitions:
        lines += ["", f"[{definition.name}]", *guest_lines(definition)]
    return "\n".join(lines) + "\n"


def guest_lines(definition: Definition) -> Iterator[str]:
    """Return the lines in the section of one guest, in a stable order."""
    properties = dict(definition.properties)
    options = {name: properties.pop(f"{OPTIONS}{name}", None) for name in definition.disks}
    reserved = {POOL, DISKS} & properties.keys()
    if reserved:
        name = reserved.pop()
        raise Refused(
            f"{definition.name}: {name} means something else in a file, it can't be exported",
            f"chyves {definition.name} unset {name}",
        )
    if definition.pool is not None:
        yield line(definition, POOL, definition.pool)
    if definition.diskless:
        yield line(definition, DISKS, NO_DISKS)
    for name in sorted(properties):
        yield line(definition, name, properties[name])
    for name, values in definition.disks.items():
        yield f"  [[{name}]]"
        shown = {key: values.get(DISK_KEYS.get(key, key)) for key in ("size", *DISK_KEYS)}
        for key, value in {**shown, "options": options[name]}.items():
            if value is not None:
                yield f"  {line(definition, key, value)}"


def line(definition: Definition, name: str, value: str) -> str:
    """Return one `name = value`; raises where that can't be written so that it is read again."""
    try:
        check_storable(name, value)
        return f"{name} = {quoted(name, value)}"
    except UsageError as error:
        raise ChyvesError(
            f"{definition.name}: {error.message}", f"chyves {definition.name} set {name}=VALUE"
        ) from None


def quoted(name: str, value: str) -> str:
    """Return a value in the quotes that ConfigObj needs for it."""
    if PLAIN.fullmatch(value):
        return value
    for quote in ('"', "'"):
        if quote not in value:
            return f"{quote}{value}{quote}"
    for quote in ('"""', "'''"):
        if quote not in value:
            return f"{quote}{value}{quote}"
    raise UsageError(f"{name}: the value has \"\"\" and ''' in it, and ConfigObj no other quotes")
