"""How a real guest ends: the statuses of captures bhyve_run, from the same tiny ROMs."""

from __future__ import annotations

import signal
import socket
import time

import pytest

from tests.lab.qemu.real_guests import QemuHost


@pytest.mark.parametrize(
    ("rom", "status"),
    [
        ("reset", 0),
        ("halt", 2),
        ("triple", 3),  # bhyve(8): no capture, 13.2's emulated host could not run it
    ],
)
def test_the_way_a_guest_ends_is_bhyves_exit_status(
    qemu_host: QemuHost, rom: str, status: int
) -> None:
    qemu_host.run(*qemu_host.line(rom), status=status)
    assert (qemu_host.root / "dev/vmm/vm1").exists()


def test_a_guest_that_reset_itself_can_be_started_again_without_destroying(
    qemu_host: QemuHost,
) -> None:
    qemu_host.run(*qemu_host.line("reset"), status=0)
    qemu_host.run(*qemu_host.line("reset"), status=0)


def test_sigterm_kills_bhyve_while_the_guest_has_not_switched_acpi_on(
    qemu_host: QemuHost,
) -> None:
    bhyve = qemu_host.start(*qemu_host.line("spin"))
    qemu_host.wait_for_qemu("vm1")
    time.sleep(0.5)
    bhyve.terminate()
    assert bhyve.wait(10) == -signal.SIGTERM
    qemu_host.wait_for_qemu("vm1", there=False)
    again = qemu_host.run(*qemu_host.line("spin"), status=4)
    assert again.stderr == "vm_reinit: Device busy\n"


@pytest.mark.parametrize(
    ("order", "status", "words"),
    [
        ("--force-poweroff", 1, ""),
        ("--force-reset", 0, ""),
        ("--destroy", 1, "vm_run error -1, errno 6\n"),
    ],
)
def test_bhyvectl_ends_a_running_guest(
    qemu_host: QemuHost, order: str, status: int, words: str
) -> None:
    bhyve = qemu_host.start(*qemu_host.line("spin"))
    qemu_host.wait_for_qemu("vm1")
    time.sleep(0.5)
    qemu_host.run("bhyvectl", "--vm=vm1", order)
    _, stderr = bhyve.communicate(timeout=10)
    assert (bhyve.returncode, stderr) == (status, words)
    qemu_host.wait_for_qemu("vm1", there=False)


def test_qemu_dies_with_a_bhyve_that_is_killed(qemu_host: QemuHost) -> None:
    bhyve = qemu_host.start(*qemu_host.line("spin"))
    qemu_host.wait_for_qemu("vm1")
    bhyve.kill()
    bhyve.wait()
    qemu_host.wait_for_qemu("vm1", there=False)


def test_no_temporary_file_is_left(
    qemu_host: QemuHost, tmp_path_factory: pytest.TempPathFactory
) -> None:
    temporary = tmp_path_factory.mktemp("temporary")
    qemu_host.run(*qemu_host.line("reset"), status=0, TMPDIR=str(temporary))
    assert list(temporary.iterdir()) == []


def test_what_qemu_refuses_is_an_error_with_its_words(qemu_host: QemuHost) -> None:
    disk = qemu_host.folder / "disk.img"
    disk.write_bytes(bytes(4096))
    line = qemu_host.line("spin", "-s", f"4,virtio-blk,{disk},sectorsize=512/768")
    done = qemu_host.run(*line, status=4)
    assert "physical_block_size" in done.stderr


def test_a_device_that_qemu_cannot_play_is_named(qemu_host: QemuHost) -> None:
    done = qemu_host.run(*qemu_host.line("spin", "-s", "1:3:0,virtio-rnd"), status=4)
    assert done.stderr == "bhyve: PCI bus 1: QEMU's guest has bus 0 only\n"


def test_fbuf_wait_lets_the_guest_run_when_a_viewer_comes(qemu_host: QemuHost) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = max(probe.getsockname()[1], 5901)
    line = qemu_host.line("reset", "-s", f"29,fbuf,tcp=127.0.0.1:{port},wait")
    bhyve = qemu_host.start(*line)
    qemu_host.wait_for_qemu("vm1")
    time.sleep(1)
    assert bhyve.poll() is None
    with qemu_host.view(port) as viewer:
        assert viewer.recv(12) == b"RFB 003.008\n"
        assert bhyve.wait(10) == 0


def test_the_vnc_password_is_not_on_qemus_command_line(qemu_host: QemuHost) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = max(probe.getsockname()[1], 5901)
    device = f"29,fbuf,tcp=127.0.0.1:{port},password=geheim"
    bhyve = qemu_host.start(*qemu_host.line("spin", "-s", device))
    qemu_host.wait_for_qemu("vm1")
    (pid,) = qemu_host.qemu_of("vm1")
    argv = qemu_host.run("/bin/ps", "-ww", "-p", str(pid), "-o", "args=").stdout
    assert "password=on" in argv
    assert "geheim" not in argv
    with qemu_host.view(port) as viewer:
        viewer.recv(12)
        viewer.sendall(b"RFB 003.008\n")
        assert viewer.recv(2) == b"\x01\x02", "VNC authentication is the only way in"
    bhyve.kill()
    bhyve.wait()
