"""Plan one boot of a guest: from what ZFS and the host say now to the files its supervisor runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

from chyves_core import resources
from chyves_core.bhyve import host_devices, slots
from chyves_core.bhyve.devices import virtio_console
from chyves_core.bhyve.limits import limited
from chyves_core.bhyve.machine import Machine, Media, all_slots, plan_machine
from chyves_core.bhyve.version import HostFacts, read_boot_facts
from chyves_core.disks.images import image_paths
from chyves_core.disks.settling import check_settled
from chyves_core.errors import Refused
from chyves_core.guests import GUEST_PREFIX, Guest, Inventory
from chyves_core.host import Host
from chyves_core.loaders import firmware
from chyves_core.loaders.loader import Loader, plan_loader
from chyves_core.loaders.reading import read_loader_facts
from chyves_core.network.design import Design
from chyves_core.plan import Plan, Remove, Run, Step, Write, run
from chyves_core.settings import Settings, global_settings
from chyves_core.supervise.ctl import has_ctl
from chyves_core.supervise.folder import RunFolder, argv_text
from chyves_core.supervise.scripts import LIMITED, script
from chyves_core.supervise.swtpm import check_installed, plan_swtpm
from chyves_core.zfs import set_properties

SEED_FILE = "seed.iso"


@dataclass(frozen=True)
class Boot:
    """One boot of a guest: what is made before it, what its supervisor reads, what it runs.

    `beside` starts what runs as long as bhyve does.
    """

    guest: Guest
    machine: Machine
    loader: Loader | None
    before: Plan
    files: Plan
    beside: Plan = ()


@dataclass(frozen=True)
class Surroundings:
    """What was read once for all guests of a command."""

    inventory: Inventory
    settings: Settings
    facts: HostFacts
    modules: frozenset[str]

    @property
    def consolidate(self) -> bool:
        """Whether new devices share PCI slots."""
        return self.settings.enabled(slots.CONSOLIDATE)

    @property
    def wanted_modules(self) -> tuple[str, ...]:
        """The kernel modules that guests need."""
        return ("vmm", "nmdm", "if_bridge", self.facts.tap_module)

    @property
    def design(self) -> Design:
        """The design of the host's networks."""
        return Design.from_settings(
            self.settings, members_have_addresses=self.facts.members_have_addresses
        )


def read_surroundings(
    host: Host, inventory: Inventory, facts: HostFacts | None = None
) -> Surroundings:
    """Read the host's facts, where they are not known yet, and its kernel modules."""
    listed = host.read("kldstat").stdout.split()
    return Surroundings(
        inventory,
        global_settings(inventory.storage),
        facts or read_boot_facts(host),
        frozenset(word for word in listed if word.endswith(".ko")),
    )


def plan_host(around: Surroundings) -> Plan:
    """Return the steps that ready the host itself: kernel modules, and taps that come up."""
    steps: list[Step] = []
    if around.settings.enabled("auto_load_kernel_mods"):
        missing = [name for name in around.wanted_modules if f"{name}.ko" not in around.modules]
        if missing:
            # -n: one that is compiled into the kernel is no error (captures kldload-n).
            steps.append(run("kldload", "-n", *missing))
    if around.settings.enabled("tap_up_by_default") and not around.facts.tap_up_on_open:
        steps.append(run("sysctl", "net.link.tap.up_on_open=1"))
    return tuple(steps)


def plan_boot(host: Host, around: Surroundings, guest: Guest, iso: str | None) -> Boot:
    """Return one boot of a guest, `iso` being the name of the ISO in its drive.

    Raises Refused for a template and for what this host can't do, NotFound for a resource that is
    not there.
    """
    if guest.is_template:
        raise Refused(f"{guest.name}: is a template, it is never started")
    check_vm_name(guest, around.facts)
    check_settled(around.inventory, guest)
    check_mounted(around.inventory, guest)
    folder = RunFolder(guest.name)
    media = find_media(host, around, guest, iso)
    machine = plan_machine(
        guest, media, around.facts, folder.file("bhyve.conf"), consolidate=around.consolidate
    )
    check_installed(guest)
    check_host_devices(host, guest)
    loader = plan_loader(guest, media, folder.path, read_loader_facts(host, guest, around.facts))
    # bhyve(8): a socket that is left from before is in the way of a console port.
    sockets = tuple(Remove(path) for path in virtio_console.sockets(guest, folder.path))
    variables = firmware.plan_variables(host, around.inventory, guest, media)
    before = (
        *plan_ctl(host, around, guest, machine),
        *variables,
        *plan_slots(guest, media, around),
        *sockets,
    )
    files = (*plan_cd(host, guest, media), *plan_files(folder, machine, loader))
    return Boot(guest, machine, loader, before, files, plan_swtpm(guest, folder))


