"""The lab's grub-bhyve as a command: its options, its VM and what it leaves for bhyve.

The messages are from the source of grub2-bhyve (main.c, bhyve_hostif.c), not from a capture.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import LabHost

LOAD = "linux (hd0)/boot/vmlinuz\nboot\n"


@pytest.fixture
def device_map(empty_lab: LabHost) -> str:
    """The path of a device map that names one blank disk."""
    disk = empty_lab.folder / "blank.img"
    disk.write_bytes(bytes(1 << 20))
    file = empty_lab.folder / "device.map"
    file.write_text(f"(hd0) {disk}\n")
    return str(file)


def vm_state(lab: LabHost, name: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((lab.root / "dev/vmm" / name).read_text())
    return state


def test_a_loaded_kernel_is_noted_in_the_vm(empty_lab: LabHost, device_map: str) -> None:
    argv = ("grub-bhyve", "-m", device_map, "-r", "hd0", "-M", "512M", "vm1")
    done = empty_lab.run(*argv, stdin=LOAD)
    assert done.stdout == "Welcome to GRUB!\n\n"
    state = vm_state(empty_lab, "vm1")
    assert state["memory"] == 512 << 20
    assert state["loaded"]["command_line"] == "console=ttyS0 BOOT_IMAGE=(hd0)/boot/vmlinuz"
    assert list(state["loaded"]["devices"]) == ["hd0", "host"]


def test_a_menu_on_the_host_is_read_through_the_device_host(
    empty_lab: LabHost, device_map: str
) -> None:
    folder = empty_lab.root / "var/run/grub"
    folder.mkdir(parents=True)
    (folder / "grub.cfg").write_text("linux (hd0,msdos1)/vmlinuz single\nboot\n")
    for directory in ("/var/run/grub", str(folder)):
        argv = ("grub-bhyve", "-m", device_map, "-r", "host", "-d", directory, "vm1")
        empty_lab.run(*argv)
        loaded = vm_state(empty_lab, "vm1")["loaded"]
        assert loaded["command_line"] == "console=ttyS0 BOOT_IMAGE=(hd0,msdos1)/vmlinuz single"


def test_another_name_of_the_menu_is_given_with_g(empty_lab: LabHost, device_map: str) -> None:
    (empty_lab.root / "tmp/my.cfg").write_text("linux (hd0)/vmlinuz\nboot\n")
    argv = ("-m", device_map, "-r", "host", "-d", "/tmp", "-g", "my.cfg", "-n", "vm1")
    empty_lab.run("grub-bhyve", *argv)
    assert vm_state(empty_lab, "vm1")["loaded"]["command_line"] == "BOOT_IMAGE=(hd0)/vmlinuz"


@pytest.mark.parametrize("word", ["exit", "reboot", "halt"])
def test_a_loader_that_is_left_ends_well_and_loads_nothing(
    empty_lab: LabHost, device_map: str, word: str
) -> None:
    typed = f"linux (hd0)/boot/vmlinuz\n{word}\n"
    empty_lab.run("grub-bhyve", "-m", device_map, "vm1", stdin=typed)
    assert vm_state(empty_lab, "vm1")["loaded"] is False


def test_a_loader_whose_input_ends_without_boot_waits_until_it_is_killed(
    empty_lab: LabHost, device_map: str
) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(
            [empty_lab.lab.bin / "grub-bhyve", "-m", device_map, "vm1"],
            env=empty_lab.environment(),
            input=b"linux (hd7)/boot/vmlinuz\nboot\n",
            timeout=1.5,
            check=False,
        )
    assert vm_state(empty_lab, "vm1")["loaded"] is False


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("-M", "64M"), "Required VM name parameter not supplied\n"),
        (("-M", "lots", "vm1"), "Invalid guest memory size `lots'.\n"),
        (("-z", "vm1"), "grub-bhyve: invalid option -- 'z'\n"),
        (("a b",), "Could not create VM a b\nError in initializing VM\n"),
    ],
)
def test_a_wrong_command_line_is_refused(
    empty_lab: LabHost, argv: tuple[str, ...], words: str
) -> None:
    done = empty_lab.run("grub-bhyve", *argv, status=1)
    assert done.stderr.startswith(words)


def test_a_vm_that_was_killed_must_be_destroyed_first(empty_lab: LabHost, device_map: str) -> None:
    empty_lab.run("grub-bhyve", "-m", device_map, "-M", "64M", "vm1", stdin=LOAD)
    file = empty_lab.root / "dev/vmm/vm1"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"active": 1}))
    done = empty_lab.run("grub-bhyve", "-m", device_map, "-M", "64M", "vm1", status=1)
    assert done.stderr == "Could not reinit VM vm1\nError in initializing VM\n"
    empty_lab.run("bhyvectl", "--vm=vm1", "--destroy")
    empty_lab.run("grub-bhyve", "-m", device_map, "-M", "64M", "vm1", stdin=LOAD)


def test_a_vm_keeps_its_memory_until_it_is_destroyed(empty_lab: LabHost, device_map: str) -> None:
    empty_lab.run("grub-bhyve", "-m", device_map, "-M", "64M", "vm1", stdin=LOAD)
    done = empty_lab.run("grub-bhyve", "-m", device_map, "-M", "128M", "vm1", status=1)
    assert done.stderr == "Could not setup memory for VM\nError in initializing VM\n"


def test_only_root_makes_a_vm(empty_lab: LabHost, device_map: str) -> None:
    done = empty_lab.run("grub-bhyve", "-m", device_map, "vm1", status=1, CHYVES_LAB_UID="1001")
    assert done.stderr == "Could not create VM vm1\nError in initializing VM\n"


def test_with_c_the_loader_is_on_a_null_modem(empty_lab: LabHost, device_map: str) -> None:
    from chyves_core.lab.host.nmdm import open_nmdm

    console = open_nmdm(empty_lab.lab, "/dev/nmdm77B")
    with open(console, "r+b", buffering=0) as other_end:
        loader = subprocess.Popen(
            [empty_lab.lab.bin / "grub-bhyve", "-c", "/dev/nmdm77A", "-m", device_map, "vm1"],
            env=empty_lab.environment(),
            stdin=subprocess.DEVNULL,
        )
        other_end.write(b"linux (hd0)/boot/vmlinux\x7fz\rboot\r")
        assert loader.wait(20) == 0
        shown = other_end.read(4096)
    assert b"Welcome to GRUB!" in shown
    assert vm_state(empty_lab, "vm1")["loaded"]["kernel"] == "(hd0)/boot/vmlinuz"


def test_help_names_every_option(empty_lab: LabHost, tmp_path: Path) -> None:
    text = empty_lab.run("grub-bhyve", "--help").stdout
    for option in ("-c,", "-d,", "-e,", "-g,", "-m,", "-M,", "-n,", "-r,", "-S "):
        assert f"  {option}" in text
