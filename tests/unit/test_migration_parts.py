"""Parts of migration by themselves: what bhyve makes up, old files, switches."""

from __future__ import annotations

import hashlib
import uuid

from chyves_core.bhyve.slots import Place
from chyves_core.loaders.grub import Step, read_device_map
from chyves_core.migration import derived, grub_files, vm_config
from chyves_core.migration.devices import moved_path, parse_device
from chyves_core.migration.old import imported_name
from chyves_core.migration.vm_switches import Around, wire


def test_an_address_is_made_of_slot_function_and_the_vms_name() -> None:
    digits = hashlib.md5(b"5-1-ioh-web").hexdigest()
    wanted = f"00:a0:98:{digits[0:2]}:{digits[2:4]}:{digits[4:6]}"
    assert derived.mac("ioh-web", Place(5, 1)) == wanted


def test_only_old_releases_made_serial_numbers_of_the_options_too() -> None:
    new = derived.disk_serial("/dev/zvol/a", "nocache", osreldate=1302001)
    assert new == derived.disk_serial("/dev/zvol/a", osreldate=1200086)
    old = derived.disk_serial("/dev/zvol/a", "nocache", osreldate=1200086)
    digits = hashlib.md5(b"/dev/zvol/a,nocache").hexdigest().upper()
    assert old == f"BHYVE-{digits[0:4]}-{digits[4:8]}-{digits[8:12]}"


def test_a_uuid_has_its_first_parts_the_other_way_round_in_smbios() -> None:
    made = derived.guest_uuid("ioh-web", "host")
    digest = hashlib.md5(b"ioh-web" + b"host".ljust(256, b"\0")).digest()
    assert uuid.UUID(made).bytes_le[:6] == digest[:6]
    assert uuid.UUID(made).bytes_le[6] >> 4 == 3
    assert made == derived.guest_uuid("ioh-web", "host") != derived.guest_uuid("ioh-web", "host2")


def test_vm_bhyves_files_are_read_as_it_reads_them() -> None:
    text = 'loader="uefi"   # firmware\n#cpu=9\n cpu=8\nCPU=7\ncpu=2\ncpu=3\nuuid=\nname=a=b\n'
    wanted = {"loader": "uefi", "cpu": "2", "uuid": "", "name": "a=b"}
    assert vm_config.parse(text) == wanted


def test_devices_keep_their_options_and_get_a_serial_number_once() -> None:
    device = parse_device("ahci-hd,/dev/zvol/tank/a,nocache")
    assert device.dataset == "tank/a"
    assert device.at("/dev/zvol/b", "X") == "ahci-hd,/dev/zvol/b,nocache,ser=X"
    assert parse_device("ahci-hd,/a,ser=Y").at("/b", "X") == "ahci-hd,/b,ser=Y"
    assert parse_device("virtio-rnd").at("", "X") == "virtio-rnd"
    assert moved_path("/iohyve/web2/x", {"/iohyve/web": "/new"}) == "/iohyve/web2/x"


def test_grub_boots_what_vm_bhyve_let_it_boot() -> None:
    for values, wanted in {
        (): "root=hd0,1\nprefix=(hd0,1)/boot/grub\nconfigfile (hd0,1)/boot/grub/grub.cfg\n",
        (("grub_run_partition", "gpt2"), ("grub_run_dir", "/grub2"), ("grub_run_file", "my.cfg")): (
            "root=hd0,gpt2\nprefix=(hd0,gpt2)/grub2\nconfigfile (hd0,gpt2)/grub2/my.cfg\n"
        ),
        (("grub_run0", "linux /vmlinuz"), ("grub_run1", "initrd /initrd"), ("grub_run2", "boot")): (
            "root=hd0,1\nlinux /vmlinuz\ninitrd /initrd\nboot\n"
        ),
    }.items():
        assert grub_files.menu_of_vm_bhyve(dict(values)) == wanted


def test_a_profile_is_told_in_the_words_of_vm_bhyve() -> None:
    step = Step("hd0,msdos1", "/grub", ())
    wanted = {"grub_run_partition": "msdos1", "grub_run_dir": "/grub"}
    assert grub_files.words_for_vm_bhyve(step) == wanted
    commands = Step("hd0", "", ("linux (hd0,msdos1)/vmlinuz", "initrd (hd0,msdos1)/initrd.img"))
    assert grub_files.words_for_vm_bhyve(commands) == {
        "grub_run0": "linux (hd0,msdos1)/vmlinuz",
        "grub_run1": "initrd (hd0,msdos1)/initrd.img",
    }


def test_the_paths_of_a_device_map_move() -> None:
    text = (
        "(hd0) /dev/zvol/tank/iohyve/web/disk0\n"
        "(hd1) /dev/zvol/tank/iohyve/web2/disk0\n(cd0) /a b\n"
    )
    moves = {"/dev/zvol/tank/iohyve/web": "/dev/zvol/tank/chyves/guests/web"}
    assert grub_files.moved_map(text, moves) == (
        "(hd0) /dev/zvol/tank/chyves/guests/web/disk0\n"
        "(hd1) /dev/zvol/tank/iohyve/web2/disk0\n(cd0) /a b\n"
    )


def test_a_device_map_is_read_as_grub_reads_it() -> None:
    text = "(hd0)   /dev/zvol/tank/a and more\n\n(hd1)\n\t(cd0) /b\n"
    assert read_device_map(text) == [("(hd0)", "/dev/zvol/tank/a"), ("(cd0)", "/b")]


def test_kept_names_are_such_as_zfs_takes() -> None:
    assert imported_name("pcidev:3") == "imported_pcidev_3"
    assert imported_name("Größe") == "imported_gr__e"


def test_a_switch_becomes_a_bridge_that_leads_there_already_or_a_new_one() -> None:
    core = {
        "switch_list": "public inside dmz hand far odd",
        "ports_public": "em0",
        "ports_dmz": "em1 em2",
        "vlan_dmz": "7",
        "type_hand": "manual",
        "bridge_hand": "bridge9",
        "type_far": "vxlan",
        "ports_far": "em0",
        "vlan_far": "12",
        "type_odd": "crossbar",
    }
    settings = {"bridge3_phy_attach": "em0", "bridge0_phy_attach": "private"}
    wired = wire(vm_config.switches(core), Around(settings))
    wanted = {"public": "bridge3", "inside": "bridge0", "dmz": "bridge1", "hand": "bridge9"}
    assert wired.bridges == {**wanted, "far": "bridge2"}
    assert wired.new == {"bridge1": "vlan7", "bridge2": "vxlan12"}
    assert wired.vlans == {"7": "em1"}
    assert any("sysrc cloned_interfaces+=vxlan12" in note for note in wired.notes)
    assert any("no crossbar switches" in note for note in wired.notes)
    assert any("em2" in note for note in wired.notes)
