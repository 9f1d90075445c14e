"""A guest with real UEFI firmware, where the host has one."""

from __future__ import annotations

from tests.endtoend.hosts.base import Host
from tests.endtoend.running import WEB, state
from tests.endtoend.terminal import Terminal


def test_the_firmware_writes_to_the_console(host: Host) -> None:
    """Captures bhyve_uefi: with nothing to boot from, it ends up in its shell."""
    host.need("guests")
    host.need("uefi")
    from tests.endtoend.hosts.freebsd import firmware

    host.chyves("firmware", "import", "--name", "uefi.fd", str(firmware()))
    host.chyves(WEB, "create", "16M", "ram=256M", "loader=uefi", "uefi_firmware=uefi.fd")
    assert host.output(WEB, "start") == f"{WEB}: running"
    with Terminal([host.program, WEB, "console"], host.environment()) as terminal:
        terminal.expect("type ~. to leave it", host.seconds)
        terminal.expect("Shell>", host.seconds)
        terminal.type("\r~.")
        terminal.wait(host.seconds)
    assert state(host) == "yes\tyes"
    host.chyves(WEB, "stop", "force")
    assert host.left_running() == []
