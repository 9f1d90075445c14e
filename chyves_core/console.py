"""Consoles: cu(1) on the B side of a guest's nmdm, tmux with several of them, and VNC."""

from __future__ import annotations

import os
import shlex
from collections.abc import Callable, Sequence

from chyves_core.bhyve.devices import framebuffer
from chyves_core.errors import ChyvesError, Refused, UsageError
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.plan import run
from chyves_core.runtime import Process, read_processes, read_runtime
from chyves_core.supervise.folder import RunFolder

TMUX_SESSION = "chyves"

Say = Callable[[str], None]


def device(guest: Guest) -> str:
    """Return the side of the guest's null-modem pair that is for people; nmdm(4)."""
    return f"/dev/{guest.value('serial')}B"


def connect_words(guest: Guest) -> tuple[str, ...]:
    """Return cu's command line."""
    return ("cu", "-l", device(guest))


def connect(host: Host, guest: Guest) -> int:
    """Connect this terminal to the guest's console and return cu's status.

    At the end of its input cu(1) types DEL for ever and takes a whole CPU: it reads with getchar(3)
    and knows no EOF (FreeBSD's usr.bin/tip). So it gets a terminal or is not run.
    """
    check_console(host, guest)
    if not os.isatty(0):
        raise Refused(
            f"{guest.name}: a console needs a terminal, and there is none here",
            f"chyves {guest.name} console tmux",
        )
    print(f"{guest.name}: console {device(guest)}, type ~. to leave it", flush=True)
    return host.interactive(connect_words(guest))


def check_console(host: Host, guest: Guest) -> None:
    """Refuse a guest that has no console, or does not run: cu would wait for ever."""
    if not guest.value("serial"):
        raise Refused(f"{guest.name}: has no console", f"chyves {guest.name} set serial=nmdm{{n}}")
    if not read_runtime(host).is_running(guest.name):
        kind, _, ending = (host.read_text(RunFolder(guest.name).ending) or "").partition(" ")
        why = f", {ending.strip()}" if kind == "failed" else ""
        raise ChyvesError(f"{guest.name}: is not running{why}", f"chyves {guest.name} start")


def holders(processes: Sequence[Process], guest: Guest) -> list[Process]:
    """Return the cu processes that have exactly this guest's console open."""
    wanted = device(guest)
    found = []
    for process in processes:
        words = process.command.split()
        if words and words[0].rpartition("/")[2] == "cu" and wanted in words[1:]:
            found.append(process)
    return found


def reset(host: Host, guest: Guest, say: Say) -> None:
    """End the cu processes that hold the guest's console."""
    found = holders(read_processes(host), guest)
    host.act(*(run("kill", "-KILL", str(each.pid), allowed=(0, 1)) for each in found))
    say(f"{guest.name}: {len(found)} cu ended" if found else f"{guest.name}: no cu has its console")


def open_tmux(host: Host, guests: Sequence[Guest]) -> int:
    """Show the consoles of guests in the tmux session `chyves`, one window each, and attach to it.

    A window has two panes: the console, and below it the guest's log as it grows.
    """
    for guest in guests:
        check_console(host, guest)
    windows = tmux_windows(host)
    for guest in guests:
        if guest.name in windows:
            continue
        console = shlex.join(connect_words(guest))
        log = shlex.join((f"{os.environ['CHYVES_ROOT']}/bin/chyves", guest.name, "log", "-f"))
        if windows:
            host.act(run("tmux", "new-window", "-t", f"{TMUX_SESSION}:", "-n", guest.name, console))
        else:
            host.act(
                run("tmux", "new-session", "-d", "-s", TMUX_SESSION, "-n", guest.name, console)
            )
        host.act(run("tmux", "split-window", "-d", "-v", "-l", "8", "-t", target(guest), log))
        windows.append(guest.name)
    host.act(run("tmux", "select-window", "-t", target(guests[0])))
    if not os.isatty(0):
        return 0
    attach = "switch-client" if os.environ.get("TMUX") else "attach-session"
    return host.interactive(("tmux", attach, "-t", TMUX_SESSION))


def target(guest: Guest) -> str:
    """Return how tmux is told a window by its whole name; without = a prefix would do."""
    return f"{TMUX_SESSION}:={guest.name}"


def tmux_windows(host: Host) -> list[str]:
    """Return the names of the session's windows; none where there is no session."""
    answer = host.read(
        "tmux", "list-windows", "-t", f"={TMUX_SESSION}", "-F", "#{window_name}", allowed=None
    )
    return answer.stdout.splitlines() if answer.status == 0 else []


def show_screen(host: Host, guest: Guest, say: Say) -> None:
    """Print where the guest's screen is, or run the client that its properties name."""
    if not framebuffer.has_screen(guest):
        raise Refused(
            f"{guest.name}: has no screen",
            f"chyves {guest.name} set loader=uefi uefi_console_output=vnc",
        )
    client = guest.value("uefi_vnc_client")
    address = framebuffer.address(guest)
    if client == "off":
        raise Refused(f"{guest.name}: uefi_vnc_client is off, the screen is at {address}")
    if client == "print":
        print(address)
        return
    status = host.interactive(client_words(guest, client))
    if status:
        raise ChyvesError(f"{guest.name}: the VNC client ended with status {status}")


def client_words(guest: Guest, client: str) -> tuple[str, ...]:
    """Return the command line of a VNC client; %h stands for the address, %p for the port."""
    ip, port = guest.value("uefi_vnc_ip"), guest.value("uefi_vnc_port")
    if client == "freerdp":
        return ("xfreerdp", f"/v:{ip}:{port}")
    words = shlex.split(guest.value("uefi_vnc_client_custom_cmd"))
    if not words:
        raise UsageError(
            f"{guest.name}: uefi_vnc_client_custom_cmd is empty",
            f"chyves {guest.name} set uefi_vnc_client_custom_cmd='vncviewer %h::%p'",
        )
    return tuple(word.replace("%h", ip).replace("%p", port) for word in words)
