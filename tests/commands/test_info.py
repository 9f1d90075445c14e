"""`chyves info`: letters choose columns, disks stand below their guest."""

from __future__ import annotations

import json
import subprocess
import sys

import pexpect
import pytest
from bulk_guests import make_guests

PF = {"ram": "512M", "cpu": "2"}


@pytest.fixture
def guests(lab):
    """web1 with two disks on zroot, three guests of one beginning on tank."""
    web = {"description": "the web", "net_ifaces": "tap50,tap51", "serial": "nmdm50"}
    make_guests(lab, {"web1": web}, disks=2, disk_serial="CHY01", description="data")
    names = ("pfSense", "pfSense2", "pfSense-gold")
    make_guests(lab, dict.fromkeys(names, PF), pool="tank")
    lab.forget_commands()
    return lab


def test_without_letters_it_is_help_because_default_info_flags_says_so(guests):
    assert guests.output("info").startswith("Show guests, with the columns that you choose\n")


def test_letters_choose_columns_and_may_stand_together_or_apart(guests):
    together = guests.output("info", "-bpd", "web1")
    assert together.split("\n") == [
        "NAME     CPU  RAM   POOL   DESCRIPTION",
        "web1     1    256M  zroot  the web",
        "  disk0             zroot  data",
        "  disk1             zroot  data",
    ]
    assert guests.output("info", "-d", "-p", "-b", "web1") == together


def test_the_table_of_disks_below_their_guests(guests):
    assert guests.output("info", "-zb", "web1", "pfSense").split("\n") == [
        "NAME     SIZE  USED  CPU  RAM",
        "web1     3G    48K   1    256M",
        "  disk0  1G    12K",
        "  disk1  2G    12K",
        "pfSense  1G    36K   2    512M",
        "  disk0  1G    12K",
    ]


def test_k_leaves_the_disks_out(guests):
    assert guests.output("info", "-kpr").split("\n") == [
        "NAME          POOL   ROLE",
        "pfSense       tank   secondary",
        "pfSense-gold  tank   secondary",
        "pfSense2      tank   secondary",
        "web1          zroot  primary",
    ]


def test_v_names_os_loader_version_network_and_console(guests):
    assert guests.output("info", "-kvH", "web1") == (
        "web1\tdefault\tbhyveload\t1\ttap50,tap51\tnmdm50"
    )


def test_u_shows_the_address_of_vnc_only_where_there_is_a_screen(guests):
    screen = {
        "loader": "uefi",
        "uefi_firmware": "edk2",
        "uefi_console_output": "vnc",
        "uefi_vnc_ip": "::1",
        "uefi_vnc_port": "5901",
    }
    make_guests(guests, {"win": screen, "serial": {**screen, "uefi_console_output": "serial"}})
    assert guests.output("info", "-kuH", "win,serial").split("\n") == [
        "win\tedk2\tvnc\t[::1]:5901",
        "serial\tedk2\tserial\t-",
    ]


def test_t_and_n_show_templates_and_notes(guests):
    make_guests(guests, {"gold": {"template": "yes", "notes": "do not start"}})
    assert guests.output("info", "-ktnH", "gold") == "gold\tyes\tdo not start"


def test_c_shows_what_a_clone_was_made_from(guests):
    guests.run("zfs", "snapshot", "zroot/chyves/guests/web1@base")
    guests.run(
        "zfs", "clone", "-o", "chyves:chyves_guest_version=1",
        "zroot/chyves/guests/web1@base", "zroot/chyves/guests/copy",
    )  # fmt: skip
    assert guests.output("info", "-kcH", "copy") == "copy\tzroot/chyves/guests/web1@base"


def test_a_shows_all_columns(guests):
    header = guests.output("info", "-ak", "web1").split("\n")[0].split("  ")
    assert [name.strip() for name in header if name.strip()] == [
        "NAME", "VMM", "RUNNING", "RCBOOT", "SIZE", "USED", "CPU", "RAM", "POOL", "ROLE", "OS",
        "LOADER", "VERSION", "NET", "SERIAL", "TEMPLATE", "ORIGIN", "UEFI FIRMWARE",
        "UEFI CONSOLE OUTPUT", "VNC", "DESCRIPTION", "NOTES",
    ]  # fmt: skip


