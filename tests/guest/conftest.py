"""A lab with a real guest's ISO and firmware imported, and a console to talk to guests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest

from chyves_core.lab.bhyve.qemu_firmware import store_at_front
from tests.conftest import make_lab
from tests.lab.qemu.real_guests import QemuHost

HERE = Path(__file__).resolve().parent
FIRMWARE = ("/usr/share/ovmf/OVMF.fd", "/usr/share/edk2/x64/OVMF.4m.fd")
VARIABLES_TEMPLATE = "usr/local/share/uefi-firmware/BHYVE_UEFI_VARS.fd"
BOOT_SECONDS = 100
PROMPT = "guest# "


class GuestHost(QemuHost):
    """A lab with chyves on zroot, the ISO `guest.iso` and the firmware `OVMF.fd`."""

    def console(self, guest: str) -> Console:
        """Connect to a guest as a user does, with `chyves GUEST console`."""
        return Console(self, ["chyves", guest, "console"], guest)

    def null_modem(self, device: str) -> Console:
        """Connect to one end of a nmdm pair with cu(1)."""
        self.run("kldload", "-n", "nmdm")
        return Console(self, ["cu", "-l", device], device.rpartition("/")[2])

    def bhyve_line(self, guest: str, *more: str) -> str:
        """Return the flags of bhyve that `start --dry-run` prints beside the file."""
        for line in self.output(guest, "start", "--dry-run", *more).splitlines():
            if line.startswith("# bhyve "):
                return line
        raise AssertionError("no bhyve line")

    def running(self) -> list[str]:
        """Return the guests that have a supervisor."""
        folder = self.root / "var/run/chyves/guests"
        return [file.name for file in folder.iterdir()] if folder.exists() else []

    def wait_until_down(self, guest: str) -> str:
        """Wait until the guest's supervisor has cleared up; return how it says the guest ended."""
        for _ in range(1200):
            if guest not in self.running():
                return (self.root / "var/run/chyves/last" / guest).read_text()
            time.sleep(0.05)
        raise AssertionError(f"{guest} still runs")

    def nothing_is_left_of(self, guest: str) -> None:
        """Check that VM, processes and taps of a guest are gone."""
        assert not (self.root / "dev/vmm" / f"chy-{guest}").exists()
        assert self.qemu_of(f"chy-{guest}") == []
        assert f"chyves:{guest}:" not in self.run("ifconfig").stdout


class Console:
    """A program on a terminal of its own that shows a guest's console."""

    def __init__(self, host: GuestHost, argv: list[str], name: str) -> None:
        self.log = host.folder / f"{name}.console"
        environment = {**host.environment(), "TERM": "vt100"}
        self.child = pexpect.spawn(
            str(host.lab.bin / argv[0]),
            argv[1:],
            env=environment,
            timeout=BOOT_SECONDS,
            encoding="utf-8",
            codec_errors="replace",
        )
        self.child.logfile_read = open(self.log, "a", encoding="utf-8")  # noqa: SIM115

    def wait_for_prompt(self) -> None:
        """Wait until the guest's shell is there."""
        self.expect(PROMPT)

    def expect(self, text: str) -> None:
        """Wait for a text on the console."""
        try:
            self.child.expect_exact(text)
        except (pexpect.TIMEOUT, pexpect.EOF) as error:
            tail = self.log.read_text(errors="replace")[-2000:]
            raise AssertionError(f"no {text!r} on the console:\n{tail}") from error

    def ask(self, command: str) -> list[str]:
        """Return the lines that a command prints in the guest."""
        self.child.sendline(f"{command}; echo end''ed")
        self.expect("ended")
        said = self.child.before
        self.wait_for_prompt()
        lines = [line.strip() for line in re.sub(r"\x1b\[[0-9;]*[A-Za-z]", "", said).splitlines()]
        return [line for line in lines[1:] if line]

    def type(self, command: str) -> None:
        """Type a command and wait for nothing."""
        self.child.sendline(command)

    def restart(self) -> None:
        """Reboot the guest and wait until its shell is there again."""
        self.type("reboot")
        self.expect("Restarting system")
        self.wait_for_prompt()

    def leave(self) -> None:
        """Leave as cu(1) is left."""
        self.child.send("\r~.")
        self.child.expect(pexpect.EOF)
        self.child.close()


def firmware() -> str:
    """Return the path of an OVMF image; skips the test where there is none."""
    for path in (os.environ.get("CHYVES_GUEST_FIRMWARE", ""), *FIRMWARE):
        if path and Path(path).exists():
            return path
    pytest.skip("no OVMF image (Debian package ovmf, or CHYVES_GUEST_FIRMWARE)")


@pytest.fixture(scope="session")
def guest_iso() -> Path:
    """The guest's ISO; made where it is not in the cache yet."""
    done = subprocess.run([HERE / "iso/build.sh"], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(done.stderr.strip().splitlines()[-1])
    return Path(done.stdout.strip())


@pytest.fixture(scope="session")
def guest_host(guest_iso: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuestHost]:
    """One lab for all tests with a real guest: each boot takes long enough."""
    if shutil.which("qemu-system-x86_64") is None:
        pytest.skip("qemu-system-x86_64 is not installed")
    image = firmware()
    os.environ.pop("CHYVES_LAB", None)
    host = GuestHost(make_lab(tmp_path_factory.mktemp("guests") / "lab", guest="qemu").folder)
    host.chyves("dataset", "zroot", "install")
    host.chyves("iso", "import", "-y", "--name", "guest.iso", str(guest_iso))
    host.chyves("firmware", "import", "-y", "--name", "OVMF.fd", image)
    template = host.root / VARIABLES_TEMPLATE
    template.parent.mkdir(parents=True)
    template.write_bytes(store_at_front(Path(image).read_bytes()) or b"")
    yield host
    host.stop_everything()
