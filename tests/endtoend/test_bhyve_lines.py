"""What bhyve itself makes of the planned machine: the file and the flags say the same."""

from __future__ import annotations

import shlex
from pathlib import Path

from tests.endtoend.hosts.base import Host
from tests.endtoend.running import WEB, make_guest

EXTRAS = (
    *("cpu=cpus=2,sockets=1,cores=2,threads=1", "cpu_pin=0:0,1:0", "random=yes"),
    *("bargs=-A -H -P -u -w -s 23,virtio-rnd", "com2=/dev/nmdm990A", "gdb=w127.0.0.1:1234"),
    *("keyboard=de_noacc", "share_1=src=/usr/src,ro", "sound=play=/dev/dsp0,rec=/dev/dsp0"),
    *("virtio_console_1=agent", "virtio_console_2=log", "uefi_console_output=vnc"),
    *("uefi_vnc_ip=::1", "uefi_vnc_vga=off", "uefi_vnc_pause_until_client_connect=yes"),
    *("pcidev_1=uart,/dev/nmdm991A", "pcidev_2=virtio-scsi,/dev/cam/ctl1.0,iid=3"),
)


def dump(host: Host, words: list[str]) -> list[str]:
    """Return the settings that bhyve makes of a command line; it ends before it makes a VM."""
    # captures d-plain: config.dump ends with 1.
    done = host.run("bhyve", "-o", "config.dump=1", *words, status=1)
    assert done.stderr == ""
    return sorted(done.stdout.splitlines())


def test_the_file_says_what_the_flags_say(host: Host, tmp_path: Path) -> None:
    for kind in ("virtio-blk", "ahci-hd", "nvme"):
        make_guest(host, "spin.rom", WEB, f"bhyve_disk_type={kind}", *EXTRAS)
        shown = host.output(WEB, "start", "-n").splitlines()
        (real,) = [line for line in shown if line.startswith("bhyve ")]
        if " -k " not in real:
            host.skip("this host's bhyve reads no file")
        (flags,) = [line.removeprefix("# ") for line in shown if line.startswith("# bhyve ")]
        file = tmp_path / "bhyve.conf"
        text = [line.removeprefix("#   ") for line in shown if line.startswith("#   ")]
        file.write_text("".join(f"{line}\n" for line in text))
        words = shlex.split(real)[1:]
        words[words.index("-k") + 1] = str(file)
        assert dump(host, words) == dump(host, shlex.split(flags)[1:])
        assert f"pci.0.4.0.device={kind.removesuffix('-hd')}" in text
        host.chyves(WEB, "delete", "-y")
    assert host.left_running() == []
