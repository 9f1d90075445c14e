"""What is written to a volume stays with it: through snapshots, clones, streams and renames."""

from __future__ import annotations

import os

from .playing import Host

MIB = 1 << 20


def write(host: Host, volume: str, place: int, text: bytes) -> None:
    with open(host.node(volume), "r+b") as node:
        node.seek(place)
        node.write(text)


def read(host: Host, volume: str, place: int, size: int) -> bytes:
    with open(host.node(volume), "rb") as node:
        node.seek(place)
        return node.read(size)


def test_a_new_volume_is_a_sparse_file_of_its_size(host: Host) -> None:
    host("zfs create -s -V 8g zroot/v")
    found = os.stat(host.node("zroot/v"))
    assert found.st_size == 8 << 30
    assert found.st_blocks == 0


def test_rollback_brings_back_content_and_size(host: Host) -> None:
    host("zfs create -V 16m zroot/v")
    write(host, "zroot/v", 5 * MIB, b"before")
    host("zfs snapshot zroot/v@s")
    write(host, "zroot/v", 5 * MIB, b"after!")
    host("zfs set volsize=32m zroot/v")
    host("zfs rollback zroot/v@s")
    assert read(host, "zroot/v", 5 * MIB, 6) == b"before"
    assert host.node("zroot/v").stat().st_size == 16 * MIB
    assert host("zfs get -Hp -o value volsize zroot/v") == "16777216\n"


def test_rollback_to_a_snapshot_of_an_empty_volume_empties_it(host: Host) -> None:
    host("zfs create -V 16m zroot/v; zfs snapshot zroot/v@empty")
    write(host, "zroot/v", 0, b"x")
    host("zfs rollback zroot/v@empty")
    assert read(host, "zroot/v", 0, 16 * MIB) == bytes(16 * MIB)


def test_a_clone_has_the_content_and_is_independent(host: Host) -> None:
    host("zfs create -V 16m zroot/v")
    write(host, "zroot/v", 0, b"shared")
    host("zfs snapshot zroot/v@s; zfs clone zroot/v@s zroot/c")
    write(host, "zroot/c", 0, b"clone!")
    assert read(host, "zroot/v", 0, 6) == b"shared"
    assert read(host, "zroot/c", 0, 6) == b"clone!"
    assert host("zfs get -H -o value origin zroot/c") == "zroot/v@s\n"


def test_promote_moves_the_snapshots_and_both_keep_their_content(host: Host) -> None:
    host("zfs create -V 16m zroot/v")
    write(host, "zroot/v", 0, b"one")
    host("zfs snapshot zroot/v@s; zfs clone zroot/v@s zroot/c")
    write(host, "zroot/c", 0, b"two")
    host("zfs promote zroot/c")
    host("zfs destroy zroot/v")
    assert read(host, "zroot/c", 0, 3) == b"two"
    host("zfs rollback zroot/c@s")
    assert read(host, "zroot/c", 0, 3) == b"one"


def test_a_stream_carries_all_snapshots_sparsely(host: Host) -> None:
    host("zfs create -s -V 4g zroot/v")
    write(host, "zroot/v", 3 << 30, b"first")
    host("zfs snapshot zroot/v@1")
    write(host, "zroot/v", 3 << 30, b"later")
    host("zfs snapshot zroot/v@2")
    host("zfs send -R zroot/v@2 | zfs recv tank/v")
    assert read(host, "tank/v", 3 << 30, 5) == b"later"
    assert host.node("tank/v").stat().st_blocks * 512 < 4 * MIB
    host("zfs rollback -r tank/v@1")
    assert read(host, "tank/v", 3 << 30, 5) == b"first"


def test_an_incremental_stream_brings_a_copy_forward(host: Host) -> None:
    host("zfs create -V 16m zroot/v")
    write(host, "zroot/v", 0, b"one")
    host("zfs snapshot zroot/v@1; zfs send zroot/v@1 | zfs recv tank/v")
    write(host, "zroot/v", 0, b"two")
    host("zfs snapshot zroot/v@2; zfs send -i @1 zroot/v@2 | zfs recv tank/v")
    assert read(host, "tank/v", 0, 3) == b"two"
    assert host("zfs list -H -o name -t snapshot tank/v") == "tank/v@1\ntank/v@2\n"


def test_a_written_copy_takes_no_increment_unless_forced(host: Host) -> None:
    host("zfs create -V 16m zroot/v; zfs snapshot zroot/v@1")
    host("zfs send zroot/v@1 | zfs recv tank/v; zfs snapshot zroot/v@2")
    write(host, "tank/v", 0, b"mine")
    assert "has been modified" in host.refused("zfs send -i @1 zroot/v@2 | zfs recv tank/v")
    host("zfs send -i @1 zroot/v@2 | zfs recv -F tank/v")
    assert read(host, "tank/v", 0, 4) == bytes(4)


def test_the_node_follows_rename_and_volmode(host: Host) -> None:
    host("zfs create zroot/g; zfs create -V 16m zroot/g/v")
    write(host, "zroot/g/v", 0, b"kept")
    host("zfs rename zroot/g zroot/h")
    assert read(host, "zroot/h/v", 0, 4) == b"kept"
    assert not host.node("zroot/g").exists()
    host("zfs set volmode=none zroot/h/v")
    assert not host.node("zroot/h/v").exists()
    host("zfs set volmode=dev zroot/h/v")
    assert read(host, "zroot/h/v", 0, 4) == b"kept"


def test_used_grows_with_what_is_written(host: Host) -> None:
    host("zfs create -s -V 64m zroot/v")
    before = int(host("zfs get -Hp -o value referenced zroot/v"))
    write(host, "zroot/v", 0, os.urandom(8 * MIB))
    after = int(host("zfs get -Hp -o value referenced zroot/v"))
    assert 8 * MIB <= after - before < 9 * MIB


def test_an_open_volume_is_not_destroyed(host: Host) -> None:
    host("zfs create -V 16m zroot/v")
    with open(host.node("zroot/v"), "rb"):
        assert host.refused("zfs destroy zroot/v") == (
            "cannot destroy 'zroot/v': dataset is busy\n"
        )
    host("zfs destroy zroot/v")
    assert not host.node("zroot/v").exists()


def test_a_thick_volume_needs_room_for_its_next_snapshot(host: Host) -> None:
    """zfsprops(7), refreservation: a snapshot needs free space for all that was written."""
    host("truncate -s 128M $R/tmp/disk; zpool create tiny /tmp/disk")
    host("zfs create -V 24m tiny/v")
    write(host, "tiny/v", 0, os.urandom(22 * MIB))
    error = host.refused("zfs create -V 24m tiny/w; zfs snapshot tiny/v@s")
    assert "out of space" in error


def test_an_increment_can_start_from_a_bookmark(host: Host) -> None:
    host("zfs create -V 16m zroot/v; zfs snapshot zroot/v@1; zfs send zroot/v@1 | zfs recv tank/v")
    host("zfs bookmark zroot/v@1 zroot/v#1; zfs destroy zroot/v@1")
    write(host, "zroot/v", 0, b"two")
    host("zfs snapshot zroot/v@2; zfs send -i '#1' zroot/v@2 | zfs recv tank/v")
    assert read(host, "tank/v", 0, 3) == b"two"
