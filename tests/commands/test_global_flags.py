"""Global properties that say how much commands say, to whom, and what they may do."""

from __future__ import annotations

import pytest
from bulk_guests import make_guests


@pytest.fixture
def guests(lab):
    make_guests(lab, {"web1": {"uefi_vnc_password": "s3cret"}})
    return lab


def said(host, *words: str) -> tuple[list[str], list[str]]:
    done = host.chyves(*words)
    return done.stdout.splitlines(), done.stderr.splitlines()


def test_stdout_level_says_how_much_is_said(guests):
    snapshot = ("web1", "snapshot")
    set_level = ("global", "set")
    guests.chyves(*set_level, "stdout_level=0")
    assert said(guests, "list", "clones") == ([], [])
    assert said(guests, *snapshot, "@a") == ([], [])
    assert said(guests, "web1", "get", "-H", "ram") == (["256M"], [])
    guests.chyves(*set_level, "stdout_level=1")
    assert said(guests, *snapshot, "@b") == (["web1: snapshot @b"], [])
    guests.chyves(*set_level, "stdout_level=3")
    out, err = said(guests, *snapshot, "@c")
    assert out == ["web1: snapshot @c"]
    assert err[-1].startswith("+ zfs snapshot -r ")


def test_options_count_more_than_stdout_level(guests):
    guests.chyves("global", "set", "stdout_level=0")
    assert said(guests, "web1", "snapshot", "-v", "@a")[0] == ["web1: snapshot @a"]
    guests.chyves("global", "set", "stdout_level=3")
    assert said(guests, "web1", "snapshot", "-q", "@b") == ([], [])


def test_the_supervisor_and_the_boot_of_the_host_do_not_heed_it(guests):
    """What they print is read by other programs."""
    guests.chyves("web1", "set", "rcboot=1")
    for level in "03":
        guests.chyves("global", "set", f"stdout_level={level}")
        out, err = said(guests, "host-boot", "turns")
        assert [line.split("\t")[0] for line in out] == ["web1"]
        assert err == []


def test_log_lines_go_to_syslogd_when_asked_to(guests):
    messages = guests.root / "var/log/messages"
    before = messages.read_text() if messages.exists() else ""
    guests.chyves("global", "set", "log_to_syslog=yes", "log_to_file=no")
    guests.chyves("web1", "clone", "copy", "-q")
    (line,) = messages.read_text().removeprefix(before).splitlines()
    assert " chyves: copy: " in line
    assert ["logger", "-t", "chyves", "-p", "daemon.info", "--"] in [
        argv[:6] for argv in guests.commands("logger")
    ]
    assert guests.chyves("copy", "log").stderr == "nothing in the log of copy\n"


def test_dev_calls_the_core_where_dev_mode_is_on(guests):
    done = guests.chyves("dev", "sizes.parse_size", "1K", status=4)
    assert done.stderr == "chyves: dev_mode is off\n        chyves global set dev_mode=on\n"
    guests.chyves("global", "set", "dev_mode=on")

    def dev(line: str, status: int = 0) -> str:
        done = guests.chyves("dev", *line.split(), status=status)
        return done.stderr if status else done.stdout

    assert "sizes: " in dev("")
    assert "parse_size(text: str) -> int | None" in dev("sizes").splitlines()
    assert dev("sizes.parse_size 1K") == "1024\n"
    assert '"ram"' in dev("getting.guest_rows web1 ram no")
    assert dev("groups.add -n web1 q").startswith("zfs set chyves:groups=q ")
    assert "s3cret" not in dev("guests.read_inventory")
    assert "the core has no such" in dev("nosuch", 3)
    assert "chyves dev sizes" in dev("sizes.nosuch", 3)
    assert "at most 3" in dev("names.check_new_name abcd longest=3", 2)
    assert "text: str is missing" in dev("sizes.parse_size", 2)
    assert "b: is one word too many" in dev("names.vm_name a b", 2)
    assert "a word can't be" in dev("zfs.set_properties a b=c", 2)
