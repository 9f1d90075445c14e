"""bhyve's line as chyves 0.2 put it together: its chyves-guest-start, function by function.

The slots are counted as it counts them, in words for bhyve, so that nothing of chyves' own is used.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

OFF_LIMITS = (0, 3, 31)


class Line:
    """One start of a guest on a host with this kern.osreldate."""

    def __init__(self, own: dict[str, str], *, osreldate: int, consolidate: str = "no") -> None:
        self.own, self.osreldate, self.consolidate = own, osreldate, consolidate
        self.slot = 4

    def string(self, devices: list[str], most: int = 0, functions: str = "") -> list[str]:
        """__generate_bhyve_slot_string, whose $1 to $3 these are."""
        use_functions = functions or self.consolidate
        most = most or (1 if self.slot >= 30 else 30 - self.slot)
        last = len(devices) // most if len(devices) > most else 0
        last = 7 if use_functions == "yes" else last
        words: list[str] = []
        function, count = 0, 1
        for number, device in enumerate(devices, 1):
            self.slot += self.slot in OFF_LIMITS
            if self.slot > 30:
                break
            words += [
                "-s",
                f"{self.slot}:{function},{device}" if function else f"{self.slot},{device}",
            ]
            if function == last:
                function, self.slot, count = 0, self.slot + 1, count + 1
                if count > most:
                    break
            else:
                self.slot += number == len(devices)
                function += 1
        return words

    def disks(self, paths: list[str]) -> list[str]:
        """__generate_bhyve_disk_string; FreeBSD 13 has no number of a commit in kern.version."""
        kind = self.own.get("bhyve_disk_type", "ahci-hd")
        many = 1004000 <= self.osreldate < 1300000 and self.consolidate == "yes"
        if many and kind == "ahci-hd":
            return self.string([f"ahci,{','.join(f'hd:{path}' for path in paths)}"], 1)
        devices = []
        for path in paths:
            options = self.own.get(f"virtio_block_options_{os.path.basename(path)}", "")
            devices.append(",".join(part for part in (kind, path, options) if part))
        if self.own["loader"] == "uefi" and len(devices) > 3:
            return self.string(devices[:1], functions="no")
        return self.string(devices)

    def nets(self) -> list[str]:
        """__generate_bhyve_net_string."""
        devices = []
        for name in self.own["net_ifaces"].split(","):
            mac = self.own.get(f"{name}_mac", "") if name.startswith("tap") else ""
            kind = self.own["bhyve_net_type"]
            devices.append(",".join(part for part in (kind, name, mac and f"mac={mac}") if part))
        return self.string(devices)

    def custom(self) -> list[str]:
        """__generate_bhyve_custom_pci_string; sort -V is the machine's own."""
        values = [value for name, value in self.own.items() if name.startswith("pcidev_")]
        text = "\n".join(values)
        values = subprocess.run(
            ["sort", "-V"], input=text, capture_output=True, text=True, check=True
        ).stdout.split()
        words: list[str] = []
        buses = [value.split(",")[1].split("/")[0] for value in values if "passthru," in value]
        for bus in dict.fromkeys(buses):
            its = [value for value in sorted(values) if re.match(rf"passthru,{bus}/", value)]
            words += self.string(its, 1, "yes")
        for value in values:
            if "passthru," not in value:
                words += self.string([value], functions="no")
        return words

    def words(self, name: str, paths: list[str]) -> str:
        """The whole line, as __start runs it."""
        own = self.own
        words = [*own["bargs"].split(), "-c", own["cpu"], "-U", own["uuid"], "-m", own["ram"]]
        words += ["-s", "0,hostbridge", *self.disks(paths), *self.nets(), *self.custom()]
        console = ["-l", f"com1,/dev/{own['serial']}A", "-s", "31,lpc", f"chy-{name}"]
        return " ".join(("bhyve", *words, *console))


def disk_paths(folder: Path, name: str, volumes: list[str]) -> list[str]:
    """__gvset_guest_disk_list: the files in img as find(1) has them, then the volumes."""
    pool = volumes[0].partition("/")[0]
    images = [entry.name for entry in os.scandir(folder / "img") if entry.is_file()]
    lines = "\n".join(f"/dev/zvol/{volume}" for volume in volumes)
    done = subprocess.run(["sort", "-k1V"], input=lines, capture_output=True, text=True, check=True)
    return [f"/chyves/{pool}/guests/{name}/img/{each}" for each in images] + done.stdout.split()
