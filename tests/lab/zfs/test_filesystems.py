"""Filesystems are real folders in the lab: what lies in them follows zfs commands."""

from __future__ import annotations

from .playing import Host


def test_files_come_back_with_rollback_and_show_in_the_snapshot(host: Host) -> None:
    host("zfs create zroot/f; mkdir $R/zroot/f/sub; echo one > $R/zroot/f/sub/a")
    host("zfs snapshot zroot/f@s; echo two > $R/zroot/f/sub/a; touch $R/zroot/f/new")
    assert host("cat $R/zroot/f/.zfs/snapshot/s/sub/a") == "one\n"
    host("zfs rollback zroot/f@s")
    assert host("cat $R/zroot/f/sub/a; ls $R/zroot/f") == "one\nsub\n"


def test_rollback_of_a_parent_leaves_mounted_children_alone(host: Host) -> None:
    host("zfs create zroot/f; zfs snapshot zroot/f@s; zfs create zroot/f/kid")
    host("echo 1 > $R/zroot/f/own; echo 2 > $R/zroot/f/kid/theirs")
    host("zfs rollback zroot/f@s")
    assert host("ls $R/zroot/f; cat $R/zroot/f/kid/theirs") == "kid\n2\n"


def test_a_snapshot_of_a_parent_does_not_hold_the_childs_files(host: Host) -> None:
    host("zfs create -p zroot/f/kid; echo 2 > $R/zroot/f/kid/theirs; zfs snapshot zroot/f@s")
    host("zfs clone zroot/f@s zroot/c")
    assert host("ls $R/zroot/c/kid") == ""


def test_rename_takes_files_and_mounted_children_along(host: Host) -> None:
    host("zfs create -p zroot/f/kid; echo 1 > $R/zroot/f/a; echo 2 > $R/zroot/f/kid/b")
    host("zfs rename zroot/f zroot/g")
    assert host("cat $R/zroot/g/a $R/zroot/g/kid/b") == "1\n2\n"
    assert not (host.root / "zroot/f").exists()


def test_a_mountpoint_set_above_moves_those_that_inherit_it(host: Host) -> None:
    host("zfs create -o mountpoint=/chyves/zroot zroot/chyves; zfs create zroot/chyves/guests")
    host("echo 1 > $R/chyves/zroot/guests/a; zfs set mountpoint=/elsewhere zroot/chyves")
    assert host("cat $R/elsewhere/guests/a") == "1\n"
    assert host("zfs get -H -o value,source mountpoint zroot/chyves/guests") == (
        "/elsewhere/guests\tinherited from zroot/chyves\n"
    )
    assert not (host.root / "chyves/zroot").exists()


def test_what_a_mount_covers_is_seen_again_after_it(host: Host) -> None:
    host("mkdir -p $R/zroot/f; echo below > $R/zroot/f/x; zfs create zroot/f")
    assert host("ls $R/zroot/f") == ""
    host("zfs unmount zroot/f")
    assert host("cat $R/zroot/f/x") == "below\n"
    host("zfs mount zroot/f; zfs destroy zroot/f")
    assert host("cat $R/zroot/f/x") == "below\n"


def test_unmounted_files_wait_for_the_next_mount(host: Host) -> None:
    host("zfs create zroot/f; echo 1 > $R/zroot/f/a; zfs unmount zroot/f")
    assert host("ls $R/zroot/f; zfs get -H -o value mounted zroot/f") == "no\n"
    host("zfs mount zroot/f")
    assert host("cat $R/zroot/f/a") == "1\n"


def test_a_folder_in_use_is_not_unmounted(host: Host) -> None:
    host("zfs create zroot/f")
    assert host.refused("cd $R/zroot/f && zfs unmount zroot/f") == (
        "cannot unmount '/zroot/f': pool or dataset is busy\n"
    )


def test_destroy_removes_the_files_for_good(host: Host) -> None:
    host("zfs create zroot/f; echo 1 > $R/zroot/f/a; zfs snapshot zroot/f@s")
    host("zfs destroy -r zroot/f; zfs create zroot/f")
    assert host("ls -A $R/zroot/f") == ""


def test_unchanged_snapshots_share_one_copy(host: Host) -> None:
    host("zfs create zroot/f; echo 1 > $R/zroot/f/a")
    host("zfs snapshot zroot/f@1; zfs snapshot zroot/f@2; zfs destroy zroot/f@1")
    assert host("cat $R/zroot/f/.zfs/snapshot/2/a") == "1\n"
    assert len(list((host.lab.folder / "zfs").glob("*/data/*"))) == 1
    host("zfs destroy zroot/f@2")
    assert list((host.lab.folder / "zfs").glob("*/data/*")) == []


def test_a_renamed_snapshot_shows_under_its_new_name(host: Host) -> None:
    host("zfs create zroot/f; echo 1 > $R/zroot/f/a; zfs snapshot zroot/f@old")
    host("zfs rename zroot/f@old zroot/f@new; zfs rename zroot/f zroot/g")
    assert host("ls $R/zroot/g/.zfs/snapshot; cat $R/zroot/g/.zfs/snapshot/new/a") == "new\n1\n"


def test_export_and_import_keep_everything(host: Host) -> None:
    host("zfs create tank/f; echo 1 > $R/tank/f/a; zfs create -V 8m tank/v; zpool export tank")
    assert not host.node("tank/v").exists()
    assert not (host.root / "tank/f").exists()
    host("zpool import tank other")
    assert host("cat $R/tank/f/a || cat $R/other/f/a") == "1\n"
    assert host.node("other/v").exists()
    assert host("zfs list -H -o name -r other") == "other\nother/f\nother/v\n"


