"""The parsed form of a bhyve command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from chyves_core.lab.bhyve.machine import PciDevice, Refused, parse

FULL = (
    "-c cpus=4,sockets=1,cores=4 -m 1G -A -H -P -u -w -S -U 0badf00d-0000-4000-8000-00000000000a"
    " -s 31,lpc -s 0,hostbridge -s 1,amd_hostbridge -s 3,ahci-cd,/vm/c.iso,ro"
    " -s 4:0,virtio-blk,/dev/zvol/tank/d0,nocache,sectorsize=512/4096"
    " -s 4:1,ahci,hd:/vm/a.img,ro,cd:/vm/c.iso -s 5,virtio-net,tap0,mac=58:9c:fc:00:00:01"
    " -s 6,passthru,2/0/0 -s 7,virtio-9p,share=/vm,ro -s 8,virtio-console,a=/x,b=/y"
    " -s 29,fbuf,tcp=127.0.0.1:5900,wait -s 30,xhci,tablet -l com1,/dev/nmdm0A -l com2,stdio"
    " -l bootrom,/fw.fd,/vars.fd -G w127.0.0.1:1234 -p 0:1 web1"
).split()


def test_every_part_of_a_line_stands_in_the_machine() -> None:
    machine = parse(FULL, (13, 2))
    assert (machine.name, machine.cpus, machine.memory) == ("web1", 4, 1 << 30)
    assert tuple(machine.topology) == (1, 4, 1)
    assert machine.uuid == "0badf00d-0000-4000-8000-00000000000a"
    assert machine.com == {1: "/dev/nmdm0A", 2: "stdio"}
    assert (machine.bootrom, machine.bootvars) == ("/fw.fd", "/vars.fd")
    assert machine.flags == frozenset("AHPuwS")
    assert machine.gdb == "127.0.0.1:1234"
    assert [device[:3] for device in machine.devices] == sorted(d[:3] for d in machine.devices)
    assert machine.devices[1] == PciDevice(0, 1, 0, "amd_hostbridge", ())
    assert machine.devices[3].options == ("/dev/zvol/tank/d0", "nocache", "sectorsize=512/4096")
    assert machine.devices[4].options == ("hd:/vm/a.img", "ro", "cd:/vm/c.iso")
    assert machine.devices[5].option("mac") == "58:9c:fc:00:00:01"


def test_a_configuration_file_gives_the_same_machine(tmp_path: Path) -> None:
    machine = parse(FULL, (13, 2))
    file = tmp_path / "web1.conf"
    file.write_text("".join(f"{name}={value}\n" for name, value in machine.config.items()))
    assert parse(["-k", str(file)], (13, 2)) == machine


def test_an_ahci_controller_with_one_port_is_a_disk_or_a_cd() -> None:
    machine = parse(["-s", "4,ahci,hd:/vm/a.img", "-s", "5,ahci-cd,/vm/c.iso", "x"], (13, 2))
    assert [d.emulation for d in machine.devices] == ["ahci-hd", "ahci-cd"]


def test_variables_refer_to_others() -> None:
    line = ["-o", "pci.0.4.0.device=nvme", "-o", "pci.0.4.0.path=/vm/%(name)-100%%.img", "web1"]
    assert parse(line, (14, 3)).devices[0].options == ("/vm/web1-100%.img",)


@pytest.mark.parametrize(
    ("freebsd", "line", "taken"),
    [
        ((12, 4), ["-b", "x"], True),
        ((13, 0), ["-b", "x"], False),
        ((12, 4), ["-g", "1", "x"], True),
        ((13, 0), ["-o", "a=b", "x"], False),
        ((13, 2), ["-o", "a=b", "x"], True),
        ((13, 2), ["-f", "name=opt/x,string=y", "x"], False),
        ((14, 3), ["-f", "name=opt/x,string=y", "x"], True),
        ((13, 2), ["-l", "tpm,passthru,/dev/tpm0", "x"], False),
        ((14, 3), ["-l", "tpm,passthru,/dev/tpm0", "x"], True),
        ((15, 0), ["-A", "x"], True),
    ],
)
def test_options_come_and_go_with_the_release(
    freebsd: tuple[int, int], line: list[str], taken: bool
) -> None:
    """13.2 as captured, the others as in the manual pages."""
    if taken:
        parse(line, freebsd)
    else:
        with pytest.raises(Refused):
            parse(line, freebsd)


def test_from_15_on_acpi_tables_are_always_made() -> None:
    """bhyve(8) of 15: -A does nothing."""
    assert "A" in parse(["x"], (15, 0)).flags
    assert "A" not in parse(["x"], (14, 3)).flags