def test_scripts_get_whole_names_of_disks_and_exact_numbers(guests):
    assert guests.output("info", "-Hz", "--exact", "pfSense").split("\n") == [
        "pfSense\t1073741824\t36864",
        "pfSense/disk0\t1073741824\t12288",
    ]


def test_o_takes_columns_and_any_property(guests):
    assert guests.output("info", "-Ho", "name,ram,uefi_vnc_res,state", "pfSense") == (
        "pfSense\t512M\t800x600\tstopped"
    )


def test_an_unknown_column_is_a_usage_error_that_names_the_columns(guests):
    done = guests.chyves("info", "-o", "name,colour", status=2)
    assert done.stderr.startswith("chyves: there is no column or property 'colour'\n")
    assert "name, guest, vmm" in done.stderr


def test_a_guest_that_is_not_there_is_not_found(guests):
    done = guests.chyves("info", "nosuch", status=3)
    assert done.stderr == "chyves: nosuch: there is no such guest\n        chyves list\n"
    assert guests.chyves("info", "pfSens", status=3).stdout == ""


def test_a_name_is_never_the_beginning_of_another(guests):
    assert guests.output("info", "-kHo", "name", "pfSense") == "pfSense"


def test_a_guest_comes_first_too(guests):
    assert guests.output("web1", "info", "-kp") == guests.output("info", "-kp", "web1")


def test_naming_a_guest_shows_it_even_when_the_default_is_help(guests):
    assert guests.output("info", "web1").split("\n")[0].split() == [
        "NAME", "VMM", "RUNNING", "RCBOOT", "SIZE", "USED", "CPU", "RAM", "POOL", "DESCRIPTION"
    ]  # fmt: skip


def test_default_info_flags_count_without_letters(guests):
    guests.chyves("global", "set", "default_info_flags=-kp")
    assert guests.output("info", "web1") == "NAME  POOL\nweb1  zroot"
    assert guests.output("info").count("\n") == 4


def test_h_is_help_in_a_bundle_of_letters_too(guests):
    told = guests.output("info", "-zh")
    assert told.startswith("Show guests")
    assert "web1" not in told


def test_w_cuts_to_the_width_of_the_terminal_and_counts_wide_characters(guests):
    make_guests(guests, {"tokyo": {"description": "東京東京東京"}})
    done = guests.chyves("info", "-kdwH", "tokyo", COLUMNS="12")
    assert done.stdout == "tokyo\t東京東京東京\n"
    done = guests.chyves("info", "-kdw", "tokyo", COLUMNS="12")
    assert done.stdout == "NAME   DESCR\ntokyo  東京\n"


def test_l_uses_the_pager_of_the_user_on_a_terminal(guests):
    words = [str(guests.lab.bin / "chyves"), "info", "-kpl", "web1"]
    screen = pexpect.spawn(
        words[0], words[1:], env=guests.environment(PAGER="sed s/^/paged:/"), encoding="utf-8"
    )
    assert "paged:web1" in screen.read()


def test_l_uses_no_pager_where_nobody_looks(guests):
    done = guests.chyves("info", "-kplH", "web1", PAGER="false")
    assert done.stdout == "web1\tzroot\n"


def test_a_running_guest_says_so(guests):
    from chyves_core.lab.host.processes import register

    (guests.root / "dev" / "vmm").mkdir(exist_ok=True)
    (guests.root / "dev" / "vmm" / "chy-pfSense2").touch()
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as sleeper:
        register(guests.lab, "bhyve", "bhyve: chy-pfSense2", titled=True, pid=sleeper.pid)
        rows = guests.output("info", "-kHo", "name,vmm,running,state,pid").split("\n")
        sleeper.kill()
    assert rows == [
        "pfSense\tno\tno\tstopped\t-",
        "pfSense-gold\tno\tno\tstopped\t-",
        f"pfSense2\tyes\tyes\trunning\t{sleeper.pid}",
        "web1\tno\tno\tstopped\t-",
    ]


