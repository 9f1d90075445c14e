"""swtpm(8) beside a guest: it plays a TPM 2.0 whose state lies in the guest's folder.

It is started anew for each boot, as a TPM is reset with its machine, and ends by itself when bhyve
closes the socket, however bhyve ends.
"""

from __future__ import annotations

import time

from chyves_core.bhyve.devices import tpm
from chyves_core.errors import Refused
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.plan import Folder, Plan, run
from chyves_core.runtime import SWTPM, Process, Runtime, read_processes
from chyves_core.supervise.folder import RunFolder

STATE_FOLDER = "tpm"
LOG = "swtpm.log"
END_SECONDS = 5.0


def state_folder(guest: Guest) -> str:
    """Return the folder of the TPM's state: in the guest's dataset, so that it goes with it."""
    return f"{guest.folder}/{STATE_FOLDER}"


def check_installed(guest: Guest) -> None:
    """Refuse a guest whose TPM nobody would play."""
    if not tpm.has_swtpm(guest):
        return
    import shutil

    if shutil.which(SWTPM) is None:
        raise Refused(f"{guest.name}: tpm=swtpm: swtpm(8) is not installed", "pkg install swtpm")


def plan_swtpm(guest: Guest, folder: RunFolder) -> Plan:
    """Return the steps that start swtpm for one boot, none for a guest that has no TPM of it.

    bhyve(8): it connects to the data socket and sends commands only, so swtpm(8) must not wait
    for INIT on a control channel. The socket stands last: the process is found by it.
    """
    if not tpm.has_swtpm(guest):
        return ()
    state = state_folder(guest)
    words = (
        *(SWTPM, "socket", "--tpm2", "--tpmstate", f"dir={state},mode=0600"),
        *("--flags", "not-need-init", "--terminate", "--daemon"),
        *("--log", f"file={folder.file(LOG)}"),
        *("--server", f"type=unixio,mode=0600,path={tpm.socket_path(folder.path)}"),
    )
    return (Folder(state, 0o700), run(*words))


def end_swtpm(host: Host, name: str) -> None:
    """End the swtpm of a guest that does not run any more, where one was started."""
    if not host.path(RunFolder(name).file(LOG)).exists():
        return
    deadline = time.monotonic() + END_SECONDS
    for signal in ("-TERM", "-KILL"):
        process = find_swtpm(host, name)
        if process is None:
            return
        host.try_to(run("kill", signal, str(process.pid), allowed=(0, 1)))
        while not host.dry_run and time.monotonic() < deadline and find_swtpm(host, name):
            time.sleep(0.05)


def find_swtpm(host: Host, name: str) -> Process | None:
    """Return the swtpm process of exactly this guest."""
    return Runtime(frozenset(), read_processes(host)).swtpm(name)
