"""Properties beyond the captures: releases, raw bytes, JSON, users without rights."""

from __future__ import annotations

import json
from pathlib import Path

from .playing import Host, make_host


def test_freebsd_14_has_the_defaults_of_openzfs_2_2(host: Host, tmp_path: Path) -> None:
    """zfsprops(7) of 2.2: compression=on, volblocksize=16K; 13.2 is in the captures."""
    host("zfs create -V 16m zroot/v")
    asked = "zfs get -Hp -o value,source compression,volblocksize zroot/v"
    assert host(asked) == "on\tdefault\n16384\tdefault\n"
    older = make_host(tmp_path / "older", freebsd="13.2")
    older("zfs create -V 16m zroot/v")
    assert older(asked) == "off\tdefault\n8192\tdefault\n"


def test_json_is_there_from_freebsd_15_on(host: Host, tmp_path: Path) -> None:
    """zfs-get(8) of 2.3: -j; captures get-j, list-j: refused before."""
    assert "invalid option 'j'" in host.refused("zfs get -j all zroot")
    newer = make_host(tmp_path / "newer", freebsd="15.0")
    newer("zfs create -o a:b='x y' zroot/f; zfs create zroot/f/k")
    found = json.loads(newer("zfs get -j a:b zroot/f/k"))
    assert found["datasets"]["zroot/f/k"]["properties"]["a:b"] == {
        "value": "x y",
        "source": {"type": "INHERITED", "data": "zroot/f"},
    }
    assert "zroot/f" in json.loads(newer("zfs list -j"))["datasets"]


def test_any_byte_survives_every_change_of_the_state(host: Host) -> None:
    host("""zfs set a:b="$(printf 'x\\344\\001\\tz')" zroot; zfs create zroot/f""")
    assert host("zfs get -H -o value a:b zroot/f") == "x\udce4\x01\tz\n"


def test_a_user_without_rights_reads_and_changes_nothing(host: Host) -> None:
    host("zfs create -V 8m zroot/v; zfs create zroot/f; zfs snapshot zroot/f@s")
    before = host("zfs list -t all -H")
    nobody = {"CHYVES_LAB_UID": "1001"}
    for command in (
        "zfs create zroot/x",
        "zfs set a:b=1 zroot/f",
        "zfs inherit a:b zroot/f",
        "zfs snapshot zroot/f@t",
        "zfs destroy zroot/v",
        "zfs destroy zroot/f@s",
        "zfs rollback zroot/f@s",
        "zfs rename zroot/f zroot/g",
        "zfs clone zroot/f@s zroot/c",
        "zpool set comment=x zroot",
    ):
        assert "permission denied" in host.refused(command, **nobody), command
    assert host.run("zfs list -t all -H", **nobody).stdout == before


def test_history_has_a_line_for_each_change_and_none_for_failures(host: Host) -> None:
    host("zfs create zroot/f; zfs set a:b='1 2' zroot/f; zfs get a:b zroot/f")
    host.refused("zfs create zroot/f")
    lines = host("zpool history zroot").splitlines()
    commands = [line.split(" ", 1)[1] for line in lines if " zfs " in line]
    assert commands == ["zfs create zroot/f", "zfs set a:b=1 2 zroot/f"]


def test_createtxg_grows_with_every_new_snapshot(host: Host) -> None:
    host("for s in a b c; do zfs snapshot zroot@$s; done")
    found = [int(n) for n in host("zfs get -Hp -o value -t snapshot createtxg zroot").split()]
    assert found == sorted(set(found))


def test_a_quota_limits_what_is_available_below(host: Host) -> None:
    host("zfs create -o quota=1g zroot/f; zfs create zroot/f/k")
    assert int(host("zfs get -Hp -o value available zroot/f/k")) <= 1 << 30
    assert "out of space" in host.refused("zfs create -V 2g zroot/f/v")


def test_received_properties_do_not_hide_what_recv_sets(host: Host) -> None:
    host("zfs create -o n:rcboot=1 zroot/f; zfs create zroot/f/k; zfs snapshot -r zroot/f@s")
    host("zfs send -R zroot/f@s | zfs recv -o n:rcboot=0 tank/f")
    assert host("zfs get -H -o value,source n:rcboot tank/f tank/f/k") == (
        "0\tlocal\n0\tinherited from tank/f\n"
    )
