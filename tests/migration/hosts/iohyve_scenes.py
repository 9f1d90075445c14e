"""What hosts with iohyve really have: each function makes one thing of it, with names of its own.

It returns the guests whose start can be compared.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.migration.hosts.iohyve import Iohyve

Scene = Callable[[Iohyve], list[str]]
FIRMWARE = "BHYVE_UEFI.fd"


def plain(io: Iohyve) -> list[str]:
    """A guest with two disks and snapshots, and one as it was created."""
    io.create("web")
    io.add("web", 1)
    io.snap("web", "before")
    io.set("web", ram="1G", cpu="2", boot="1", net=io.nics[0])
    io.start("web")
    io.create("db")
    return ["web", "db"]


def vnc_letters(io: Iohyve) -> list[str]:
    """UEFI with a screen, its port under the swapped letters that `create` writes."""
    io.create("win")
    io.set("win", loader="uefi", fw=FIRMWARE, vnc="YES", vnc_wait="YES", vnc_tablet="YES")
    io.set("win", sectorsize="512", utc="YES", vnc_w="1024", vnc_h="768")
    return ["win"]


def blanks(io: Iohyve) -> list[str]:
    """Flags with blanks, which stand as _, and a grub guest."""
    io.create("lin")
    io.set("lin", bargs="-A -H -P -S -w", loader="grub-bhyve", os="debian", autogrub="x")
    return ["lin"]


def prefixes(io: Iohyve) -> list[str]:
    """Names that are the beginning of others."""
    for name in ("pf", "pf2", "pf-gold", "xpf"):
        io.create(name)
    return ["pf", "pf2", "pf-gold", "xpf"]


def second_pool(io: Iohyve) -> list[str]:
    """A disk on another pool, where no guest of the name is."""
    io.create("sp")
    io.add("sp", 1, io.other)
    io.add("sp", 2)
    return ["sp"]


def stale_size(io: Iohyve) -> list[str]:
    """The size that is told is not the disk's any more."""
    io.create("stale")
    io.add("stale", 1)
    io.resize("stale", "disk1", "32M")
    return ["stale"]


def no_first_disk(io: Iohyve) -> list[str]:
    """disk0 is gone, disk1 is there; iohyve would not start it."""
    io.create("headless")
    io.add("headless", 1)
    io.run("zfs", "destroy", f"{io.dataset('headless')}/disk0")
    return []


def template(io: Iohyve) -> list[str]:
    """A template, and a clone of it that has its tap and console."""
    io.create("gold")
    io.clone("gold", "copy")
    io.set("gold", template="YES")
    return ["copy"]


def texts(io: Iohyve) -> list[str]:
    """A description with quotes and UTF-8."""
    io.create("words")
    io.set("words", description='d\'Ütz "prod" = 100% `x` $HOME')
    return ["words"]


def before_vnc(io: Iohyve) -> list[str]:
    """A guest of an iohyve that knew neither VNC nor UTC."""
    io.create("old", vnc=False)
    io.snap("old", "a")
    return ["old"]


def devices(io: Iohyve) -> list[str]:
    """All kinds of devices: more than nine, a virtio disk, one put aside, one that is shared."""
    io.create("gear")
    disk = io.add("gear", 1)
    io.add("gear", 2)
    io.run("zfs", "inherit", "-r", "iohyve:pcidev:2", io.dataset("gear"))
    io.set_device("gear", 1, f"virtio-blk,/dev/zvol/{disk}")
    io.set_device("gear", 10, "virtio-rnd")
    io.set_device("gear", 2, f"ahci-cd,{io.mountpoint}/{io.prefix}gear/tools.iso")
    return ["gear"]


def renamed(io: Iohyve) -> list[str]:
    """A guest that iohyve has renamed, with two interfaces and an address of its own."""
    io.create("first")
    io.rename("first", "second")
    one, two = f"tap{io.first}", f"tap{io.first + 7}"
    io.set("second", tap=f"{one},{two}={io.nics[1]}", net=io.nics[0])
    io.set("second", **{f"mac_{two}": "58:9c:fc:01:02:03"})
    return ["second"]


def received(io: Iohyve) -> list[str]:
    """A guest that was sent to the other pool and is a guest only there: all it has is received."""
    io.create("rep")
    io.add("rep", 1)
    old = io.dataset("rep")
    io.run("zfs", "create", "-p", f"{io.other}/iohyve")
    io.replicate("rep", f"{io.other}/iohyve/{io.prefix}rep")
    io.run("zfs", "destroy", "-r", old)
    io.guests["rep"] = io.other
    io.set_device("rep", 1, f"ahci-hd,/dev/zvol/{io.dataset('rep')}/disk1")
    return ["rep"]


def deeper(io: Iohyve) -> list[str]:
    """A guest, and a replica of it one level deeper, which is no guest and stays where it is."""
    io.create("deep")
    io.run("zfs", "create", "-p", f"{io.other}/iohyve/{io.prefix}backup")
    io.replicate("deep", f"{io.other}/iohyve/{io.prefix}backup/{io.prefix}deep")
    return ["deep"]


SCENES: dict[str, Scene] = {
    each.__name__: each
    for each in (
        plain,
        vnc_letters,
        blanks,
        prefixes,
        second_pool,
        stale_size,
        no_first_disk,
        template,
        texts,
        before_vnc,
        devices,
        renamed,
        received,
        deeper,
    )
}