def test_ps_is_not_run_when_nothing_of_chyves_can_run(guests):
    guests.chyves("info", "-a")
    assert [argv[0] for argv in guests.commands()] == ["zpool", "zfs"]


def test_json_tells_everything_with_numbers_as_numbers(guests):
    (told,) = json.loads(guests.output("info", "--json", "web1"))
    properties = told.pop("properties")
    uuid_and_such = {key: told.pop(key) for key in ("uuid", "vnc", "origin", "notes", "pid")}
    assert set(uuid_and_such.values()) == {None}
    assert told == {
        "name": "web1",
        "pool": "zroot",
        "role": "primary",
        "dataset": "zroot/chyves/guests/web1",
        "state": "stopped",
        "running": False,
        "vmm": False,
        "rcboot": 0,
        "template": False,
        "cpu": 1,
        "ram": 256 << 20,
        "size": 3 << 30,
        "used": 49152,
        "os": "default",
        "loader": "bhyveload",
        "version": 1,
        "net": ["tap50", "tap51"],
        "serial": "nmdm50",
        "groups": [],
        "description": "the web",
        "disks": [
            {
                "name": f"disk{number}",
                "size": (number + 1) << 30,
                "used": 12288,
                "dataset": f"zroot/chyves/guests/web1/disk{number}",
                "serial": "CHY01",
                "origin": None,
                "description": "data",
                "notes": None,
            }
            for number in (0, 1)
        ],
    }
    assert properties["rcboot"] == 0
    assert properties["ram"] == "256M"
    assert properties["net_ifaces"] == "tap50,tap51"


def test_json_has_the_same_keys_for_every_guest_and_flag(guests):
    told = json.loads(guests.output("info", "--json", "-k"))
    assert len({tuple(each) for each in told}) == 1
    assert told == json.loads(guests.output("info", "--json", "-a"))


def test_json_never_tells_a_password(guests):
    make_guests(guests, {"win": {"uefi_vnc_password": "hunter2"}})
    told = guests.output("info", "--json", "win")
    assert "hunter2" not in told
    assert json.loads(told)[0]["properties"]["uefi_vnc_password"] == "***"


def test_o_narrows_json(guests):
    told = json.loads(guests.output("info", "--json", "-o", "name,ram,disks,os", "web1"))
    assert told == [
        {"name": "web1", "ram": 256 << 20, "disks": ["disk0", "disk1"], "os": "default"}
    ]


def test_a_topology_counts_as_its_cpus(guests):
    make_guests(guests, {"big": {"cpu": "sockets=2,cores=3,threads=2"}})
    assert guests.output("info", "-kbH", "big") == "big\t12\t256M"


def test_values_of_other_hands_can_neither_forge_cells_nor_obey(guests):
    text = "a\tb\nweb1\tforged\x1b[31m\u202e"
    make_guests(guests, {"odd": {"description": text}})
    shown = "a\\tb\\nweb1\\tforged\\x1b[31m\\u202e"
    assert guests.output("info", "-kdH", "odd") == f"odd\t{shown}"
    assert guests.output("info", "-kd", "odd").split("\n")[1] == f"odd   {shown}"
    told = guests.output("info", "--json", "odd")
    assert json.loads(told)[0]["description"] == text
    assert not {"\x1b", "\u202e", "\t"} & set(told)


def test_bytes_that_are_no_utf8_break_neither_table_nor_json(guests):
    guests.run("zfs", "set", "chyves:description=caf\udce9", "zroot/chyves/guests/web1")
    assert guests.output("info", "-kdH", "web1") == "web1\tcaf\\xe9"
    done = guests.chyves("info", "--json", "-o", "description", "web1")
    assert json.loads(done.stdout.encode())[0]["description"] == "caf\udce9"
