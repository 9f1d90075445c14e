"""Guests without boot ROM: bhyveload makes the VM, bhyve runs it, each restart needs both."""

from __future__ import annotations

from bhyve.guests import DEVICES, Console, make_disk, start, vm_node
from tests.conftest import LabHost


def run_line(disk: str) -> list[str]:
    return ["bhyve", "-m", "64M", *DEVICES, "-s", f"4,virtio-blk,{disk}", "web1"]


def test_a_guest_that_no_loader_has_loaded_cannot_be_booted(empty_lab: LabHost) -> None:
    done = empty_lab.run(*run_line(make_disk(empty_lab)), status=4)
    assert done.stderr == "virtual machine cannot be booted\n"


def test_a_loaded_guest_runs_once_and_must_then_be_destroyed(empty_lab: LabHost) -> None:
    disk = make_disk(empty_lab)
    for _ in range(2):
        loaded = empty_lab.run("bhyveload", "-m", "64M", "-d", disk, "web1")
        assert f"Loading kernel from {disk}" in loaded.stdout
        guest = start(empty_lab, run_line(disk))
        console = Console(empty_lab)
        console.log_in()
        console.type("reboot")
        assert guest.wait(10) == 0
        console.close()
        again = empty_lab.run(*run_line(disk), status=71)
        assert "could not activate CPU 0: Device busy" in again.stderr
        empty_lab.run("bhyvectl", "--vm=web1", "--destroy")


def test_another_size_of_memory_than_the_loader_had_is_refused(empty_lab: LabHost) -> None:
    disk = make_disk(empty_lab)
    empty_lab.run("bhyveload", "-m", "128M", "-d", disk, "web1")
    assert "Unable to setup memory (22)" in empty_lab.run(*run_line(disk), status=4).stderr


def test_an_empty_disk_is_not_loaded_until_something_is_installed_on_it(
    empty_lab: LabHost,
) -> None:
    disk = make_disk(empty_lab, b"")
    empty_lab.run("bhyveload", "-m", "64M", "-d", disk, "web1", status=1)
    assert vm_node(empty_lab).exists()
    empty_lab.run("bhyvectl", "--vm=web1", "--destroy")
    cd = make_disk(empty_lab, b"anything", "cd.iso")
    empty_lab.run("bhyveload", "-m", "64M", "-d", cd, "web1")
    guest = start(empty_lab, [*run_line(disk)[:-1], "-s", f"3,ahci-cd,{cd}", "web1"])
    console = Console(empty_lab)
    console.log_in()
    assert console.command("install") == [f"installed on {disk}"]
    console.type("poweroff")
    assert guest.wait(10) == 1
    console.close()
    empty_lab.run("bhyvectl", "--vm=web1", "--destroy")
    empty_lab.run("bhyveload", "-m", "64M", "-d", disk, "web1")


def test_the_loader_talks_on_the_console_that_it_is_given(empty_lab: LabHost) -> None:
    disk = make_disk(empty_lab)
    console = Console(empty_lab)
    empty_lab.run("bhyveload", "-c", "/dev/nmdm50A", "-m", "64M", "-d", disk, "web1")
    console.wait_for(f"Loading kernel from {disk}")
    console.close()
