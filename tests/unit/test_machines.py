"""Whatever valid properties a guest has, its command line is valid, stable, and keeps its slots."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from chyves_core.bhyve.arguments import Argument
from chyves_core.bhyve.machine import Machine, Media, all_slots, plan_machine
from chyves_core.bhyve.slots import Place, clash, parse_slots, show_slots
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import Refused
from chyves_core.guests import Disk, Guest
from chyves_core.lab.bhyve.options import read_command_line
from chyves_core.properties.schema import load_schema

DATASET = "zroot/chyves/guests/web1"
HOST = HostFacts(1500068, "amd64", 16, 16, True, racct=True)
SCHEMA = load_schema("guest")
PATHS = st.from_regex(r"/[a-z0-9% ._-]{1,20}[a-z0-9]", fullmatch=True)

OPTIONAL = st.fixed_dictionaries(
    {},
    optional={
        "bargs": st.sampled_from(["-A -H -P", "-AHPS", "-H -P -u -w", "-A -l com4,/dev/nmdm99A"]),
        "random": st.sampled_from(["yes", "no"]),
        "sound": st.sampled_from(["play=/dev/dsp0", "rec=/dev/dsp1", "play=/dev/dsp,rec=/dev/dsp"]),
        "share_1": PATHS.map(lambda path: f"one={path}"),
        "share_7": PATHS.map(lambda path: f"seven={path},ro"),
        "virtio_console_1": st.sampled_from(["agent", "a.b-c_d"]),
        "virtio_console_2": st.just("log"),
        "virtio_input_1": st.just("/dev/input/event0"),
        "pcidev_1": st.sampled_from(["passthru,2/0/0", "passthru,ppt0", "virtio-rnd"]),
        "pcidev_2": st.sampled_from(["passthru,2/0/1", "passthru,3/0/0", "uart,/dev/nmdm9A"]),
        "com2": st.sampled_from(["/dev/nmdm7A", "tcp=127.0.0.1:4000"]),
        "cpu": st.sampled_from(["1", "16", "cpus=8,sockets=2,cores=2,threads=2", "cores=3"]),
        "ram": st.sampled_from(["256M", "64G"]),
        "keyboard": st.just("de_noacc"),
        "gdb": st.sampled_from(["1234", "w127.0.0.1:1234"]),
        "bhyve_disk_type": st.sampled_from(["virtio-blk", "ahci-hd", "nvme", "virtio-scsi"]),
        "bhyve_net_type": st.sampled_from(["virtio-net", "e1000"]),
        "uefi_console_output": st.sampled_from(["serial", "vnc"]),
        "uefi_vnc_mouse_type": st.sampled_from(["ps2", "usb3"]),
        "uefi_vnc_password": st.sampled_from(["", "geheim"]),
        "uefi_vnc_ip": st.sampled_from(["127.0.0.1", "::1", "fe80::1%em0"]),
        "virtio_block_options_disk1": st.sampled_from(["ro", "nodelete,sectorsize=512/4096"]),
        "pcidev_3": st.sampled_from(["e1000,slirp", "virtio-net,netgraph,path=a:,peerhook=b"]),
        "com3": st.just("/dev/nmdm8A"),
        "cpu_pin": st.sampled_from(["0:0", "0:2,0:3"]),
        "tpm": st.sampled_from(["swtpm", "passthru,/dev/tpm0"]),
        "fwcfg": st.sampled_from(["bhyve", "qemu"]),
        "fwcfg_1": st.sampled_from(["opt/a,string=b", "opt/c,file=/etc/passwd"]),
        "limit_cpu": st.just("50"),
        "limit_read": st.just("1M"),
        "uefi_vnc_vga": st.sampled_from(["io", "on", "off"]),
        "uefi_vnc_res": st.sampled_from(["640x480", "1920x1200"]),
        "uefi_vnc_pause_until_client_connect": st.sampled_from(["yes", "no"]),
        "uefi_vars": st.sampled_from(["yes", "no"]),
    },
)
LOADERS = st.sampled_from(["bhyveload", "uefi", "grub-bhyve"])
NUMBERS = st.lists(st.integers(0, 30), max_size=6, unique=True)
few = settings(max_examples=60, deadline=None)


@st.composite
def guests(draw: st.DrawFn) -> Guest:
    """Return any guest, its slots not given yet."""
    taps = [f"tap{number}" for number in draw(NUMBERS)]
    properties = {
        **draw(OPTIONAL),
        "loader": draw(LOADERS),
        "serial": "nmdm50",
        "uefi_vnc_port": "5900",
        "net_ifaces": ",".join(taps),
        "pci_slots": "",
    }
    return with_disks(Guest("web1", "zroot", DATASET, properties, (), 0, "", SCHEMA), draw(NUMBERS))


def with_disks(guest: Guest, numbers: list[int]) -> Guest:
    """Return the guest with just these disks."""
    disks = [
        Disk(f"disk{number}", f"{DATASET}/disk{number}", 1 << 30, {"disk_serial": f"CHY{number}"})
        for number in sorted(numbers)
    ]
    return replace(guest, disks=tuple(disks))


def with_properties(guest: Guest, **properties: str) -> Guest:
    """Return the guest with more properties."""
    return replace(guest, properties={**guest.properties, **properties})


def plan(guest: Guest, consolidate: bool, path: str = "/run/web1/bhyve.conf") -> Machine:
    """Return the machine of a guest."""
    firmware = "/fw.fd" if guest.value("loader") == "uefi" else None
    return plan_machine(guest, Media(firmware=firmware), HOST, path, consolidate=consolidate)


def kept(guest: Guest, consolidate: bool) -> dict[str, Place]:
    """Return the places that a guest's devices get, as they are stored and read again."""
    return parse_slots(show_slots(all_slots(guest, (), consolidate=consolidate)))