def test_a_destroyed_pool_leaves_nothing_behind(host: Host) -> None:
    host("zfs create tank/f; echo 1 > $R/tank/f/a; zfs create -V 8m tank/v; zpool destroy tank")
    assert not (host.root / "tank").exists()
    assert not host.node("tank").exists()
    assert host("zpool list -H -o name") == "zroot\n"


def test_received_filesystems_get_new_guids_and_snapshots_keep_theirs(host: Host) -> None:
    host("zfs create zroot/f; zfs snapshot zroot/f@s; zfs send zroot/f@s | zfs recv tank/f")
    own = host("zfs get -H -o value guid zroot/f tank/f").split()
    snaps = host("zfs get -H -o value guid zroot/f@s tank/f@s").split()
    assert own[0] != own[1]
    assert snaps[0] == snaps[1]


def test_received_links_modes_and_folders_are_the_senders(host: Host) -> None:
    host("zfs create zroot/f; mkdir -m 700 $R/zroot/f/d; ln -s d $R/zroot/f/l")
    host("echo x > $R/zroot/f/d/x; chmod 600 $R/zroot/f/d/x; zfs snapshot zroot/f@s")
    host("zfs send zroot/f@s | zfs recv tank/f")
    copy = host.root / "tank/f"
    assert (copy / "l/x").read_text() == "x\n"
    assert (copy / "d/x").stat().st_mode & 0o777 == 0o600
    assert (copy / "d").stat().st_mode & 0o777 == 0o700


def test_replication_goes_on_from_the_last_common_snapshot(host: Host) -> None:
    host("zfs create zroot/f; zfs create -V 8m zroot/f/v; zfs snapshot -r zroot/f@1")
    host("zfs send -R zroot/f@1 | zfs recv tank/f")
    host("echo 2 > $R/zroot/f/a; zfs set n:a=later zroot/f; zfs create zroot/f/new")
    host("zfs snapshot -r zroot/f@2; zfs snapshot -r zroot/f@3")
    host("zfs send -R -I @1 zroot/f@3 | zfs recv tank/f")
    assert host("zfs list -H -o name -t all -r tank/f").split() == [
        "tank/f",
        "tank/f@1",
        "tank/f@2",
        "tank/f@3",
        "tank/f/new",
        "tank/f/new@2",
        "tank/f/new@3",
        "tank/f/v",
        "tank/f/v@1",
        "tank/f/v@2",
        "tank/f/v@3",
    ]
    assert host("cat $R/tank/f/a; zfs get -H -o value,source n:a tank/f") == "2\nlater\treceived\n"


def test_a_held_snapshot_stays_until_it_is_released(host: Host) -> None:
    host("zfs snapshot zroot@s; zfs hold mine zroot@s")
    assert "dataset is busy" in host.refused("zfs destroy zroot@s")
    host("zfs release mine zroot@s; zfs destroy zroot@s")


def test_destroying_many_snapshots_keeps_the_others(host: Host) -> None:
    host("for s in a b c d e; do echo $s > $R/zroot/x; zfs snapshot zroot@$s; done")
    host("zfs destroy zroot@a%b,d")
    assert host("zfs list -H -o name -t snapshot zroot") == "zroot@c\nzroot@e\n"
    host("zfs rollback -r zroot@c")
    assert host("cat $R/zroot/x") == "c\n"


def test_a_filesystem_with_others_mounted_inside_is_not_taken_away(host: Host) -> None:
    host("zfs create -o mountpoint=/data zroot/d; zfs create -o mountpoint=/data/in tank/in")
    host("echo 1 > $R/data/in/f")
    for command in (
        "zfs destroy zroot/d",
        "zfs unmount zroot/d",
        "zfs set mountpoint=/other zroot/d",
        "zpool export zroot",
    ):
        assert "cannot unmount '/data': pool or dataset is busy" in host.refused(command), command
    assert host("cat $R/data/in/f; zfs get -H -o value mounted zroot/d") == "1\nyes\n"


def test_a_filesystem_steps_aside_for_one_that_is_mounted_around_it(host: Host) -> None:
    host("zfs create -o mountpoint=/data/in zroot/in; echo 1 > $R/data/in/f")
    host("zfs create -o mountpoint=/data zroot/d; echo 2 > $R/data/g")
    assert host("cat $R/data/in/f $R/data/g") == "1\n2\n"
    host("zfs destroy zroot/in; zfs destroy zroot/d")


def test_no_mountpoint_leads_out_of_the_lab(host: Host) -> None:
    host("zfs create -o mountpoint=/../../outside zroot/o; zfs create -o mountpoint=/ zroot/r")
    assert (host.root / "outside").is_dir()
    assert host("zfs get -H -o value mounted zroot/o zroot/r") == "yes\nno\n"


def test_a_machine_that_refuses_leaves_the_lab_usable(host: Host) -> None:
    host("echo file > $R/blocked; zfs create zroot/f")
    error = host.refused("zfs set mountpoint=/blocked/f zroot/f")
    assert "the machine refused the lab" in error
    host("zfs set mountpoint=/free zroot/f; zfs list")


def test_a_host_without_pools_lists_none(host: Host) -> None:
    """For people it says so; with -H nothing (zpool_main.c)."""
    host("zpool destroy tank; zpool destroy zroot")
    assert host("zpool list -H -o name") == ""
    assert host("zpool list") == "no pools available\n"