def check_vm_name(guest: Guest, facts: HostFacts) -> None:
    """Refuse a guest whose VM name is too long for this host."""
    if len(guest.vm_name) > facts.longest_vm_name:
        most = facts.longest_vm_name - len(guest.vm_name) + len(guest.name)
        raise Refused(
            f"{guest.name}: this host's VM names leave {most} characters for a guest",
            f"chyves {guest.name} rename NEW",
        )


def plan_ctl(host: Host, around: Surroundings, guest: Guest, machine: Machine) -> tuple[Run, ...]:
    """Return the step that loads ctl(4) where a guest needs it; Refused where it may not."""
    if not machine.units or has_ctl(host):
        return ()
    if not around.settings.enabled("auto_load_kernel_mods"):
        raise Refused(f"{guest.name}: virtio-scsi disks need ctl(4)", "kldload ctl")
    return (run("kldload", "-n", "ctl"),)


def check_host_devices(host: Host, guest: Guest) -> None:
    """Refuse a guest that wants a device of the host which it can't have; asks only for such."""
    if host_devices.wanted(guest):
        host_devices.check(guest, read_host_devices(host))


def read_host_devices(host: Host) -> host_devices.Devices:
    """Return the host's PCI devices and their drivers."""
    return host_devices.parse(host.read("pciconf", "-l").stdout)


def command_line(machine: Machine) -> tuple[str, ...]:
    """Return what the supervisor runs: bhyve, or what puts its limits on it before."""
    return (
        limited(machine.argv, machine.limits, script(LIMITED)) if machine.limits else machine.argv
    )


def plan_files(folder: RunFolder, machine: Machine, loader: Loader | None) -> tuple[Step, ...]:
    """Return the steps that write what the supervisor, the loader and bhyve read."""
    steps: list[Step] = [folder.write("bhyve.argv", argv_text(command_line(machine)))]
    if machine.file:
        steps.append(Write(machine.file.path, machine.file.text, 0o600, machine.file.shown))
    if loader is None:
        return (*steps, Remove(folder.file("loader.argv")))
    steps += [folder.write(name, text) for name, text in loader.files]
    return (*steps, folder.write("loader.argv", argv_text(loader.argv)))


def plan_cd(host: Host, guest: Guest, media: Media) -> tuple[Step, ...]:
    """Return the step that writes the CD for cloud-init, for a guest that has one."""
    if not media.seed:
        return ()
    from chyves_core.cloud.seed import plan_seed

    return (plan_seed(host, guest, media.seed),)


def check_mounted(inventory: Inventory, guest: Guest) -> None:
    """Refuse a guest whose filesystem is not mounted: its images and UEFI variables are in there.

    It would boot without them, lose their PCI slots, and get new variables beside its own.
    """
    if inventory.storage.datasets[guest.dataset].value("mounted") == "no":
        raise Refused(f"{guest.name}: {guest.dataset} is not mounted", f"zfs mount {guest.dataset}")


def plan_slots(guest: Guest, media: Media, around: Surroundings) -> tuple[Run, ...]:
    """Return the step that stores the slots of devices that had none, so that they keep them."""
    stored = guest.value("pci_slots")
    kept = slots.show_slots(
        all_slots(guest, media.images, consolidate=around.consolidate, seed=bool(media.seed))
    )
    if kept == stored:
        return ()
    return (set_properties([guest.dataset], {f"{GUEST_PREFIX}pci_slots": kept}),)


def find_media(host: Host, around: Surroundings, guest: Guest, iso: str | None) -> Media:
    """Return the files that a guest boots with: ISO, seed, firmware, variables, image files."""
    media = Media(images=image_paths(host, guest))
    if iso:
        media = replace(media, iso=resources.find(around.inventory.storage, "ISO", iso).path)
    if guest.value("cloud_seed") == "yes":
        media = replace(media, seed=RunFolder(guest.name).file(SEED_FILE))
    if guest.value("loader") == "uefi":
        rom = firmware.find_firmware(host, around.inventory, guest, around.facts)
        media = replace(media, firmware=rom, variables=firmware.variables_path(guest))
    return media
