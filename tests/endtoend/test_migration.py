"""Guests come from the old managers as they were and go back: all that tests/migration/hosts makes.

No host has the interfaces that their bridges lead to, so nobody's can be meant.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from subprocess import CompletedProcess

from tests.endtoend.hosts.base import FIRST, GUESTS, SECOND, Host
from tests.endtoend.test_moving import snapshots
from tests.endtoend.volumes import read, write
from tests.migration.hosts.chyves_sh import ChyvesSh
from tests.migration.hosts.chyves_sh import fill as fill_sh
from tests.migration.hosts.iohyve import Iohyve
from tests.migration.hosts.iohyve_scenes import FIRMWARE, SCENES
from tests.migration.hosts.vm_bhyve import VmBhyve
from tests.migration.hosts.vm_bhyve_scenes import VARIABLES, fill, fill_folder
from tests.migration.looking import below, planned
from tests.migration.seen import Seen, see

NICS = ("chyvest0", "chyvest1")
POOLS = (FIRST, SECOND)
HERE = tuple(f"{pool}/chyves/guests/" for pool in POOLS)
# With snapshots, a screen, a tap that another has, a disk put aside; one on the other pool.
GO_BACK = ("web", "win", "copy", "gear", "rep")


def see_planned(host: Host, names: Iterable[str]) -> dict[str, Seen]:
    """Return what guests would see; their bridges lead nowhere, as no such interface is there."""
    layout = f"{FIRST}/chyves"
    for name in host.own_values(layout):
        if name.endswith("_phy_attach"):
            host.run("zfs", "inherit", name, layout)
    return {name: see(line) for name, line in planned(host, *names).items()}


def machines(seen: Iterable[tuple[str, Seen]], *, uuid: bool = False) -> dict[str, object]:
    """Return what must be the same; iohyve has bhyve make up a UUID, so none is on its lines."""
    return {
        name: (
            *(each.devices, each.cpu, each.ram, each.flags),
            *(sorted(each.screen), each.has_firmware, each.uuid if uuid else ""),
        )
        for name, each in seen
    }


def test_guests_of_iohyve_come_go_back_and_come_again(host: Host) -> None:
    folder = f"{host.folder}/iohyve"
    io = Iohyve(host.run, FIRST, SECOND, mountpoint=folder, prefix=GUESTS, first=950, nics=NICS)
    host.run("zfs", "create", f"{FIRST}/iohyve/Firmware/{FIRMWARE}")
    host.path(f"{folder}/Firmware/{FIRMWARE}/{FIRMWARE}").write_bytes(b"f" * 4096)
    compared = [f"{GUESTS}{name}" for scene in SCENES.values() for name in scene(io)]
    if shutil.which("grub-bhyve", path=host.environment()["PATH"]) is None:
        host.notes.append("no grub-bhyve: the machine of the guest that needs it is not compared")
        compared.remove(f"{GUESTS}lin")
    old = {name: see(io.line(name.removeprefix(GUESTS))) for name in compared}
    for name in ("web", "old", "rep"):
        write(host, f"{io.dataset(name)}/disk0", "now")
    replica = f"{SECOND}/iohyve/{GUESTS}backup/"
    there = below(host, *(f"{pool}/iohyve/" for pool in POOLS), roots=POOLS)
    guids = {name: snapshots(host, io.dataset(name)) for name in ("web", "old", "rep")}

    names = [f"{GUESTS}{name}" for name in io.guests if name != "old"]
    told = host.chyves("import", "iohyve", *names, "--yes").stdout
    assert f"{replica}{GUESTS}deep: has a guest's name and lies deeper" in told
    here = below(host, *HERE, roots=POOLS)
    web, rep = f"{HERE[0]}{GUESTS}web", f"{HERE[1]}{GUESTS}rep"
    assert snapshots(host, web) == guids["web"] != {}
    assert snapshots(host, rep) == guids["rep"] != {}
    assert read(host, f"{web}/disk0") == read(host, f"{rep}/disk0") == "now"
    # It had no mount point on its pool, as what is received there.
    assert host.value(rep, "mounted") == "yes"

    back = [f"{GUESTS}{name}" for name in GO_BACK]
    host.chyves("export", "--to", "iohyve", ",".join(back), "--yes", "-q")
    again = below(host, *(f"{pool}/iohyve/" for pool in POOLS), roots=POOLS)
    own = tuple(f"{io.dataset(name)}{end}" for name in GO_BACK for end in "/@\t")
    assert ours(again, own) == ours(there, own)
    assert ours(again, (replica,)) == ours(there, (replica,)) != []
    host.chyves("import", "iohyve", *back, "--yes", "-q")
    assert below(host, *HERE, roots=POOLS) == here

    old_one, copy = io.dataset("old"), f"{HERE[0]}{GUESTS}old"
    host.chyves("import", "iohyve", f"{GUESTS}old", "--copy", "--yes", "-q")
    assert ours(below(host, old_one, roots=POOLS), (old_one,)) == ours(there, (old_one,))
    assert snapshots(host, copy) == guids["old"] == snapshots(host, old_one)
    assert read(host, f"{copy}/disk0") == "now"
    assert machines(see_planned(host, compared).items()) == machines(old.items())


def ours(lines: Iterable[str], starts: tuple[str, ...]) -> list[str]:
    """Return the lines about some datasets."""
    return [line for line in lines if line.startswith(starts)]


def test_guests_of_chyves_sh_stay_in_place(host: Host) -> None:
    host.run("zfs", "destroy", "-r", f"{SECOND}/chyves")
    sh = ChyvesSh(host.run, host.path("/"), SECOND, first=950, uplink=NICS[0])
    names = fill_sh(sh, GUESTS)
    sh.create_before_files(f"{GUESTS}old")
    old = {name: see(sh.line(name)) for name in names}
    web, gold = (f"{HERE[1]}{GUESTS}{name}" for name in ("web", "gold"))
    guids, file = snapshots(host, web), sh.path(f"guests/{GUESTS}web/.config/.cfg").read_text()
    host.chyves("import", "chyves-sh", *names, f"{GUESTS}gold", f"{GUESTS}old", "--yes", "-q")
    assert snapshots(host, web) == guids != {}
    assert sh.path(f"guests/{GUESTS}web/.config/.cfg").read_text() == file
    assert host.value(gold, "readonly") == "on"
    assert host.own_values(f"{HERE[1]}{GUESTS}old")["chyves:serial"] == "nmdm953"
    assert host.own_values(web)["chyves:description"] == "it's = 'ours' ü"
    layout = host.own_values(f"{SECOND}/chyves")
    assert layout["chyves.pool:role"] == "secondary"
    assert not any(name.startswith("chyves.global:") for name in layout)
    new = see_planned(host, names)
    assert machines(new.items(), uuid=True) == machines(old.items(), uuid=True)
    assert "is a template" in host.refused(f"{GUESTS}gold", "start", "-n", status=4)
    host.run("zfs", "destroy", "-r", f"{SECOND}/chyves")
    host.chyves("dataset", SECOND, "install")


def test_guests_of_vm_bhyve_come_from_datasets_and_folders(host: Host) -> None:
    host.need("sysrc")
    # sysrc(8): a file of the test stands for rc.conf.
    rc = host.path(f"{host.folder}/rc.conf")
    rc.parent.mkdir(parents=True, exist_ok=True)
    rc.write_text("")

    def run(*argv: str) -> CompletedProcess[str]:
        return host.run(*argv, RC_CONFS=f"{host.folder}/rc.conf")

    vm = VmBhyve(run, host.path("/"), f"zfs:{FIRST}/vm", f"{host.folder}/vm")
    names = fill(vm, SECOND, prefix=GUESTS, nics=NICS, uefi="uefi-custom")
    vm.path(".config/BHYVE_UEFI.fd").write_bytes(b"f" * 4096)
    bsd, _, win = names
    vm.snapshot(bsd, "a")
    plain = vm.datastore("plain", f"{host.folder}/plain")
    files = f"{GUESTS}files"
    fill_folder(plain, files)
    old = {name: see(vm.line(name)) for name in names} | {files: see(plain.line(files))}
    there, guids = below(host, f"{FIRST}/vm/", roots=POOLS), snapshots(host, f"{FIRST}/vm/{bsd}")

    run(host.program, "import", "vm-bhyve", *names, files, "--yes", "-q")
    here = below(host, *HERE, roots=POOLS)
    assert snapshots(host, f"{HERE[0]}{bsd}") == guids != {}
    assert read(host, f"{HERE[0]}{files}/disk0") == "system"
    assert plain.path(f"{files}/disk0.img").read_bytes()[:6] == b"system"

    run(host.program, "export", "--to", "vm-bhyve", ",".join(names), "--yes", "-q")
    again = below(host, f"{FIRST}/vm/", roots=POOLS)
    assert [line for line in again if "\tchyves:" not in line] == there
    assert vm.path(f"{win}/uefi-vars.fd").read_bytes() == VARIABLES
    run(host.program, "import", "vm-bhyve", *names, "--yes", "-q")
    assert below(host, *HERE, roots=POOLS) == here
    new = see_planned(host, old)
    assert machines(new.items(), uuid=True) == machines(old.items(), uuid=True)
