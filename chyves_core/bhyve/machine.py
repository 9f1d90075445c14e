"""The whole bhyve command line of a guest, made from its parts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from chyves_core.bhyve import bargs, config_file, cpu_memory, limits, slots
from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.config_file import ConfigFile
from chyves_core.bhyve.devices import cd, custom, disks, extras, framebuffer, interfaces, lpc
from chyves_core.bhyve.devices.scsi import Unit
from chyves_core.bhyve.slots import Place
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import ChyvesError, Refused, UsageError
from chyves_core.guests import Guest


@dataclass(frozen=True)
class Media:
    """The files that a guest boots with, as paths of the host; None where it has none."""

    iso: str | None = None
    firmware: str | None = None
    variables: str | None = None
    images: tuple[str, ...] = ()
    seed: str | None = None


@dataclass(frozen=True)
class Machine:
    """What bhyve is started with: argv, and the file that it reads where it can read one.

    `arguments` are all of it in bhyve(8)'s own words, whether they stand in argv or in the file.
    `limits` are rules of rctl(8) for its process, `units` what ctl(4) has to show it.
    """

    argv: tuple[str, ...]
    file: ConfigFile | None
    arguments: tuple[Argument, ...]
    limits: tuple[str, ...] = ()
    units: tuple[Unit, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """The command line without a file; what must not stand in argv does not stand here."""
        return ("bhyve", *(word for each in self.arguments for word in each.words))


def plan_machine(
    guest: Guest, media: Media, facts: HostFacts, config_path: str, *, consolidate: bool = False
) -> Machine:
    """Return the command line that runs the guest.

    Where this host's bhyve has -k, the machine stands in a file at `config_path` and argv names
    it: no user of the host sees a password, and `ps` stays short. Raises Refused for what this
    host's bhyve can't do.
    """
    check_properties(guest)
    limits.check(guest, facts)
    rules = limits.rules(guest)
    places = all_slots(guest, media.images, consolidate=consolidate, seed=bool(media.seed))
    run_folder = config_path.rpartition("/")[0]
    planned = machine_arguments(guest, media, facts, places, run_folder)
    arguments = (*planned, vm_argument(guest))
    check_words(guest, arguments)
    bargs.check_conflicts(guest, arguments)
    units = tuple(disks.units(guest, media.images, places))
    if not facts.has_config_file:
        disks.check_ports(guest, places)
        return Machine(Machine((), None, arguments).flags, None, arguments, rules, units)
    stay, file = config_file.split(arguments, config_path)
    # bhyve calls a slot that a file has named before -s occupied, so the file comes last.
    *flags, name = stay
    argv = (
        "bhyve",
        *(word for each in flags for word in each.words),
        "-k",
        config_path,
        name.value,
    )
    return Machine(argv, file, arguments, rules, units)


def machine_arguments(
    guest: Guest,
    media: Media,
    facts: HostFacts,
    places: Mapping[str, Place],
    run_folder: str,
) -> Iterator[Argument]:
    """Yield all arguments but the VM's name, in the order of the command line."""
    yield from cpu_memory.arguments(guest, facts)
    yield from bargs.arguments(guest, facts)
    if guest.value("uuid"):
        yield Argument("-U", guest.value("uuid"), ("uuid",), "UUID that the guest sees")
    yield from extras.settings(guest, facts, run_folder)
    yield device(
        Place(slots.HOSTBRIDGE), "hostbridge", sources=("every guest has one",), says="PCI bridge"
    )
    yield from cd.devices(media.iso, media.seed, places)
    placed = (
        *disks.devices(guest, media.images, places, facts),
        *interfaces.devices(guest, places, facts),
        *custom.devices(guest, places, facts),
        *extras.devices(guest, places, facts, run_folder),
    )
    yield from placed
    yield from placeholders(placed)
    yield from framebuffer.devices(guest, facts)
    yield from lpc.devices(guest, lpc.Firmware(media.firmware, media.variables), facts)


def placeholders(placed: Iterable[Argument]) -> Iterator[Argument]:
    """Yield a host bridge as function 0 of each slot that others share and that has none.

    A guest looks for the other functions of a slot only where there is a function 0 (PCI Local
    Bus 3.0, 3.2.2.3.4); the device that stood there may have been deleted.
    """
    addresses = {each.value.partition(",")[0] for each in placed}
    for slot in sorted({int(address.partition(":")[0]) for address in addresses}):
        if str(slot) not in addresses:
            says = "keeps the slot's other functions visible"
            yield device(Place(slot), "hostbridge", sources=("pci_slots",), says=says)


def vm_argument(guest: Guest) -> Argument:
    """Return the last word: the VM's name."""
    return Argument("", guest.vm_name, ("the guest's name",), f"VM, /dev/vmm/{guest.vm_name}")


def all_slots(
    guest: Guest, images: Iterable[str], *, consolidate: bool = False, seed: bool = False
) -> dict[str, Place]:
    """Return the place of every device; those without one of their own get the first free ones."""
    paths = tuple(images)
    devices = [
        *(disk.name for disk in guest.disks),
        *(disks.image_name(path) for path in paths),
        *guest.interfaces,
        *extras.names(guest),
        *((cd.SEED,) if seed else ()),
    ]
    kept = slots.parse_slots(guest.value("pci_slots"))
    if any(place.slot == slots.CD for name, place in kept.items() if name != cd.ISO):
        # A guest of iohyve can have a device where the drive stands otherwise.
        devices.append(cd.ISO)
    ahci = disks.shared_ahci(guest, paths)
    try:
        places = slots.assign(kept, devices, consolidate=consolidate, ahci=ahci)
        return custom.assign(guest, places, consolidate=consolidate)
    except Refused as error:
        raise Refused(f"{guest.name}: {error.message}", error.hint) from None


def check_properties(guest: Guest) -> None:
    """Refuse a guest that has a value which `set` would not have taken.

    Whoever may set user properties on a dataset can give it any value (zfs-allow(8)); none of
    them reaches a command line unchecked.
    """
    for name, value in guest.properties.items():
        if value and guest.schema.find(name):
            try:
                guest.schema.check(name, value)
            except UsageError as error:
                raise ChyvesError(
                    f"{guest.name}: {error}", f"chyves {guest.name} get all"
                ) from None


def check_words(guest: Guest, arguments: Iterable[Argument]) -> None:
    """Refuse words with control characters: they were not set by chyves, and hide what they do."""
    for word in (word for each in arguments for word in each.words):
        if any(ord(char) < 32 or ord(char) == 127 for char in word):
            raise ChyvesError(f"{guest.name}: a property holds control characters: {word!r}")
