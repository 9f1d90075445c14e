"""A guest with real UEFI firmware, where the host has one."""

from __future__ import annotations

from tests.endtoend.hosts.base import Host
from tests.endtoend.running import WEB, state, until
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
        terminal.poke("\r", "Shell>", host.seconds)
        terminal.type("ver\r")
        terminal.expect("UEFI Interactive Shell", host.seconds)
        assert state(host) == "yes\tyes"
        terminal.poke("reset -s\r", "reset", host.seconds)
        until(host, lambda: not host.left_running())
    assert host.output(WEB, "log").endswith("[info] - powered off")
