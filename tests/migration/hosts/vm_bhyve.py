"""What vm-bhyve does to a host: from its lib/vm-core, vm-zfs, vm-switch, vm-datastore and vm-run.

`root` is where the host's files lie, `run` runs its programs.
"""

from __future__ import annotations

from copy import copy
from pathlib import Path

from tests.migration.hosts.iohyve import Run


class VmBhyve:
    """vm-bhyve on one host, its guests in datasets or in plain folders.

    `spec` is the vm_dir of rc.conf, `mountpoint` that of its dataset.
    """

    def __init__(self, run: Run, root: Path, spec: str, mountpoint: str = "/vm") -> None:
        self.run, self.root = run, root
        self.dataset = spec.removeprefix("zfs:") if spec.startswith("zfs:") else ""
        if self.dataset:
            run("zfs", "create", "-o", f"mountpoint={mountpoint}", self.dataset)
        self.folder = mountpoint if self.dataset else spec
        for name in (".config", ".templates", ".iso", ".img"):
            self.path(name).mkdir(parents=True)
        self.path(".config/system.conf").write_text("")
        self.path(".config/null.iso").write_text("")
        run("sysrc", "vm_enable=YES", f"vm_dir={spec}")

    def path(self, name: str) -> Path:
        """Where a file of vm-bhyve lies."""
        return self.root / f"{self.folder[1:]}/{name}"

    def configure(self, file: str, **values: str) -> None:
        """`sysrc -f FILE NAME=VALUE`."""
        path = self.path(file)
        lines = path.read_text().splitlines()
        names = [line.partition("=")[0] for line in lines]
        for name, value in values.items():
            line = f'{name}="{value}"'
            if name in names:
                lines[names.index(name)] = line
            else:
                lines.append(line)
        path.write_text("\n".join(lines) + "\n")

    def switch(self, name: str, **values: str) -> None:
        """`vm switch create NAME`, with ports=, vlan=, addr=, type=, bridge=."""
        system = self.path(".config/system.conf").read_text()
        before = [line[13:-1] for line in system.splitlines() if line.startswith("switch_list=")]
        self.configure(".config/system.conf", switch_list=" ".join((*before, name)))
        values = {"type": "standard", **values}
        self.configure(
            ".config/system.conf", **{f"{key}_{name}": value for key, value in values.items()}
        )

    def datastore(self, name: str, folder: str) -> VmBhyve:
        """`vm datastore add NAME FOLDER`: a further place for guests, of the same switches."""
        core = ".config/system.conf"
        lines = self.path(core).read_text().splitlines()
        before = [line[16:-1] for line in lines if line.startswith("datastore_list=")]
        self.configure(core, datastore_list=" ".join((*before, name)), **{f"path_{name}": folder})
        store = copy(self)
        store.dataset, store.folder = "", folder
        store.path("").mkdir(parents=True)
        return store

    def create(self, name: str, size: str = "16M", **values: str) -> None:
        """`vm create NAME` from a template with these settings, with all its disks."""
        if self.dataset:
            self.run("zfs", "create", f"{self.dataset}/{name}")
        else:
            self.path(name).mkdir()
        settings = {
            "loader": "bhyveload",
            "cpu": "1",
            "memory": "256M",
            "network0_type": "virtio-net",
            "network0_switch": "public",
            "disk0_type": "virtio-blk",
            "disk0_name": "disk0.img",
            **values,
        }
        self.path(f"{name}/{name}.conf").write_text("# made by vm create\n")
        self.configure(f"{name}/{name}.conf", **settings)
        self.path(f"{name}/vm-bhyve.log").write_text("initialising\n")
        for number in range(9):
            disk = settings.get(f"disk{number}_name")
            where = settings.get(f"disk{number}_dev", "file")
            if disk and where in ("zvol", "sparse-zvol"):
                sparse = ["-s"] if where == "sparse-zvol" else []
                volume = f"{self.dataset}/{name}/{disk}"
                self.run("zfs", "create", *sparse, "-V", size, "-o", "volmode=dev", volume)
            elif disk and where == "file":
                # `truncate -s SIZE`, which not every host has.
                with self.path(f"{name}/{disk}").open("wb") as file:
                    file.truncate(int(size.removesuffix("M")) << 20)

    def first_start(self, name: str, number: int = 1) -> None:
        """What the first `vm start NAME` writes down: a UUID, an address for each interface."""
        self.configure(f"{name}/{name}.conf", uuid=f"c0ffee00-0000-11ee-8000-{number:012x}")
        own = self.read(name)
        for nic in range(4):
            if f"network{nic}_type" in own and f"network{nic}_mac" not in own:
                mac = f"58:9c:fc:0{nic}:00:{number:02x}"
                self.configure(f"{name}/{name}.conf", **{f"network{nic}_mac": mac})

    def snapshot(self, name: str, snapshot: str) -> None:
        """`vm snapshot NAME@SNAPSHOT`."""
        self.run("zfs", "snapshot", "-r", f"{self.dataset}/{name}@{snapshot}")

    def read(self, name: str) -> dict[str, str]:
        """The settings of a guest."""
        lines = self.path(f"{name}/{name}.conf").read_text().splitlines()
        pairs = (line.partition("=")[::2] for line in lines if "=" in line)
        return {key: value.strip('"') for key, value in pairs}

    def line(self, name: str) -> str:
        """The command line of `vm start NAME`, as vm-run puts it together."""
        own = self.read(name)
        uefi = own["loader"].startswith("uefi")
        words = ["-c", own["cpu"], "-m", own["memory"]]
        if uefi:
            words += ["-H", "-w", "-l", "bootrom,/usr/local/share/uefi-firmware/BHYVE_UEFI.fd"]
        else:
            words += ["-A", "-H", "-P"]
        words += own.get("bhyve_options", "").split()
        words += ["-S"] if "passthru0" in own or own.get("wired_memory") == "yes" else []
        words += ["-U", own["uuid"], "-u", "-s", "0,hostbridge", "-s", "31,lpc"]
        slot, function = 4, 0
        for number in range(9):
            if f"disk{number}_name" in own:
                path = self.disk_path(name, own, number)
                options = own.get(f"disk{number}_opts", "")
                device = ",".join(filter(None, (own[f"disk{number}_type"], path, options)))
                words += ["-s", f"{slot}:{function},{device}"]
                slot, function = (slot + 1, 0) if uefi else (slot, function + 1)
        for number in range(9):
            if f"network{number}_type" in own:
                mac = own[f"network{number}_mac"]
                device = f"{own[f'network{number}_type']},tap{number},mac={mac}"
                words += ["-s", f"15:{number},{device}"]
        if own.get("virt_random") == "yes":
            words += ["-s", "26:0,virtio-rnd"]
        for number in range(9):
            if f"passthru{number}" in own:
                words += ["-s", f"20:{number},passthru,{own[f'passthru{number}']}"]
        if uefi and own.get("graphics") == "yes":
            width, _, height = own["graphics_res"].partition("x")
            words += ["-s", f"30:0,fbuf,tcp=0.0.0.0:5900,w={width},h={height}"]
            words += ["-s", "29:0,xhci,tablet"] if own.get("xhci_mouse") == "yes" else []
        return " ".join(("bhyve", *words, "-l", f"com1,/dev/nmdm-{name}.1A", name))

    def disk_path(self, name: str, own: dict[str, str], number: int) -> str:
        """The path of a disk, as vm::get_disk_path makes it."""
        disk, where = own[f"disk{number}_name"], own.get(f"disk{number}_dev", "file")
        if where in ("zvol", "sparse-zvol"):
            return f"/dev/zvol/{self.dataset}/{name}/{disk}"
        return disk if where == "custom" else f"{self.folder}/{name}/{disk}"
