"""Many commands at once, big trees, and pipes between commands that lock the same pool."""

from __future__ import annotations

import time

from chyves_core.lab.zfs.bulk import NewDataset, make_datasets

from .playing import Host


def test_twenty_creates_at_once_all_succeed(host: Host) -> None:
    started = [host.start(f"zfs create -V 8m zroot/v{n}") for n in range(20)]
    assert [each.wait(timeout=60) for each in started] == [0] * 20
    names = host("zfs list -H -o name -t volume").split()
    assert names == sorted(f"zroot/v{n}" for n in range(20))
    assert all(host.node(name).exists() for name in names)
    txgs = host("zfs get -Hp -o value -t volume createtxg").split()
    assert len(set(txgs)) == 20


def test_only_one_of_many_creates_of_the_same_name_succeeds(host: Host) -> None:
    started = [host.start("zfs create zroot/same") for _ in range(8)]
    assert sorted(each.wait(timeout=60) for each in started) == [0] + [1] * 7


def test_changes_of_different_properties_at_once_are_all_kept(host: Host) -> None:
    started = [host.start(f"zfs set n:p{n}={n} zroot") for n in range(12)]
    assert [each.wait(timeout=60) for each in started] == [0] * 12
    assert len(host("zfs get -H -s local -o property all zroot").split()) == 12


def test_a_stream_within_one_pool_does_not_wait_for_itself(host: Host) -> None:
    host("zfs create zroot/f; dd if=/dev/urandom of=$R/zroot/f/x bs=1024 count=2048 2>&1")
    host("zfs snapshot zroot/f@s")
    done = host.run("timeout 20 sh -c 'zfs send -R zroot/f@s | zfs recv zroot/g'")
    assert (done.returncode, done.stderr) == (0, "")
    assert (host.root / "zroot/g/x").read_bytes() == (host.root / "zroot/f/x").read_bytes()


def test_a_tree_of_two_hundred_guests_is_read_in_a_moment(host: Host) -> None:
    wanted = [NewDataset("zroot/chyves"), NewDataset("zroot/chyves/guests")]
    for n in range(200):
        guest = f"zroot/chyves/guests/g{n}"
        wanted.append(NewDataset(guest, {f"chyves:p{k}": f"value {k}" for k in range(40)}))
        wanted.append(NewDataset(f"{guest}/disk0", volsize=8 << 30))
    make_datasets(host.lab, wanted)
    command = "zfs get -Hp -r -t filesystem,volume -o name,property,value,source all zroot/chyves"
    times = []
    for _ in range(3):
        started = time.monotonic()
        text = host(command)
        times.append(time.monotonic() - started)
    assert text.count("\tlocal\n") >= 200 * 40
    assert text.count("inherited from zroot/chyves/guests/g7\n") == 40
    assert min(times) < 1.0


def test_datasets_made_in_bulk_are_like_others(host: Host) -> None:
    make_datasets(
        host.lab,
        [
            NewDataset("zroot/g", {"a:b": "c"}),
            NewDataset("zroot/g/disk0", volsize=1 << 30, snapshots=["s"]),
            NewDataset("zroot/g/thick", volsize=1 << 24, sparse=False),
        ],
    )
    host("touch $R/zroot/g/x; zfs clone zroot/g/disk0@s zroot/c; zfs rename zroot/g zroot/h")
    assert host.node("zroot/h/disk0").stat().st_size == 1 << 30
    reserved = host("zfs get -H -o value refreservation zroot/h/disk0 zroot/h/thick").split()
    assert reserved[0] == "none" != reserved[1]
    assert host("zfs get -H -o value a:b zroot/h/thick") == "c\n"
