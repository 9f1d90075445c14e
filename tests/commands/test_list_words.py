"""`chyves list WORD`: pools, properties, disks, snapshots and what else there is."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from bulk_guests import make_guests

from chyves_core.lab.host.processes import register


@pytest.fixture
def guests(lab):
    """web1 with two disks on zroot; pfSense, pfSense2 and pfSense-gold on tank."""
    web = {"ram": "512M", "serial": "nmdm50", "groups": "dmz,web"}
    make_guests(lab, {"web1": web}, disks=2, disk_serial="CHY01", description="data")
    names = ("pfSense", "pfSense2", "pfSense-gold")
    make_guests(lab, {name: {"groups": "dmz"} for name in names}, pool="tank")
    return lab


def test_pools_with_role_and_guests(guests):
    guests.run("zfs", "set", "chyves.pool:guid=12345", "tank/chyves")
    assert guests.output("list", "-H", "-o", "pool,role,health,guests,version", "pools") == (
        "tank\treplica\tONLINE\t-\t1\nzroot\tprimary\tONLINE\t1\t1"
    )


def test_pools_show_sizes_for_people_and_bytes_for_scripts(guests):
    size, free = guests.output("list", "-Hp", "-o", "size,free", "pools").split("\n")[0].split("\t")
    assert size == guests.run("zpool", "list", "-Hp", "-o", "size", "tank").stdout.strip()
    shown = guests.run("zpool", "list", "-H", "-o", "size,free", "tank").stdout.strip()
    assert guests.output("list", "-H", "-o", "size,free", "pools").split("\n")[0] == shown
    assert int(free) < int(size)


def test_pools_without_chyves_are_listed_as_such(empty_lab):
    assert empty_lab.output("list", "-Ho", "pool,role,guests", "pools") == (
        "tank\tnone\t-\nzroot\tnone\t-"
    )


def test_a_property_of_every_guest(guests):
    assert guests.output("list", "ram").split("\n") == [
        "GUEST         RAM",
        "pfSense       256M",
        "pfSense-gold  256M",
        "pfSense2      256M",
        "web1          512M",
    ]
    assert guests.output("list", "-Hp", "ram").split("\n")[-1] == "web1\t536870912"
    assert json.loads(guests.output("list", "--json", "rcboot"))[0] == {
        "guest": "pfSense",
        "rcboot": 0,
    }


def test_a_numbered_property_and_one_that_only_one_guest_has(guests):
    make_guests(guests, {"new": {"tap50_mac": "58:9c:fd:00:00:01", "owner": "ops"}})
    assert "new\t58:9c:fd:00:00:01" in guests.output("list", "-H", "tap50_mac").split("\n")
    assert guests.output("list", "-H", "owner").split("\n")[0] == "new\tops"


def test_a_property_of_disks(guests):
    assert guests.output("list", "-H", "disk_serial").split("\n")[-2:] == [
        "web1\tdisk0\tCHY01",
        "web1\tdisk1\tCHY01",
    ]


def test_a_word_that_nothing_is_called_is_a_usage_error_with_near_words(guests):
    done = guests.chyves("list", "rma", status=2)
    assert done.stderr == "chyves: rma: there is no list of that name\n        did you mean ram?\n"
    assert "pools, processes" in guests.chyves("list", "xyzzy", status=2).stderr
    assert "chyves info web1" in guests.chyves("list", "web1", status=2).stderr
    assert "xyzzy: there is no" in guests.chyves("list", "xyzzy", "active", status=2).stderr
    assert "one word too many" in guests.chyves("list", "pools", "tank", status=2).stderr


def test_defaults_tell_what_was_set_from_what_is_declared(guests):
    guests.chyves("defaults", "set", "ram=1G")
    lines = guests.output("list", "-H", "defaults").split("\n")
    assert "ram\t1G\tdefaults" in lines
    assert "size\t8G\tdeclared" in lines


def test_global_properties_of_the_primary_pool_and_of_another(guests):
    guests.chyves("global", "set", "log_mode=guest")
    guests.run("zfs", "set", "chyves.global:log_mode=host", "tank/chyves")
    assert "log_mode\tguest\tglobal" in guests.output("list", "-H", "global").split("\n")
    assert guests.output("list", "global", "primary") == guests.output("list", "global", "zroot")
    assert guests.output("list", "-H", "global", "tank") == "log_mode\thost\ttank"
    assert (
        "nosuch: there is no such pool"
        in guests.chyves("list", "global", "nosuch", status=3).stderr
    )


def test_properties_need_no_zfs_at_all(guests):
    guests.forget_commands()
    told = json.loads(guests.output("list", "--json", "properties"))
    assert guests.commands() == []
    by_name = {(each["scope"], each["property"]): each for each in told}
    assert by_name["guest", "ram"]["default"] == "256M"
    assert by_name["guest", "tap{n}_mac"]["optional"] is True
    assert by_name["guest", "loader"]["values"] == ["bhyveload", "uefi", "grub-bhyve"]
    assert by_name["global", "log_mode"]["help"] == "Where a guest's log lines go."


def test_disks_of_all_guests_or_of_one(guests):
    assert guests.output("list", "disks", "web1").split("\n") == [
        "GUEST  DISK   SIZE  USED  DATASET                         SERIAL  DESCRIPTION",
        "web1   disk0  1G    12K   zroot/chyves/guests/web1/disk0  CHY01   data",
        "web1   disk1  2G    12K   zroot/chyves/guests/web1/disk1  CHY01   data",
    ]
    assert len(guests.output("list", "-H", "disks").split("\n")) == 5
    assert guests.output("list", "-Ho", "guest", "disks", "pfSense") == "pfSense"


def test_groups_with_their_guests(guests):
    assert guests.output("list", "-H", "groups").split("\n") == [
        "dmz\tpfSense,pfSense-gold,pfSense2,web1",
        "web\tweb1",
    ]


def test_clones_with_what_they_stand_on(guests):
    guests.run("zfs", "snapshot", "-r", "tank/chyves/guests/pfSense@base")
    clone = ("zfs", "clone", "-o", "chyves:chyves_guest_version=1")
    guests.run(*clone, "tank/chyves/guests/pfSense@base", "tank/chyves/guests/copy")
    assert guests.output("list", "-H", "clones") == "copy\tpfSense\t@base\ttank\t-"


def test_clones_show_which_disks_stand_alone_and_cost_no_call_of_their_own(guests):
    guests.run("zfs", "snapshot", "-r", "zroot/chyves/guests/web1@base")
    make_guests(guests, {"copy": {}}, disks=2)
    copy = "zroot/chyves/guests/copy"
    guests.run("zfs", "destroy", f"{copy}/disk0")
    guests.run("zfs", "clone", "zroot/chyves/guests/web1/disk0@base", f"{copy}/disk0")
    guests.forget_commands()
    assert guests.output("list", "-Ho", "guest,origin,snapshot,disks,independent", "clones") == (
        "copy\tweb1\t@base\tdisk0\tdisk1"
    )
    assert guests.output("info", "-cH", "copy").split("\n") == [
        "copy\t-",
        "copy/disk0\tzroot/chyves/guests/web1/disk0@base",
        "copy/disk1\t-",
    ]
    assert [argv[0] for argv in guests.commands()] == ["zpool", "zfs"] * 2


def test_snapshots_count_the_disks_and_cost_one_more_zfs_call(guests):
    for name in ("pfSense@one", "pfSense@two", "pfSense-gold@one"):
        guests.run("zfs", "snapshot", "-r", f"tank/chyves/guests/{name}")
    guests.forget_commands()
    assert guests.output("list", "-Ho", "guest,snapshot", "snapshots").split("\n") == [
        "pfSense\t@one",
        "pfSense\t@two",
        "pfSense-gold\t@one",
    ]
    assert [argv[0] for argv in guests.commands()] == ["zpool", "zfs", "zfs"]
    assert guests.output("list", "-Ho", "snapshot", "snapshots", "pfSense") == "@one\n@two"
    told = json.loads(guests.output("list", "--json", "snapshots", "pfSense-gold"))
    assert isinstance(told[0]["creation"], int)
    assert told[0]["dataset"] == "tank/chyves/guests/pfSense-gold@one"


def test_an_empty_list_says_what_there_is_none_of(lab):
    for word in ("disks", "groups", "clones", "snapshots", "iso", "firmware"):
        done = lab.chyves("list", word)
        assert done.stdout == ""
        assert done.stderr.startswith("no ")
        assert lab.output("list", "--json", word) == "[]"


def test_iso_images_on_the_primary_pool(guests, tmp_path):
    image = tmp_path / "small.iso"
    image.write_bytes(bytes(2 << 20))
    guests.chyves("iso", "import", str(image), "-y")
    assert guests.output("list", "-Hp", "-o", "name,size", "iso") == f"small.iso\t{2 << 20}"


def test_no_processes_are_no_error(guests):
    done = guests.chyves("list", "processes")
    assert (done.stdout, done.stderr) == ("", "no processes\n")


def test_processes_of_guests_by_exact_name(guests):
    make_guests(guests, {"web10": {}})
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen(sleep) as bhyve, subprocess.Popen(sleep) as cu:
        register(guests.lab, "bhyve", "bhyve: chy-web1", titled=True, pid=bhyve.pid)
        register(guests.lab, "cu", "cu -l /dev/nmdm50B -s 115200", pid=cu.pid)
        told = json.loads(guests.output("list", "--json", "processes"))
        shown = guests.output("list", "-Ho", "guest,process", "processes", "web1")
        other = guests.chyves("list", "processes", "web10")
        bhyve.kill()
        cu.kill()
    found = {each["pid"]: (each["guest"], each["process"]) for each in told}
    assert found == {bhyve.pid: ("web1", "bhyve"), cu.pid: ("web1", "cu")}
    assert all(each["memory"] > 1 << 20 for each in told)
    assert sorted(shown.split("\n")) == ["web1\tbhyve", "web1\tcu"]
    assert (other.stdout, other.stderr) == ("", "no processes\n")
