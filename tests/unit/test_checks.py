"""What each property takes, how it is stored, and what can never be stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chyves_core.errors import ChyvesError, Refused, UsageError
from chyves_core.properties.assignments import (
    check_assignments,
    read_assignments,
    split_assignment,
)
from chyves_core.properties.schema import choices, load_schema

GUEST, DEFAULTS, GLOBAL = load_schema("guest"), load_schema("defaults"), load_schema("global")


@pytest.mark.parametrize(
    ("name", "given_value", "stored"),
    [
        ("ram", "512", "512M"),
        ("ram", "1g", "1G"),
        ("ram", "1.5G", "1536M"),
        ("ram", "2048MiB", "2G"),
        ("ram", "1048576K", "1G"),
        ("cpu", "16", "16"),
        ("cpu", "cpus=4,sockets=1,cores=2,threads=2", "cpus=4,sockets=1,cores=2,threads=2"),
        ("rcboot", "007", "7"),
        ("template", "ON", "yes"),
        ("template", "0", "no"),
        ("uuid", "00000000-0000-0000-0000-00000000ABCD", "00000000-0000-0000-0000-00000000abcd"),
        ("tap5_mac", "58:9C:FD:01:02:03", "58:9c:fd:01:02:03"),
        ("uefi_vnc_ip", "::1", "::1"),
        ("uefi_vnc_ip", "fe80::1%em0", "fe80::1%em0"),
        ("groups", "web, db,web", "db,web"),
        ("bargs", "", ""),
        ("bargs", "-A -H -S", "-A -H -S"),
        (
            "bargs",
            "-AHP -s 7,virtio-rnd -l com2,/dev/nmdm7A",
            "-AHP -s 7,virtio-rnd -l com2,/dev/nmdm7A",
        ),
        ("com2", "tcp=[::1]:4711", "tcp=[::1]:4711"),
        ("cpu_pin", "0:2,1:3", "0:2,1:3"),
        ("share_1", "src=/usr/src,ro", "src=/usr/src,ro"),
        ("sound", "play=/dev/dsp0,rec=/dev/dsp1", "play=/dev/dsp0,rec=/dev/dsp1"),
        ("tpm", "swtpm", "swtpm"),
        ("numa_0", "size=4G,cpus=0-3", "size=4G,cpus=0-3"),
        ("limit_cpu", "150", "150"),
        ("limit_read", "50m", "50M"),
        ("limit_write", "1000000", "1000000"),
        ("limit_write_iops", "500", "500"),
        ("fwcfg_1", "opt/org.example/key,string=value", "opt/org.example/key,string=value"),
        ("gdb", "w127.0.0.1:1234", "w127.0.0.1:1234"),
        ("virtio_input_0", "/dev/input/event3", "/dev/input/event3"),
        ("pcidev_1", "passthru,pci0:2:0:1,rom=/vm/rom.bin", "passthru,pci0:2:0:1,rom=/vm/rom.bin"),
        (
            "virtio_block_options_disk0",
            "nocache,sectorsize=512/4096",
            "nocache,sectorsize=512/4096",
        ),
        ("revert_to_snapshot", "@2026-01-01T00:00:00Z", "@2026-01-01T00:00:00Z"),
    ],
)
def test_a_value_is_stored_in_one_way_of_writing(name: str, given_value: str, stored: str) -> None:
    assert GUEST.check(name, given_value) == stored
    assert GUEST.check(name, stored) == stored


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("ram", each) for each in ("", "0", "1K", "-1G", "G", "1X", "1.0001M", "١", "9" * 5000)),
        *(
            ("cpu", each)
            for each in ("", "0", "-1", "1٢", "²", "cores=2,cores=2", "cpus=3,cores=2")
        ),
        *(("cpu", each) for each in ("2,", "1 ", "cpus=", "sockets=2,nosuch=1", "10000")),
        *(("rcboot", each) for each in ("", "-1", "10000", "one", "9" * 5000, "1.5")),
        *(("uefi_vnc_port", each) for each in ("0", "65536", "")),
        *(("serial", each) for each in ("nmdm", "nmdm٣", "/dev/nmdm1A", "nmdm1A", "cuau0")),
        *(
            ("tap5_mac", each)
            for each in ("ff:ff:ff:ff:ff:ff", "01:00:00:00:00:01", "58:9c:fd:1:2:3")
        ),
        *(("tap5_bridge", each) for each in ("em0", "bridge", "bridge0 addm em0", "bridge٣")),
        *(
            ("uefi_vnc_ip", each)
            for each in ("", "host", "1.2.3", "fe80::1%em0,password=x", "::1%$(id)")
        ),
        *(("uefi_vnc_password", each) for each in ("a,b", "a b", "a%b")),
        *(
            ("bargs", each)
            for each in ("-c 4", "-m1G", "-s 3,ahci-hd,/dev/ada0", "-h", "-", "A", "-A x")
        ),
        *(("bargs", each) for each in ("'", "-l com1,stdio", "--", "-k/etc/x", "-Z")),
        *(
            ("bargs", each)
            for each in ("-l com1", "-s 31,lpc", "-s x,lpc", "-s", "-o a.password=x")
        ),
        *(("com2", each) for each in ("", "stdio", "tcp=::1:5", "tcp=127.0.0.1", "/dev/a b")),
        *(("cpu_pin", each) for each in ("", "0", "0:1,0:1", "a:b", "0:1,")),
        *(("share_1", each) for each in ("", "a=b", "=/a", "a=/", "a=/b,rw", "a=/b,ro,ro")),
        *(("sound", each) for each in ("", "play=/etc/x", "play=/dev/dsp,play=/dev/dsp")),
        *(("limit_read", each) for each in ("", "0", "1.5M", "50T", "-1", "50M/s", "fast")),
        *(("limit_cpu", each) for each in ("", "0", "50%", "1.5")),
        *(("numa_0", each) for each in ("", "size=4G", "size=x,cpus=0", "size=1G,cpus=a")),
        *(("tpm", each) for each in ("", "passthru", "passthru,/dev/null", "swtpm,/tmp/s")),
        *(("fwcfg_1", each) for each in ("", "a", "a,b", "a,string=", "a,file=x", "a b,string=c")),
        *(("gdb", each) for each in ("", "w", "0", "65536", "host:1", "::1:5")),
        *(("virtio_input_0", each) for each in ("", "/dev/kbd0", "/dev/input/event")),
        *(("virtio_console_1", each) for each in ("", "a/b", "a=b", "x" * 17)),
        *(("pcidev_1", each) for each in ("passthru,1/2", "passthru,1/2/8", "passthru,x,rom=y")),
        *(("groups", each) for each in ("a b", ":a", "a,-b", "a/b")),
        *(("uuid", each) for each in ("", "x", "0" * 36)),
        *(("revert_to_snapshot", each) for each in ("x", "@", "@a@b", "@a/b", "@$(id)")),
        *(("virtio_block_options_disk0", each) for each in ("", "direct,", "sectorsize=x")),
        *(("pcidev_5", each) for each in ("", "passthru,", "Passthru,1/0/0", "a b,c")),
        *(("loader", each) for each in ("", "UEFI", "uefi ")),
        ("template", "maybe"),
    ],
)
def test_a_value_that_is_none_is_refused_in_one_line(name: str, value: str) -> None:
    with pytest.raises(UsageError) as caught:
        GUEST.check(name, value)
    assert caught.value.message.startswith(f"{name}=")
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    "value", ["a\nb", "\t", "\x00", "\x7f", "\x85", "\x9b", "\udcff", "x" * 8192]
)
def test_what_zfs_should_never_hold_is_refused(value: str) -> None:
    with pytest.raises(UsageError):
        GUEST.check("notes", value)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=300))
def test_any_other_text_is_kept_as_it_is(value: str) -> None:
    assert GUEST.check("notes", value) == value


@given(st.text(max_size=40))
def test_no_text_makes_a_check_fail_in_another_way_than_it_should(value: str) -> None:
    for schema in (GUEST, DEFAULTS, GLOBAL):
        for each in schema.properties:
            try:
                stored = schema.check(each.name.replace("{n}", "3"), value)
            except ChyvesError:
                continue
            assert schema.check(each.name.replace("{n}", "3"), stored) == stored


def test_each_default_is_a_value_that_its_property_takes() -> None:
    for schema in (GUEST, DEFAULTS, GLOBAL):
        for each in schema.properties:
            if each.default:
                assert schema.check(each.name, each.default) == each.default, each.name


def test_a_refused_password_is_not_in_the_message() -> None:
    with pytest.raises(UsageError) as caught:
        GUEST.check("uefi_vnc_password", "Tr0ub 4dor")
    assert "Tr0ub" not in caught.value.message


def test_a_number_stands_for_n_and_nothing_else_does() -> None:
    assert GUEST.find("tap12_mac") is GUEST.find("tap0_mac")
    for name in ("tap_mac", "tap{n}_mac", "tap1x_mac", "tap٣_mac", "tap1_mac2", "xtap1_mac", ""):
        assert GUEST.find(name) is None, name
    with pytest.raises(UsageError, match="nosuch"):
        GUEST.get("nosuch")


def test_defaults_hold_no_property_that_only_one_guest_can_have() -> None:
    names = {each.name for each in DEFAULTS.properties}
    assert {"cpu", "ram", "size", "bridge"} <= names
    assert not names & {"uuid", "serial", "uefi_vnc_port", "net_ifaces", "chyves_guest_version"}


def test_choices_are_those_of_the_spec() -> None:
    assert choices(GUEST.get("loader")) == ("bhyveload", "uefi", "grub-bhyve")
    assert choices(GUEST.get("template")) == ("yes", "no")
    assert choices(GUEST.get("notes")) == ()


def test_words_are_taken_apart_at_the_first_equals_sign() -> None:
    assert split_assignment("notes=a=b\nc") == ("notes", "a=b\nc")
    assert split_assignment("notes=") == ("notes", "")
    for word in ("notes", "=x", "-x=1", "", "a b=c", "$(x)=1"):
        assert split_assignment(word) is None
    with pytest.raises(UsageError, match="twice"):
        read_assignments(["cpu=1", "cpu=1"])
    with pytest.raises(UsageError, match="not PROPERTY=VALUE"):
        read_assignments(["cpu"])


def test_managed_properties_are_refused_even_when_names_are_free() -> None:
    for free in (False, True):
        with pytest.raises(Refused):
            check_assignments(GUEST, {"pci_slots": "x"}, unknown_allowed=free)
    assert check_assignments(GUEST, {"rack": "12"}, unknown_allowed=True) == {"rack": "12"}
    with pytest.raises(UsageError):
        check_assignments(GUEST, {"rack": "12"})
    for name in ("Rack", "x" * 201):
        with pytest.raises(UsageError):
            check_assignments(GUEST, {name: "1"}, unknown_allowed=True)
