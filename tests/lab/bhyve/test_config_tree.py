"""bhyve_config(5) in the lab: what options and files say as variables."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from chyves_core.lab.bhyve.grammar import check_line, config_tree
from chyves_core.lab.bhyve.refused import Refused
from tests.lab.bhyve.line_tables import arguments

CAPTURED = Path(__file__).parents[2] / "captures" / "bhyve.jsonl"


def dumps() -> list[dict[str, Any]]:
    """Return the captured rows of one bhyve that only dumps its variables."""
    rows = [json.loads(line) for line in CAPTURED.read_text().splitlines()]
    return [
        row
        for row in rows
        if row["cmd"].startswith("bhyve ") and "config.dump" in row["cmd"] and row["rc"] == 1
    ]


@pytest.mark.parametrize("row", dumps(), ids=lambda row: str(row["id"]))
def test_the_config_tree_is_that_of_the_captured_dump(row: dict[str, Any]) -> None:
    tree = config_tree(arguments(row["cmd"]))
    assert "".join(f"{name}={value}\n" for name, value in tree.items()) == row["stdout"]


WHOLE_MACHINE = """\
# a machine, and what chyves knows about it
name=web1
cpus=4
sockets=1
cores=4
memory.size=1G
memory.wired=true
acpi_tables=true
x86.vmexit_on_hlt=true
x86.vmexit_on_pause=true
x86.strictmsr=false
rtc.use_localtime=false
uuid=0badf00d-0000-4000-8000-00000000000a
chyves.owner=somebody else's variable
lpc.bootrom=/fw/BHYVE_UEFI.fd
lpc.bootvars=/vm/%(name)/vars.fd
lpc.fwcfg=bhyve
lpc.com1.path=/dev/nmdm50A
pci.0.0.0.device=hostbridge
pci.0.3.0.device=ahci
pci.0.3.0.port.0.type=cd
pci.0.3.0.port.0.path=/vm/c.iso
pci.0.4.0.device=virtio-blk
pci.0.4.0.path=/vm/%(name)-100%%.img
pci.0.4.0.ser=WEB1
pci.0.5.0.device=virtio-net
pci.0.5.0.backend=tap50
pci.0.5.0.mac=58:9c:fc:00:00:01
pci.0.6.0.device=passthru
pci.0.6.0.bus=2
pci.0.6.0.slot=0
pci.0.6.0.func=0
pci.0.8.0.device=virtio-console
pci.0.8.0.port.0.name=agent
pci.0.8.0.port.0.path=/tmp/agent.sock
pci.0.9.0.device=hda
pci.0.9.0.play=/dev/dsp0
pci.0.29.0.device=fbuf
pci.0.29.0.tcp=127.0.0.1:5900
pci.0.30.0.device=xhci
pci.0.30.0.slot.1.device=tablet
pci.0.31.0.device=lpc
"""
THE_SAME_AS_OPTIONS = (
    "-c cpus=4,sockets=1,cores=4 -m 1G -S -A -H -P -w -u -U 0badf00d-0000-4000-8000-00000000000a"
    " -o chyves.owner='somebody else'\\''s variable'"
    " -l bootrom,/fw/BHYVE_UEFI.fd,/vm/web1/vars.fd -l com1,/dev/nmdm50A -o lpc.fwcfg=bhyve"
    " -s 0,hostbridge -s 3,ahci-cd,/vm/c.iso -s 4,virtio-blk,/vm/web1-100%%.img,ser=WEB1"
    " -s 5,virtio-net,tap50,mac=58:9c:fc:00:00:01 -s 6,passthru,2/0/0"
    " -s 8,virtio-console,agent=/tmp/agent.sock -s 9,hda,play=/dev/dsp0"
    " -s 29,fbuf,tcp=127.0.0.1:5900 -s 30,xhci,tablet -s 31,lpc web1"
)


@pytest.mark.parametrize("release", [(13, 1), (13, 2), (14, 3)])
def test_a_file_holds_a_whole_machine(tmp_path: Path, release: tuple[int, int]) -> None:
    file = tmp_path / "web1.conf"
    text = WHOLE_MACHINE
    if release < (13, 2):
        text = text.replace("lpc.bootvars=", "unknown.variable=")
    file.write_text(text)
    machine = check_line(["-k", str(file)], release)
    assert (machine.name, machine.cpus, machine.memory) == ("web1", 4, 1 << 30)
    assert machine.flags >= frozenset("AHPSuw")
    assert machine.com == {1: "/dev/nmdm50A"}
    if release >= (13, 2):
        same = check_line(shlex.split(THE_SAME_AS_OPTIONS), release)
        assert same.config == machine.config
        assert same == machine


def test_flags_and_a_file_mix_and_the_later_one_wins(tmp_path: Path) -> None:
    file = tmp_path / "web1.conf"
    file.write_text("memory.size=1G\ncpus=2\nmemory.size=3G\n")
    tree = config_tree(["-m", "2G", "-k", str(file), "-c", "4", "web1"])
    assert (tree["memory.size"], tree["cpus"]) == ("3G", "4")
    assert config_tree(["-k", str(file), "-m", "2G", "web1"])["memory.size"] == "2G"


@pytest.mark.parametrize("line", ["cpus", "cpus=", "  cpus = 2", " # a comment", "=="])
def test_a_line_of_a_file_is_a_name_and_a_value(tmp_path: Path, line: str) -> None:
    """Blanks are no part of the syntax: they belong to name and value (captures w-k-indent)."""
    file = tmp_path / "web1.conf"
    file.write_text(f"memory.size=64M\n{line}\n")
    if line in ("  cpus = 2", "=="):
        tree = config_tree(["-k", str(file), "web1"])
        assert tree[line.partition("=")[0]] == line.partition("=")[2]
        return
    with pytest.raises(Refused) as caught:
        config_tree(["-k", str(file), "web1"])
    assert caught.value.message == f"bhyve: {file} line 2: invalid config option '{line}'"


def test_a_device_in_a_file_is_checked_as_one_of_an_option_is(tmp_path: Path) -> None:
    file = tmp_path / "web1.conf"
    for text, problem in (
        ("pci.0.4.0.device=virtio-blk\n", 'Missing "path" for block device.'),
        ("pci.0.4.0.path=/vm/a.img\n", 'pci slot 0:4:0: missing "device" value'),
        ("pci.0.5.0.device=e1000\npci.0.5.0.mac=xx\n", "Invalid MAC xx"),
        ("memory.wired=maybe\n", "bhyve: Invalid value maybe for boolean variable memory.wired"),
        ("uuid=1234\n", "Invalid UUID"),
    ):
        file.write_text(text)
        with pytest.raises(Refused) as caught:
            check_line(["-k", str(file), "web1"])
        assert caught.value.message.startswith(problem)


def test_from_15_on_the_boot_rom_has_no_lpc_in_front(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["-s", "31,lpc", "-l", "bootrom,/fw.fd,/vars.fd", "web1"]
    assert check_line(line, (14, 3)).config["lpc.bootrom"] == "/fw.fd"
    machine = check_line(line, (15, 0))
    assert (machine.config["bootrom"], machine.config["bootvars"]) == ("/fw.fd", "/vars.fd")
    assert capsys.readouterr().err == ""
    check_line(["-s", "31,lpc", "-o", "lpc.bootrom=/fw.fd", "web1"], (15, 0))
    warning = "bhyve: lpc.bootrom is deprecated, use '-o bootrom' instead\n"
    assert capsys.readouterr().err == warning


def test_a_tpm_stands_in_variables_of_its_own() -> None:
    tree = config_tree(["-l", "tpm,swtpm,/tmp/tpm.sock", "web1"], (14, 3))
    assert {name: tree[name] for name in tree if name.startswith("tpm.")} == {
        "tpm.type": "swtpm",
        "tpm.path": "/tmp/tpm.sock",
        "tpm.version": "2.0",
    }
