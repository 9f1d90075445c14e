"""What runs now: VMs in /dev/vmm, bhyve processes, supervisors; read once for all guests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from chyves_core.host import Host
from chyves_core.names import VM_PREFIX, vm_name

SUPERVISOR = "supervise.sh"
LOADERS = ("bhyveload", "grub-bhyve")
RUN_FOLDER = "/var/run/chyves"
SWTPM = "swtpm"
SWTPM_SOCKET = "swtpm.sock"


@dataclass(frozen=True)
class Process:
    """One line of ps(1); `memory` is the resident size in bytes."""

    pid: int
    parent: int
    memory: int
    command: str


@dataclass(frozen=True)
class Runtime:
    """The host's VMs and the processes that belong to guests."""

    vmm: frozenset[str]
    processes: tuple[Process, ...]

    def has_vmm(self, guest: str) -> bool:
        """Return whether the kernel holds a VM for the guest, running or left behind."""
        return vm_name(guest) in self.vmm

    @cached_property
    def _by_part(self) -> dict[tuple[str, str], Process]:
        """The first process of each part of each VM."""
        found: dict[tuple[str, str], Process] = {}
        for process in self.processes:
            part = part_of(process)
            if part:
                found.setdefault(part, process)
        return found

    def bhyve(self, guest: str) -> Process | None:
        """Return the bhyve process of exactly this guest."""
        return self._by_part.get(("bhyve", vm_name(guest)))

    def loader(self, guest: str) -> Process | None:
        """Return the loader process of exactly this guest."""
        return self._by_part.get(("loader", vm_name(guest)))

    def supervisor(self, guest: str) -> Process | None:
        """Return the process that keeps exactly this guest running."""
        return self._by_part.get(("supervisor", vm_name(guest)))

    def swtpm(self, guest: str) -> Process | None:
        """Return the process that plays the TPM of exactly this guest."""
        return self._by_part.get((SWTPM, vm_name(guest)))

    def is_running(self, guest: str) -> bool:
        """Return whether the guest runs, is being loaded, or is between two boots."""
        return bool(self.supervisor(guest) or self.bhyve(guest) or self.loader(guest))

    def state(self, guest: str) -> str:
        """Return `running`, `loading`, `rebooting`, `left` (a VM without a process), `stopped`."""
        if self.bhyve(guest):
            return "running"
        if self.loader(guest):
            return "loading"
        if self.supervisor(guest):
            return "rebooting"
        return "left" if self.has_vmm(guest) else "stopped"


def part_of(process: Process) -> tuple[str, str] | None:
    """Return which part of which VM a process is: `bhyve`, `loader`, `supervisor` or `swtpm`.

    bhyve calls itself `bhyve: NAME` (captures bhyve_run sp-ps); before it has made its VM it
    still shows its whole command line, NAME last (captures bhyve_run fbuf-wait).
    """
    if process.command.startswith("bhyve: "):
        return "bhyve", process.command.removeprefix("bhyve: ").removesuffix(" (bhyve)")
    first, _, _ = process.command.partition(" ")
    before, _, last = process.command.rpartition(" ")
    program = first.rpartition("/")[2]
    if program == "bhyve":
        return "bhyve", last
    if program in LOADERS:
        return "loader", last
    if program == SWTPM:
        socket = re.fullmatch(rf"\S*,path={RUN_FOLDER}/guests/([^/]+)/{SWTPM_SOCKET}", last)
        return (SWTPM, vm_name(socket[1])) if socket else None
    if f"/{SUPERVISOR} " in before and before.endswith(f" {vm_name(last)}"):
        return "supervisor", vm_name(last)
    return None


def read_runtime(host: Host) -> Runtime:
    """Read /dev/vmm, and ps only where a guest of chyves can be running at all."""
    vmm = frozenset(host.list_folder("/dev/vmm"))
    any_guest = any(name.startswith(VM_PREFIX) for name in vmm)
    if not any_guest and not host.list_folder(f"{RUN_FOLDER}/guests"):
        return Runtime(vmm, ())
    return Runtime(vmm, read_processes(host))


def read_processes(host: Host) -> tuple[Process, ...]:
    """Return all processes of the host with their whole command lines."""
    # ps(1): everything behind = is a header, so each column needs an -o of its own.
    columns = ("-o", "pid=", "-o", "ppid=", "-o", "rss=", "-o", "command=")
    answer = host.read("ps", "-axww", *columns)
    return parse_ps(answer.stdout)


def parse_ps(output: str) -> tuple[Process, ...]:
    """Return the processes in the output of ps with those columns; rss is in KiB."""
    processes = []
    for line in output.splitlines():
        fields = line.split(None, 3)
        if len(fields) == 4 and all(field.isdigit() for field in fields[:3]):
            pid, parent, memory = (int(field) for field in fields[:3])
            processes.append(Process(pid, parent, memory * 1024, fields[3].rstrip()))
    return tuple(processes)
