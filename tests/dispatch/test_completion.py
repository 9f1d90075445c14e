"""`chyves complete WORD…`: what can follow, from Usage lines, properties and the host's ZFS."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from checkout import DATASETS, REPOSITORY, Chyves

GIVE = Callable[..., None]


@pytest.fixture
def filled(chyves: Chyves, host: GIVE) -> Chyves:
    """A host with guests and so on, and commands that take all of it."""
    host(*DATASETS, pools="tank zroot", interfaces="tap50 bridge0 tap51 bridge1 em0")
    chyves.add("set", "chyves <guest>|global|defaults|all set <property>=<value>...")
    chyves.add("get", "chyves <guest>[,<guest>...]|global|defaults get <property>|all")
    chyves.add(
        "snapshot",
        "chyves <guest> snapshot [@<name>] [-n]",
        "chyves <guest> snapshot list [-H]",
        "chyves <guest> snapshot delete <snapshot>",
        "chyves <guest> snapshot rollback [<snapshot>] [-y|--yes]",
    )
    chyves.add(
        "disk", "chyves <guest> disk add [<size>]", "chyves <guest> disk resize disk{n} SIZE"
    )
    chyves.add("clone", "chyves <guest> clone <name> [-ce|-cu|-ie|-iu] [<pool>]")
    chyves.add("iso", "chyves iso import <file>|URL", "chyves iso delete <iso>...")
    chyves.add("firmware", "chyves firmware delete <firmware>")
    chyves.add("bridge", "chyves bridge <bridge> join|unjoin <tap>")
    chyves.add("info", "chyves info [-zbpr|-h] [--pool <pool>] [<guest>…]")
    explained = "Text - of the log.\n\n  -f, --follow  go on\n  -n LINES      so many"
    chyves.add("lab", "chyves lab [--dir DIR] [-- <command>...]")
    chyves.add("dump", "chyves <guest> dump [-ny]")
    chyves.add("log", "chyves <guest> log [-Hp]", "chyves host log [-Hp]", header=explained)
    chyves.add("group", "chyves <guest> group add|remove <group>")
    (chyves.root / "chyves_core").symlink_to(REPOSITORY / "chyves_core")
    return chyves


@pytest.mark.parametrize(
    ("typed", "candidates"),
    [
        ("w", "web1 web2"),
        ("s", "set snapshot start"),
        ("web", "web1 web2"),
        ("web1,", "web1,db web1,web2"),
        ("web1,w", "web1,web2"),
        ("a", "all"),
        ("gu", "guest"),
        (":", ":web :www"),
        ("web1,:ww", "web1,:www"),
        ("-", "--help --version"),
        ("web1 s", "set snapshot start"),
        ("nosuch st", "start"),
        ("web1 n", ""),
        ("global ", "get set"),
        ("host ", "log"),
        ("hos", "host"),
        ("host log -", "--follow -H -f -n -p"),
        ("defaults s", "set"),
        ("guest ", "db web1 web2"),
        ("guest web1 st", "start"),
        ("guest web1 start ", "debian.iso freebsd.iso"),
        ("start ", "all db web1 web2"),
        ("start web1,d", "web1,db"),
        ("start :w", ":web :www"),
        ("start web1 ", "debian.iso freebsd.iso"),
        ("web1 start ", "debian.iso freebsd.iso"),
        ("web1 start f", "freebsd.iso"),
        ("web1 start -", "-n"),
        ("web1 start -n ", "debian.iso freebsd.iso"),
        ("web1 start debian.iso ", ""),
        ("web1 snapshot ", "delete list rollback"),
        ("web1 snapshot rollback @t", "@tuesday"),
        ("web2 snapshot delete ", "@sunday"),
        ("web1 snapshot delete @monday%", "@monday%monday @monday%tuesday"),
        ("web1 snapshot delete @monday,t", "@monday,tuesday"),
        ("web1 snapshot rollback -", "--yes -y"),
        ("web1 snapshot list -", "-H"),
        ("web1 disk resize ", "disk0 disk1"),
        ("web1 clone new -", "-ce -cu -ie -iu"),
        ("web1 clone new ", "tank zroot"),
        ("iso ", "delete import"),
        ("iso delete ", "debian.iso freebsd.iso"),
        ("iso delete debian.iso f", "freebsd.iso"),
        ("firmware delete ", "BHYVE_UEFI.fd"),
        ("bridge bridge0 ", "join unjoin"),
        ("info -", "--pool -b -h -p -r -z"),
        ("info --pool ", "tank zroot"),
        ("info --pool tank ", "db web1 web2"),
        ("info web1 d", "db"),
        ("help sn", "snapshot"),
        ("help se", "set"),
        ("lab --dir x -- w", ""),
        ("web1 log -", "--follow -H -f -n -p"),
        ("web1 dump -", "-n -y"),
        ("web1 group add ", ":web :www"),
        ("web1 set uefi_vnc_m", "uefi_vnc_mouse_type="),
        ("web1 set loader=", "loader=bhyveload loader=grub-bhyve loader=uefi"),
        ("web1 set ram=1G loader=u", "loader=uefi"),
        ("web1 set template=", "template=no template=yes"),
        ("web1 set ram=", ""),
        ("global set dev", "dev_mode="),
        ("global set dev_mode=", "dev_mode=off dev_mode=on"),
        ("defaults set disk_vol", "disk_volblocksize= disk_volmode="),
        ("web1 set disk_vol", ""),
        ("web1 get lo", "loader loader_timeout"),
        ("web1 set os=ub", "os=ubuntu os=ubuntu-plain"),
        ("web1 get al", "all"),
        ("web1 set chyves_g", ""),
        ("web1 get chyves_g", "chyves_guest_version"),
    ],
)
def test_candidates(filled: Chyves, typed: str, candidates: str) -> None:
    said = filled("complete", *typed.split(" "))
    assert (said.status, said.err) == (0, "")
    assert said.lines == candidates.split()


def test_interfaces_are_taken_from_ifconfig(filled: Chyves, shell: str) -> None:
    if "busybox" in shell:
        pytest.skip("busybox sh runs its own ifconfig instead of the host's")
    assert filled("complete", "bridge", "").lines == ["bridge0", "bridge1"]
    assert filled("complete", "bridge", "bridge0", "join", "").lines == ["tap50", "tap51"]


def test_all_words_can_begin_a_line(filled: Chyves) -> None:
    found = set(filled("complete", "").lines)
    assert {"all", "global", "defaults", "guest", "web1", "db", "start", "help"} <= found
    assert "secret" not in found


def test_a_line_is_taken_apart_into_words(filled: Chyves) -> None:
    assert filled("complete", "--line", "chyves web1 sta").lines == ["start"]
    assert filled("complete", "--line", "/x/chyves  web1 start ").lines == [
        "debian.iso",
        "freebsd.iso",
    ]
    assert "web1" in filled("complete", "--line", "chyves ").lines
    assert filled("complete", "--line", "chyves * sta").lines == ["start"]


def test_a_candidate_to_type_on_at_does_not_stay_alone_for_tcsh(filled: Chyves) -> None:
    def candidates(line: str) -> list[str]:
        return filled("complete", "--open", "--line", line).lines

    assert candidates("chyves web1 set uefi_vnc_m") == [
        "uefi_vnc_mouse_type=",
        "uefi_vnc_mouse_type=...",
    ]
    assert candidates("chyves web1 set loader=u") == ["loader=uefi"]
    assert candidates("chyves web1 set disk_v") == []


def test_file_names_are_completed_by_chyves_itself(filled: Chyves, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    (folder / "deb folder").mkdir(parents=True)
    (folder / "deb.iso").touch()
    assert filled("complete", "iso", "import", f"{folder}/de").lines == [
        f"{folder}/deb folder/",
        f"{folder}/deb.iso",
    ]
    assert filled("complete", "iso", "import", "~/images/deb.").lines == ["~/images/deb.iso"]


def test_one_zfs_call_is_enough_for_guests(filled: Chyves, tmp_path: Path) -> None:
    filled("complete", "w")
    calls = (tmp_path / "lab" / "calls").read_text().splitlines()
    assert calls == [
        "list -H -o name -t filesystem -d 1 tank/chyves/guests zroot/chyves/guests",
    ]


def test_pools_are_asked_for_where_no_folder_tells_them(filled: Chyves, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "lab" / "root")
    assert filled("complete", "w").lines == ["web1", "web2"]


def test_a_host_without_zfs_leaves_the_words_and_no_error(chyves: Chyves) -> None:
    said = chyves("complete", "s")
    assert (said.lines, said.err, said.status) == (["start"], "", 0)
    for typed in ("start w", "web1 start ", "network web1 add "):
        said = chyves("complete", *typed.split(" "))
        assert (said.out, said.err, said.status) == ("", "", 0)


def test_failing_programs_leave_no_trace_on_the_terminal(chyves: Chyves, tmp_path: Path) -> None:
    for name in ("zfs", "zpool", "ifconfig"):
        program = tmp_path / "programs" / name
        program.write_text("#!/bin/sh\necho 'permission denied' >&2; echo tank; exit 1\n")
        program.chmod(0o755)
    said = chyves("complete", "st")
    assert (said.lines, said.err, said.status) == (["start"], "", 0)


def test_odd_words_do_no_harm(filled: Chyves, tmp_path: Path) -> None:
    odd = ["$(touch x)", "`touch x`", "*", "\\", "'", '"', ";touch x", "\\n", "%s", "[", "(", "ä"]
    before = sorted(os.listdir(tmp_path))
    for word in odd:
        for words in ([word], ["web1", word], ["start", word, ""], ["web1", "set", word]):
            said = filled("complete", *words)
            assert (said.err, said.status) == ("", 0)
    assert sorted({*before, "lab"}) == sorted(os.listdir(tmp_path))


def test_a_plugin_is_completed_by_its_header_and_not_run(filled: Chyves, tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    body = f"touch '{ran}'"
    usage = "chyves <guest> backup [--full] local|remote <pool>"
    filled.add("backup", usage, folder=tmp_path / "programs", body=body)
    assert filled("complete", "ba").lines == ["backup"]
    assert filled("complete", "web1", "ba").lines == ["backup"]
    assert filled("complete", "web1", "backup", "").lines == ["local", "remote"]
    assert filled("complete", "backup", "web1", "--").lines == ["--full"]
    assert filled("complete", "web1", "backup", "remote", "z").lines == ["zroot"]
    assert not ran.exists()


def test_a_plugin_that_says_so_is_asked_itself(filled: Chyves, tmp_path: Path) -> None:
    plugins = tmp_path / "programs"
    asks = "Provide chyves completions"
    filled.add("plan", folder=plugins, header=asks, body='printf "%s\\n" "$@" apple "<$2>"')
    assert filled("complete", "plan", "web1", "a").lines == ["a", "apple"]
    assert filled("complete", "plan", "x", "<x").lines == ["<x", "<x>"]
    assert filled("complete", "web1", "plan", "<w").lines == ["<w", "<web1>"]
    assert "Provide" not in filled("help", "plan").out


def test_a_plugin_in_python_can_be_asked_too(filled: Chyves, tmp_path: Path) -> None:
    filled.add(
        "snake",
        folder=tmp_path / "programs",
        first_line="#!/usr/bin/env python3",
        header="Provide chyves completions",
        body="import sys; print('-'.join(sys.argv[1:]))",
    )
    assert filled("complete", "snake", "web1", "").lines == ["--complete-web1-"]


def test_a_plugin_that_fails_when_asked_is_not_heard(filled: Chyves, tmp_path: Path) -> None:
    asks = "Provide chyves completions"
    filled.add("broken", folder=tmp_path / "programs", header=asks, body="echo no >&2; exit 1")
    said = filled("complete", "broken", "")
    assert (said.out, said.err, said.status) == ("", "", 0)