@few
@given(guests(), st.booleans())
def test_a_valid_guest_has_one_valid_command_line(guest: Guest, consolidate: bool) -> None:
    machine = plan(guest, consolidate)
    assert machine == plan(guest, consolidate)
    assert machine.file
    flags = settings_of_words([*machine.flags[1:]])
    secrets = {name: value for each in machine.arguments for name, value in each.secrets}
    stay = [word for word in machine.argv[1:] if word not in ("-k", machine.file.path)]
    told = settings_of_words(stay) | settings_of_file(machine.file.text)
    expanded = {name: value.replace("%%", "%") for name, value in told.items()}
    assert expanded == {**flags, **secrets}
    assert "geheim" not in str(machine.argv) + machine.file.shown + str(machine.flags)


def settings_of_words(words: list[str]) -> dict[str, str]:
    """Return what the lab's bhyve makes of a command line."""
    return dict(read_command_line(words, (15, 0), Path).lines())


def settings_of_file(text: str) -> dict[str, str]:
    """Return the settings of a file's lines."""
    return dict(line.partition("=")[::2] for line in text.splitlines())


@few
@given(guests(), st.booleans())
def test_no_two_devices_stand_in_one_place(guest: Guest, consolidate: bool) -> None:
    places = list(kept(guest, consolidate).values())
    for number, place in enumerate(places):
        assert not any(clash(place, other) for other in places[number + 1 :])
    addresses = [address(each) for each in plan(guest, consolidate).arguments if each.flag == "-s"]
    assert len(addresses) == len(set(addresses))
    slots = {slot for slot, _ in addresses}
    assert slots == {slot for slot, function in addresses if function == 0}, "no function 0"


def address(argument: Argument) -> tuple[int, int]:
    """Return slot and function of a device."""
    slot, _, function = argument.value.partition(",")[0].partition(":")
    return int(slot), int(function or 0)


@few
@given(guests(), guests(), st.booleans(), st.booleans())
def test_a_new_device_never_moves_another(
    guest: Guest, more: Guest, before: bool, after: bool
) -> None:
    first = kept(guest, before)
    names = {disk.number for disk in guest.disks} | {disk.number for disk in more.disks}
    nics = dict.fromkeys((*guest.interfaces, *more.interfaces))
    grown = with_disks(
        with_properties(
            guest,
            **{name: value for name, value in more.properties.items() if name.startswith("share")},
            net_ifaces=",".join(nics),
            pci_slots=show_slots(first),
        ),
        sorted(names),
    )
    try:
        second = kept(grown, after)
    except Refused as error:
        assert "no PCI slot is free" in error.message
        return
    assert {name: second[name] for name in first} == first


@few
@given(guests(), st.data())
def test_a_deleted_device_leaves_the_others_where_they_are(
    guest: Guest, data: st.DataObject
) -> None:
    first = kept(guest, True)
    stays = data.draw(
        st.lists(st.sampled_from([disk.number for disk in guest.disks]), unique=True)
        if guest.disks
        else st.just([])
    )
    less = with_disks(with_properties(guest, pci_slots=show_slots(first)), stays)
    second = kept(less, True)
    assert all(second[name] == place for name, place in first.items() if name in second)
    plan(less, True)
