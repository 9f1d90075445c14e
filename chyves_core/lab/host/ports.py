"""Which bhyve of the lab listens on which TCP port."""

from __future__ import annotations

import json
import os

from chyves_core.lab.home import Lab
from chyves_core.lab.host.processes import is_alive, vitals

ANY = ("0.0.0.0", "::")


def claim_port(lab: Lab, ip: str, port: int) -> str:
    """Note that this process listens on the port; return why it cannot, or an empty text."""
    if port == 0:
        return ""
    folder = lab.run / "ports"
    folder.mkdir(parents=True, exist_ok=True)
    with lab.lock("ports"):
        for file in folder.glob(f"{port}.*.json"):
            pid, started, other = json.loads(file.read_text())
            if not is_alive(pid, started):
                file.unlink(missing_ok=True)
            elif other == ip or ip in ANY or other in ANY:
                return "Address already in use"
        now = vitals(os.getpid())
        note = json.dumps([os.getpid(), now.started if now else "", ip])
        (folder / f"{port}.{os.getpid()}.json").write_text(note)
    return ""


def release_ports(lab: Lab) -> None:
    """Forget the ports of this process."""
    for file in (lab.run / "ports").glob(f"*.{os.getpid()}.json"):
        file.unlink(missing_ok=True)
