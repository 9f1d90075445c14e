"""What iohyve 0.7.9 does to ZFS, command by command, from its ioh-guest, ioh-disk and ioh-zfs.

`run` runs a program of the host: of the lab, or of a real one.
"""

from __future__ import annotations

import subprocess
from typing import Protocol

DATE = "Thu Nov 26 10:11:12 UTC 2026"


class Run(Protocol):
    """Runs a program of the host; it has to succeed."""

    def __call__(self, *argv: str) -> subprocess.CompletedProcess[str]: ...


class Iohyve:
    """iohyve on one host; `pool` is its first pool, `other` a second one.

    `mountpoint` is that of POOL/iohyve, `prefix` stands before the name of each guest, taps and
    consoles are counted from `first`. `nics` are two interfaces of the host.
    """

    def __init__(
        self,
        run: Run,
        pool: str,
        other: str = "tank",
        *,
        mountpoint: str = "/iohyve",
        prefix: str = "",
        first: int = 0,
        nics: tuple[str, str] = ("em0", "em1"),
    ) -> None:
        self.run, self.pool, self.other = run, pool, other
        self.mountpoint, self.prefix, self.nics = mountpoint, prefix, nics
        self.first = self.taps = first
        # The pool of each guest, by its name without the prefix.
        self.guests: dict[str, str] = {}
        run("zfs", "create", f"{pool}/iohyve")
        run("zfs", "set", f"mountpoint={mountpoint}", f"{pool}/iohyve")
        run("zfs", "create", f"{pool}/iohyve/ISO")
        run("zfs", "create", f"{pool}/iohyve/Firmware")

    def dataset(self, name: str) -> str:
        """The filesystem of a guest."""
        return f"{self.guests[name]}/iohyve/{self.prefix}{name}"

    def create(self, name: str, size: str = "16M", *, vnc: bool = True) -> str:
        """`iohyve create NAME SIZE`; without `vnc` as iohyve did before it knew VNC."""
        self.guests[name] = self.pool
        dataset = self.dataset(name)
        values = {
            "iohyve:name": f"{self.prefix}{name}",
            "iohyve:size": size,
            "iohyve:ram": "256M",
            "iohyve:cpu": "1",
            "iohyve:tap": f"tap{self.taps}",
            "iohyve:con": f"nmdm{self.taps}",
            "iohyve:persist": "1",
            "iohyve:boot": "0",
            "iohyve:loader": "bhyveload",
            "iohyve:os": "default",
            "iohyve:description": DATE,
            "iohyve:bargs": "-A_-H_-P",
        }
        if vnc:
            values |= {
                "iohyve:template": "NO",
                "iohyve:utc": "YES",
                "iohyve:vnc": "NO",
                "iohyve:vnc_ip": "127.0.0.1",
                "iohvye:vnc_port": "5900",
                "iohyve:vnc_w": "800",
                "iohyve:vnc_h": "600",
                "iohyve:vnc_wait": "NO",
                "iohyve:vnc_tablet": "NO",
            }
        self.taps += 1
        options = [word for key in values for word in ("-o", f"{key}={values[key]}")]
        self.run("zfs", "create", *options, dataset)
        self.run("zfs", "create", "-V", size, "-o", "volmode=dev", f"{dataset}/disk0")
        return dataset

    def set(self, name: str, **values: str) -> None:
        """`iohyve set NAME PROPERTY=VALUE ...`: one call each, blanks of bargs as _."""
        for key, value in values.items():
            text = value.replace(" ", "_") if key == "bargs" else value
            self.run("zfs", "set", f"iohyve:{key}={text}", self.dataset(name))

    def set_device(self, name: str, number: int, value: str) -> None:
        """`iohyve set NAME pcidev:N=DEVICE`."""
        self.run("zfs", "set", f"iohyve:pcidev:{number}={value}", self.dataset(name))

    def add(self, name: str, number: int, pool: str = "", size: str = "16M") -> str:
        """`iohyve add NAME SIZE [POOL]`, which makes disk{n} and property pcidev:{n}."""
        place = f"{pool}/iohyve/{self.prefix}{name}" if pool else self.dataset(name)
        if pool:
            self.run("zfs", "create", "-p", place)
        disk = f"{place}/disk{number}"
        self.run("zfs", "create", "-V", size, "-o", "volmode=dev", disk)
        self.set_device(name, number, f"ahci-hd,/dev/zvol/{disk}")
        return disk

    def resize(self, name: str, disk: str, size: str) -> None:
        """`iohyve resize NAME DISK SIZE`."""
        self.run("zfs", "set", f"volsize={size}", f"{self.dataset(name)}/{disk}")
        self.run("zfs", "set", f"iohyve:size={size}", self.dataset(name))

    def snap(self, name: str, snapshot: str) -> None:
        """`iohyve snap NAME@SNAPSHOT`."""
        self.run("zfs", "snap", "-r", f"{self.dataset(name)}@{snapshot}")

    def clone(self, name: str, new: str) -> None:
        """`iohyve clone NAME NEW`: a copy that keeps tap and console."""
        self.guests[new] = self.guests[name]
        old, copy = self.dataset(name), self.dataset(new)
        self.run("zfs", "snap", "-r", f"{old}@{new}")
        self.run("sh", "-c", f"zfs send -R {old}@{new} | zfs recv {copy}")
        self.run("zfs", "destroy", "-rR", f"{old}@{new}")
        self.run("zfs", "destroy", "-rR", f"{copy}@{new}")
        self.run("zfs", "set", f"iohyve:name={self.prefix}{new}", copy)
        self.run("zfs", "set", f"iohyve:description={DATE.replace(' ', '_')}", copy)

    def rename(self, name: str, new: str) -> None:
        """`iohyve rename NAME NEW`."""
        old, self.guests[new] = self.dataset(name), self.guests.pop(name)
        self.run("zfs", "rename", "-f", old, self.dataset(new))
        self.run("zfs", "set", f"iohyve:name={self.prefix}{new}", self.dataset(new))

    def replicate(self, name: str, place: str) -> None:
        """What a user's own script does who has iohyve's guests on a second pool, too."""
        self.snap(name, "replica")
        source = self.dataset(name)
        self.run("sh", "-c", f"zfs send -R {source}@replica | zfs recv {place}")

    def start(self, name: str) -> None:
        """What `iohyve start NAME` leaves in ZFS."""
        self.run("zfs", "set", "iohyve:install=no", self.dataset(name))
        self.run("zfs", "set", "iohyve:persist=1", self.dataset(name))

    def line(self, name: str) -> str:
        """The command line of `iohyve start NAME`, as ioh-guest puts it together."""
        dataset = self.dataset(name)
        argv = ("zfs", "get", "-H", "-o", "property,value", "all", dataset)
        rows = [row.split("\t") for row in self.run(*argv).stdout.splitlines()]
        own = {row[0]: row[1] for row in rows if row[0].startswith("iohyve:")}

        def value(key: str) -> str:
            return own.get(f"iohyve:{key}", "-")

        pci = ["hostbridge", "lpc", f"ahci-hd,/dev/zvol/{dataset}/disk0"]
        pci += [f"{own[each]}" for each in sorted(own) if each.startswith("iohyve:pcidev:")]
        for entry in value("tap").split(","):
            tap = entry.partition("=")[0]
            if tap not in ("", "-"):
                mac = value(f"mac_{tap}")
                pci.append(f"virtio-net,{tap}" + ("" if mac == "-" else f",mac={mac}"))
        uefi = value("loader") == "uefi"
        end = ["-l", f"com1,/dev/{value('con')}A", f"ioh-{value('name')}"]
        if uefi:
            if value("sectorsize") != "-":
                pci[2] += f",sectorsize={value('sectorsize')}"
            if value("vnc") == "YES":
                size = f"w={value('vnc_w')},h={value('vnc_h')}"
                wait = ",wait" if value("vnc_wait") == "YES" else ""
                pci.append(f"fbuf,tcp={value('vnc_ip')}:{value('vnc_port')},{size}{wait}")
                pci += ["xhci,tablet"] if value("vnc_tablet") == "YES" else []
            pci.remove("lpc")
            rom = f"bootrom,{self.mountpoint}/Firmware/{value('fw')}/{value('fw')}"
            end = ["-s", "31,lpc", *(["-u"] if value("utc") == "YES" else []), "-l", rom, *end]
        slots = [word for slot, each in enumerate(pci) for word in ("-s", f"{slot},{each}")]
        flags = value("bargs").replace("_", " ").split()
        words = ["bhyve", "-c", value("cpu"), *flags, "-m", value("ram"), *slots, *end]
        return " ".join(words)
