"""vmm(4): the virtual machines that exist, each a file /dev/vmm/NAME that holds its state.

A VM stays when its bhyve ends, in whatever way, until it is destroyed (captures bhyve_run).
"""

from __future__ import annotations

import contextlib
import json
import os
from pathlib import Path
from typing import Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host.processes import is_alive

VmState = dict[str, Any]

ORDERS = ("destroy", "poweroff", "reset", "nmi")


def new_vm() -> VmState:
    """Return a VM as `bhyvectl --create` makes it.

    `active`: CPUs that a bhyve has started; `suspended`: they were stopped in an orderly way;
    `suspending`: somebody asked for it; `loaded`: a loader has put a kernel into memory.
    """
    return {
        "memory": None,
        "bootrom": None,
        "framebuffer": False,
        "topology": [1, 1, 1],
        "active": 0,
        "suspended": False,
        "suspending": False,
        "loaded": False,
        "pid": None,
        "started": "",
    }


def is_valid_name(name: str, freebsd: tuple[int, int]) -> bool:
    """Return whether vmm(4) takes the name: 229 bytes from 13 on, 37 in 12, 31 before."""
    longest = 229 if freebsd >= (13, 0) else 37 if freebsd >= (12, 0) else 31
    parts = name.split("/")
    fits = 0 < len(os.fsencode(name)) <= longest
    return fits and not any(c.isspace() for c in name) and not {"", ".", ".."} & set(parts)


def vm_names(lab: Lab) -> list[str]:
    """Return the names of all VMs, sorted."""
    folder = lab.root / "dev" / "vmm"
    return sorted(str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file())


def vm_file(lab: Lab, name: str) -> Path:
    """Return the device file of a VM."""
    return lab.root / "dev" / "vmm" / name


def read_vm(lab: Lab, name: str) -> VmState | None:
    """Return the state of a VM, or None where there is none of that name."""
    if not name:
        return None
    try:
        state: VmState = json.loads(vm_file(lab, name).read_text() or "{}")
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
        return None
    return new_vm() | state


def write_vm(lab: Lab, name: str, state: VmState) -> None:
    """Write the state of a VM; its device appears with it. Hold the lock `vmm`."""
    file = vm_file(lab, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = lab.run / f"vmm.{os.getpid()}"
    draft.write_text(json.dumps(state))
    draft.chmod(0o600)
    os.replace(draft, file)


def is_running(state: VmState) -> bool:
    """Return whether the bhyve of this VM is alive."""
    return state["pid"] is not None and is_alive(state["pid"], state["started"])


def can_restart(state: VmState) -> bool:
    """Return whether vm_reinit() goes through: all CPUs that were started were also stopped."""
    return bool(state["active"] == 0 or state["suspended"])


def destroy_vm(lab: Lab, name: str) -> None:
    """Remove a VM; a bhyve that runs it ends with "vm_run error". Hold the lock `vmm`."""
    file = vm_file(lab, name)
    file.unlink()
    for folder in file.parents:
        if folder == lab.root / "dev":
            break
        with contextlib.suppress(OSError):
            folder.rmdir()
    give_order(lab, name, "destroy")
    orders_file(lab, name).unlink(missing_ok=True)


def orders_file(lab: Lab, name: str) -> Path:
    """Return the FIFO on which a running bhyve is told what bhyvectl(8) wants."""
    return lab.run / "vmm" / f"{name.replace('/', '%')[:200]}.orders"


def open_orders(lab: Lab, name: str) -> int:
    """Make the FIFO anew and return its read end, which does not block."""
    file = orders_file(lab, name)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    os.mkfifo(file)
    return os.open(file, os.O_RDWR | os.O_NONBLOCK)


def give_order(lab: Lab, name: str, order: str) -> None:
    """Tell the bhyve of a VM one of ORDERS; nothing happens where none listens."""
    with contextlib.suppress(OSError):
        fifo = os.open(orders_file(lab, name), os.O_WRONLY | os.O_NONBLOCK)
        os.write(fifo, f"{order}\n".encode())
        os.close(fifo)
