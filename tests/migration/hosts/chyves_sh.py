"""What chyves 0.2, the shell program, does to a host: its chyves-dataset and chyves-guest-creation.

`root` is where the host's files lie, `run` runs its programs, `first` is its first tap and console.
"""

from __future__ import annotations

from pathlib import Path

from tests.migration.hosts.chyves_sh_line import Line, disk_paths
from tests.migration.hosts.iohyve import Run

GLOBAL = {
    "auto_load_kernel_mods": "yes",
    "check_for_updates": "weekly",
    "console_start_offset": "70",
    "consolidate_bhyve_pci_devices": "no",
    "default_clone_flag": "-ce",
    "tap_start_offset": "50",
    "bridge1_phy_attach": "private",
}
DEFAULTS = {"bargs": "-A -H -P -S", "cpu": "2", "size": "8G", "disk_volblocksize": "512"}


class ChyvesSh:
    """chyves 0.2 on its primary pool."""

    def __init__(
        self, run: Run, root: Path, pool: str, *, first: int = 50, uplink: str = "em0"
    ) -> None:
        self.run, self.root, self.pool = run, root, pool
        self.taps = first
        base = f"{pool}/chyves"
        run("zfs", "create", "-o", f"mountpoint=/chyves/{pool}", base)
        for child in (".config", "guests", "logs", "Firmware", "ISO"):
            run("zfs", "create", f"{base}/{child}")
        role = {"dataset_version": "0003", "dataset_role": "primary", "creation": "Originally x"}
        self.write(".config/pool.cfg", role)
        self.write(".config/global.cfg", {**GLOBAL, "bridge0_phy_attach": uplink})
        self.write("guests/.defaults", DEFAULTS)
        run("zfs", "create", f"{base}/ISO/null.iso")
        self.path("ISO/null.iso/null.iso").write_bytes(b"")

    def path(self, name: str) -> Path:
        """Where a file of the layout lies."""
        return self.root / f"chyves/{self.pool}/{name}"

    def write(self, name: str, values: dict[str, str]) -> None:
        """Write a file of NAME=VALUE lines."""
        self.path(name).write_text("".join(f"{key}={value}\n" for key, value in values.items()))

    def read(self, name: str) -> dict[str, str]:
        """Read such a file."""
        lines = self.path(name).read_text().splitlines()
        return {key: value for key, _, value in (line.partition("=") for line in lines)}

    def create(self, name: str, size: str = "16M", bridge: str = "bridge0", **own: str) -> None:
        """`chyves create NAME SIZE`, and what `chyves set` changes of it."""
        base = f"{self.pool}/chyves/guests/{name}"
        for child in ("", "/.config", "/logs", "/img"):
            self.run("zfs", "create", f"{base}{child}")
        self.run("zfs", "create", "-V", size, "-o", "volmode=dev", f"{base}/disk0")
        tap = f"tap{self.taps}"
        values = {
            "bargs": "-A -H -P -S",
            "bhyve_net_type": "virtio-net",
            "chyves_guest_version": "0300",
            "cpu": "1",
            "creation": "Created on Thu Nov 26 by chyves v0.2.0 using __create()",
            "description": "-",
            "loader": "bhyveload",
            "net_ifaces": tap,
            "notes": "-",
            "os": "default",
            "ram": "256M",
            "rcboot": "0",
            "revert_to_snapshot": "",
            "revert_to_snapshot_method": "off",
            "serial": f"nmdm{self.taps}",
            "template": "no",
            "uuid": f"00000000-1111-2222-3333-{self.taps:012d}",
            **own,
        }
        self.taps += 1
        self.write(f"guests/{name}/.config/.cfg", values)
        settings = self.read(".config/global.cfg")
        members = settings.get(f"{bridge}_tap_members", "-")
        settings[f"{bridge}_tap_members"] = tap if members == "-" else f"{members},{tap}"
        self.write(".config/global.cfg", settings)

    def create_before_files(self, name: str) -> None:
        """`chyves create NAME` of chyves 0.1, when properties were those of ZFS."""
        values = {
            "cpu": "2",
            "con": f"nmdm{self.taps}",
            "fw": "-",
            "uuid": f"00000000-1111-2222-3333-{self.taps:012d}",
            "loader": "bhyveload",
            "net_ifaces": f"tap{self.taps}",
            "chyves_guest_version": "0100",
            "pcidev:1": "virtio-rnd",
        }
        self.taps += 1
        dataset = f"{self.pool}/chyves/guests/{name}"
        options = [word for key in values for word in ("-o", f"chyves:{key}={values[key]}")]
        self.run("zfs", "create", *options, dataset)
        options = ["-o", "volmode=dev", "-o", "chyves:virtio_block_options=nocache"]
        self.run("zfs", "create", "-V", "16M", *options, f"{dataset}/disk0")

    def add_disk(self, name: str, disk: str) -> None:
        """`chyves NAME disk add`."""
        volume = f"{self.pool}/chyves/guests/{name}/{disk}"
        self.run("zfs", "create", "-V", "16M", "-o", "volmode=dev", volume)

    def make_template(self, name: str) -> None:
        """`chyves set template=yes NAME`, which makes it read-only."""
        file = f"guests/{name}/.config/.cfg"
        self.write(file, {**self.read(file), "template": "yes"})
        self.run("zfs", "set", "readonly=on", f"{self.pool}/chyves/guests/{name}")

    def line(self, name: str, osreldate: int = 1402000) -> str:
        """The command line of `chyves start NAME`."""
        own = self.read(f"guests/{name}/.config/.cfg")
        base = f"{self.pool}/chyves/guests/{name}"
        argv = ("zfs", "list", "-H", "-r", "-t", "volume", "-o", "name", base)
        paths = disk_paths(self.path(f"guests/{name}"), name, self.run(*argv).stdout.split())
        shared = self.read(".config/global.cfg")["consolidate_bhyve_pci_devices"]
        return Line(own, osreldate=osreldate, consolidate=shared).words(name, paths)


def fill(sh: ChyvesSh, prefix: str = "") -> list[str]:
    """Make a guest with snapshots, one with a device on another bridge, and a template.

    Returns those that can be started.
    """
    web, inner, gold = (f"{prefix}{name}" for name in ("web", "inner", "gold"))
    own = {f"tap{sh.taps}_mac": "58:9c:fc:00:00:01"}
    sh.create(web, description="it's = 'ours' ü", rcboot="7", **own)
    sh.add_disk(web, "disk1")
    sh.run("zfs", "snapshot", "-r", f"{sh.pool}/chyves/guests/{web}@a")
    sh.create(inner, bridge="bridge1", pcidev_1="virtio-rnd", cpu="2")
    sh.create(gold)
    sh.make_template(gold)
    return [web, inner]
