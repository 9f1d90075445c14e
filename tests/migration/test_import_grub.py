"""Guests that GRUB boots go on booting: their menus and device maps come, and go back."""

from __future__ import annotations

from tests.conftest import LabHost
from tests.migration.hosts.chyves_sh import ChyvesSh
from tests.migration.hosts.iohyve import Iohyve
from tests.migration.hosts.vm_bhyve import VmBhyve

MENU = "linux (hd0,msdos2)/vmlinuz\ninitrd (hd0,msdos2)/initrd\nboot\n"
LINUX = {"loader": "grub", "disk0_name": "disk0", "disk0_dev": "zvol"}


def test_files_of_iohyve_come_with_their_new_paths_and_go_back(lab: LabHost) -> None:
    io = Iohyve(lab.run, "zroot")
    for name in ("web", "web2", "bare"):
        io.create(name)
        io.set(name, loader="grub-bhyve", os="custom")
    io.add("web", 1)
    folder = lab.root / "iohyve/web"
    device_map = "".join(f"(hd{n}) /dev/zvol/zroot/iohyve/web/disk{n}\n" for n in (0, 1))
    device_map += "(hd2) /dev/zvol/zroot/iohyve/web2/disk0\n"
    for place, text in ((folder, MENU), (lab.root / "iohyve/web2", "boot\n")):
        (place / "grub.cfg").write_text(text)
    (folder / "device.map").write_text(device_map)
    # It says what is made anew at each start.
    own_disk = "(hd0) /dev/zvol/zroot/iohyve/web2/disk0\n(cd0) /iohyve/ISO/a.iso/a.iso\n"
    (lab.root / "iohyve/web2/device.map").write_text(own_disk)
    shown = lab.chyves("import", "iohyve", "-y").stdout
    assert "/iohyve/bare/grub.cfg" in shown and "is not there, and os=custom needs it" in shown
    own = lab.root / "chyves/zroot/guests/web/grub"
    assert (own / "grub.cfg").read_text() == MENU
    # web2 came by the same command, and its disk has another place, too.
    assert (own / "device.map").read_text() == "".join(
        f"(hd{n}) /dev/zvol/zroot/chyves/guests/{disk}\n"
        for n, disk in enumerate(("web/disk0", "web/disk1", "web2/disk0"))
    )
    assert not (own.parent.parent / "web2/grub/device.map").exists()
    assert "-r host -d /chyves/zroot/guests/web/grub -M 256M chy-web" in lab.output(
        "web", "start", "-n"
    )
    lab.chyves("web", "rename", "www")
    told = lab.chyves("www", "start", "-n", status=3).stderr
    assert "www/grub/device.map names /dev/zvol/zroot/chyves/guests/web/disk0" in told
    lab.chyves("www", "rename", "web")
    (own / "grub.cfg").write_text("boot\n")
    lab.chyves("export", "--to", "iohyve", "web,web2", "-yq")
    assert (folder / "grub.cfg").read_text() == "boot\n"
    assert (folder / "device.map").read_text().splitlines()[:2] == device_map.splitlines()[:2]
    made = (lab.root / "iohyve/web2/device.map").read_text()
    assert made == "(hd0) /dev/zvol/zroot/iohyve/web2/disk0\n"


def test_commands_of_vm_bhyve_become_a_menu_and_stay_in_its_file(lab: LabHost) -> None:
    vm = VmBhyve(lab.run, lab.root, "zfs:zroot/vm")
    vm.switch("public", ports="em0")
    run = {"grub_run0": "linux /vmlinuz", "grub_run1": "initrd /initrd", "grub_install0": "boot"}
    vm.create("deb", **LINUX, **run)
    vm.create("rocky", **LINUX, grub_run_partition="gpt2", grub_run_dir="/grub2")
    before = vm.read("deb")
    shown = lab.chyves("import", "vm-bhyve", "-y").stdout
    assert "to install anew: the property os" in shown
    guests = lab.root / "chyves/zroot/guests"
    menu = (guests / "deb/grub/grub.cfg").read_text()
    assert menu == "root=hd0,1\nlinux /vmlinuz\ninitrd /initrd\nboot\n"
    assert "configfile (hd0,gpt2)/grub2/grub.cfg" in (guests / "rocky/grub/grub.cfg").read_text()
    assert "-r host -d /chyves/zroot/guests/deb/grub " in lab.output("deb", "start", "-n")
    vm_file = guests / "deb/deb.conf"
    vm_file.unlink()
    lab.chyves("rocky", "set", "os=d8lvm")
    lab.chyves("export", "--to", "vm-bhyve", "deb,rocky", "-yq")
    after = vm.read("deb")
    assert {name: after[name] for name in run if "run" in name} == {
        name: before[name] for name in run if "run" in name
    }
    rocky = vm.read("rocky")
    assert (rocky["grub_run_partition"], rocky["grub_run_dir"]) == ("msdos1", "/grub")
    lab.chyves("import", "vm-bhyve", "-yq")
    assert (guests / "deb/grub/grub.cfg").read_text() == menu
    (guests / "deb/grub/grub.cfg").write_text(MENU)
    told = lab.chyves("export", "--to", "vm-bhyve", "deb", "-y").stdout
    assert "its lines have to be in grub_run{n}" in told


def test_files_of_chyves_sh_are_found_in_their_new_folder(empty_lab: LabHost) -> None:
    lab = empty_lab
    sh = ChyvesSh(lab.run, lab.root, "zroot")
    sh.create("web", loader="grub-bhyve", os="custom")
    sh.path("guests/web/grub.cfg").write_text(MENU)
    sh.path("guests/web/device.map").write_text("(hd0) /dev/zvol/tank/data\n")
    lab.chyves("import", "chyves-sh", "-yq")
    own = sh.path("guests/web/grub")
    assert (own / "grub.cfg").read_text() == MENU
    assert own.joinpath("device.map").read_text() == sh.path("guests/web/device.map").read_text()
