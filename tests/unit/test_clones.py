"""What a clone gets of its source's properties, whatever they are and however both are called."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chyves_core.clone import (
    Kind,
    Source,
    Target,
    exact_properties,
    plan_clone,
    plan_copy,
    reservation,
    snapshot_name,
    unique_properties,
)
from chyves_core.cloning import read_kind
from chyves_core.errors import HostError, UsageError
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.numbering import Taken, add_guest
from chyves_core.plan import run
from chyves_core.pools import Pool
from chyves_core.promote import Snapshot, explain, promotion
from chyves_core.properties.schema import load_schema
from chyves_core.settings import Settings
from chyves_core.zfs import Dataset

SCHEMA = load_schema("guest")
GLOBAL = Settings(load_schema("global"), {})
POOL = Pool("zroot", "1", "ONLINE", "1", "1", "primary", None)
FAMILY = st.lists(
    st.sampled_from(["pfSense", "pfSense2", "pfSense-gold", "pfSense.old", "p", "2"]),
    min_size=3,
    max_size=3,
    unique=True,
)
INTERFACES = st.lists(
    st.one_of(
        st.integers(50, 55).map("tap{}".format),
        st.tuples(st.integers(0, 2), st.integers(0, 2)).map(lambda pair: "vale{}:{}".format(*pair)),
        st.just("vale7"),
    ),
    max_size=5,
    unique=True,
)


def make_guest(name: str, interfaces: list[str], **properties: str) -> Guest:
    """A guest on zroot with these interfaces."""
    values = {
        "chyves_guest_version": "1",
        "uuid": "b2c1a4de-0000-4000-8000-000000000001",
        "serial": "nmdm50",
        "uefi_vnc_port": "5900",
        "net_ifaces": ",".join(interfaces),
        "pci_slots": ",".join(f"{each}={slot}" for slot, each in enumerate(interfaces, 16)),
        **{f"{each}_mac": f"58:9c:fd:00:00:{n:02x}" for n, each in enumerate(interfaces)},
        **{f"{each}_bridge": f"bridge{n}" for n, each in enumerate(interfaces) if each[0] == "t"},
        **properties,
    }
    return Guest(name, "zroot", f"zroot/chyves/guests/{name}", values, (), 0, "", SCHEMA)


@given(FAMILY, INTERFACES)
@settings(max_examples=150, deadline=None)
def test_a_unique_clone_shares_nothing_with_its_source_and_changes_nothing_else(
    names: list[str], interfaces: list[str]
) -> None:
    source = make_guest(names[0], interfaces, ram="1G", rcboot="3", groups="a,b")
    taken = Taken()
    add_guest(taken, dict(source.properties))
    found = unique_properties(source, Target(names[1], POOL, taken.new_uuid()), taken, GLOBAL)
    new = found["net_ifaces"].split(",") if interfaces else []
    assert [each.rstrip("0123456789") for each in new] == [
        each.rstrip("0123456789") for each in interfaces
    ]
    assert {name for name in new if name in interfaces} == {n for n in interfaces if n == "vale7"}
    unique = [p for p in SCHEMA.properties if "unique" in p.marks]
    del found["net_ifaces"]
    for name, value in found.items():
        if value and any(each.matches(name) for each in unique):
            assert value not in source.properties.values()
    pairs = [pair.split("=") for pair in found["pci_slots"].split(",") if pair]
    slots = {name: int(slot) for name, slot in pairs}
    assert slots == {each: slot for slot, each in enumerate(new, 16)}
    for n, each in enumerate(new):
        if each.startswith("tap"):
            assert found[f"{each}_bridge"] == f"bridge{n}"
    assert {name for name in found if "_mac" in name} == {f"{each}_mac" for each in new}
    assert (found["ram"], found["groups"], found["rcboot"]) == ("1G", "a,b", "0")


@given(FAMILY)
@settings(deadline=None)
def test_only_paths_of_the_guest_itself_are_changed(names: list[str]) -> None:
    own, clone, other = names
    disk = "ahci-hd,/dev/zvol/zroot/chyves/guests/{}/disk1"
    file = "ahci-cd,/chyves/zroot/guests/{}/img/a.iso"
    source = make_guest(
        own,
        [],
        pcidev_1=disk.format(own),
        pcidev_2=disk.format(other),
        pcidev_3=file.format(own),
        notes=disk.format(own),
    )
    found = exact_properties(source, Target(clone, POOL, ""))
    assert found == {
        **source.properties,
        "pcidev_1": disk.format(clone),
        "pcidev_3": file.format(clone),
    }


@given(FAMILY)
def test_every_dataset_of_the_guest_and_no_other_is_cloned(names: list[str]) -> None:
    guest = make_guest(names[0], [])
    tree = tuple(
        Dataset(f"{guest.dataset}{below}", {"type": ("volume", "-")})
        for below in ("", "/disk0", "/data/x")
    )
    source = Source(guest, tree, "clone-now")
    target = Target(names[1], POOL, "u")
    steps = plan_clone(source, target, Kind(independent=False, unique=True))
    pairs = plan_copy(source, target, Kind(independent=True, unique=True))
    for below, step, (sender, receiver) in zip(
        ("", "/disk0", "/data/x"), steps, pairs, strict=True
    ):
        assert step.argv[-2:] == (f"{guest.dataset}{below}@clone-now", f"{target.dataset}{below}")
        assert sender.argv == ("zfs", "send", f"{guest.dataset}{below}@clone-now")
        assert receiver.argv[-1] == f"{target.dataset}{below}"


@pytest.mark.parametrize(
    ("reserved", "wanted"), [("0", ""), ("9000", "auto"), ("8192", "auto"), ("100", "100")]
)
def test_a_thick_volume_stays_thick(reserved: str, wanted: str) -> None:
    values = {"volsize": ("8192", "local"), "refreservation": (reserved, "local")}
    assert reservation(Dataset("zroot/disk0", values)) == wanted


@pytest.mark.parametrize(
    ("flags", "kind"), [("", "-iu"), ("c", "-cu"), ("e", "-ie"), ("ec", "-ce"), ("iu", "-iu")]
)
def test_flags_fill_each_other_in(flags: str, kind: str) -> None:
    assert read_kind(flags, "-iu").flag == kind


@pytest.mark.parametrize("flags", ["ci", "eu", "ceiu"])
def test_flags_that_contradict_each_other_are_refused(flags: str) -> None:
    with pytest.raises(UsageError):
        read_kind(flags, "-iu")


def test_a_snapshot_has_the_name_of_the_clone_where_there_is_room() -> None:
    moment = "2026-11-27T03:27:52Z"
    assert snapshot_name(make_guest("gold", []), "web1", moment) == f"clone-web1-{moment}"
    assert snapshot_name(make_guest("g" * 100, []), "w" * 100, moment) == f"clone-{moment}"


def test_the_clone_of_the_last_cloned_snapshot_is_promoted_a_guests_first() -> None:
    snapshots = [
        Snapshot("z/gold@a", 1, ("z/c",)),
        Snapshot("z/gold@b", 2, ("z/a-foreign", "z/x", "z/gold/inner")),
        Snapshot("z/gold@c", 3, ()),
    ]
    owners = {"z/c": "c", "z/a-foreign": None, "z/x": "x"}
    found = promotion(snapshots, owners, {"z/x": {"c"}})
    assert found
    assert (found.clone, found.others) == ("z/x", ("z/c", "z/a-foreign"))
    assert [each.short for each in found.moves] == ["a", "b"]
    assert found.step.argv == ("zfs", "promote", "z/x")
    assert (found.undo.argv[-1], found.undo.while_origin) == ("z/gold", "z/x@b")
    text = "gold: x takes over its snapshots @a, @b; c, z/a-foreign will stand on x"
    assert explain("gold", [found], owners) == text
    assert promotion(snapshots[2:], owners, {}) is None


def test_what_goes_through_this_process_arrives_whole_and_is_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHYVES_LAB", str(tmp_path))
    host, seen, target = Host(), cast("list[int]", []), tmp_path / "out"
    copy = run("sh", "-c", f"cat > {target}")
    host.pipe(run("head", "-c", "3000000", "/dev/zero"), copy, seen.append)
    assert target.read_bytes() == bytes(3000000)
    assert seen == sorted(seen) and seen[-1] == 3000000


@pytest.mark.parametrize(
    ("sender", "receiver", "words"),
    [
        ("echo no >&2; exit 1", "cat >/dev/null", "sh: no"),
        ("cat /dev/zero", "echo full >&2; exit 1", "sh: full"),
        ("exec 1>&-; exit 0", "cat >/dev/null; exit 3", "status 3"),
    ],
)
def test_the_words_of_the_one_that_failed_are_told(
    sender: str, receiver: str, words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHYVES_LAB", str(tmp_path))
    shown = SimpleNamespace(done=0)
    with pytest.raises(HostError, match=words):
        Host().pipe(
            run("sh", "-c", sender),
            run("sh", "-c", receiver),
            lambda done: setattr(shown, "done", done),
        )
