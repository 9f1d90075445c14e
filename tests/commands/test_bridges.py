"""`chyves network bridge{n}`: uplinks, vlans, taps; in the design and at once on the host."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from tests.commands.conftest import interfaces
from tests.commands.whole_guests import make_whole_guests, own_properties
from tests.conftest import LabHost, make_lab

ROOT = "zroot/chyves"
TAP = ("create", "description", "chyves:web1:tap50", "up")
BRIDGE = ("create", "description", "chyves:bridge0")


@pytest.fixture
def up(lab: LabHost) -> LabHost:
    """A lab with web1 and web2 whose taps are on the host, in bridge0 on em1."""
    make_whole_guests(lab, ["web1", "web2"])
    lab.run("zfs", "set", "chyves.global:bridge0_phy_attach=em1", ROOT)
    lab.run("ifconfig", "em1", "up")
    lab.run("ifconfig", "tap50", *TAP)
    lab.run("ifconfig", "tap51", "create", "description", "chyves:web2:tap51", "up")
    lab.run("ifconfig", "bridge0", *BRIDGE, "addm", "em1", "addm", "tap50", "addm", "tap51", "up")
    lab.forget_commands()
    return lab


def members(lab: LabHost, bridge: str) -> set[str]:
    """Return the members of a bridge of the host."""
    lines = lab.run("ifconfig", bridge).stdout.splitlines()
    return {line.split()[1] for line in lines if line.strip().startswith("member:")}


def wish(lab: LabHost, name: str) -> str | None:
    """Return a global property."""
    return own_properties(lab, ROOT).get(f"chyves.global:{name}")


def bridge_of(lab: LabHost, guest: str, tap: str) -> str | None:
    """Return the bridge of a guest's tap in the design."""
    return own_properties(lab, f"{ROOT}/guests/{guest}").get(f"chyves:{tap}_bridge")


def test_join_and_unjoin_act_on_the_design_and_on_the_bridge_at_once(up: LabHost) -> None:
    # An exact clone has the same tap; found first, it does not hide whose tap is on the host.
    up.chyves("web1", "clone", "twin", "-ce")
    up.chyves("network", "bridge1", "join", "tap50")
    assert bridge_of(up, "web1", "tap50") == bridge_of(up, "twin", "tap50") == "bridge1"
    assert members(up, "bridge1") == {"tap50"}
    assert members(up, "bridge0") == {"tap51", "em1"}
    up.chyves("network", "bridge1", "unjoin", "tap50")
    assert bridge_of(up, "web1", "tap50") is bridge_of(up, "twin", "tap50") is None
    assert "bridge1" not in interfaces(up)
    assert "tap50" in interfaces(up)


def test_migrate_takes_all_taps_along_with_the_mtu_of_their_new_bridge(up: LabHost) -> None:
    up.run("ifconfig", "tap90", "create", "mtu", "9000")
    up.run("ifconfig", "bridge8", "create", "addm", "tap90", "up")
    up.chyves("network", "bridge0", "migrate", "bridge8")
    assert members(up, "bridge8") == {"tap90", "tap50", "tap51"}
    assert "mtu 9000" in up.run("ifconfig", "tap51").stdout
    assert bridge_of(up, "web1", "tap50") == bridge_of(up, "web2", "tap51") == "bridge8"
    assert "bridge0" not in interfaces(up)


@pytest.mark.parametrize("call", ["zfs:3:kill", "zfs:3:kill-after", "ifconfig:3:kill-after"])
def test_a_migration_that_was_killed_is_ended_by_the_same_command(up: LabHost, call: str) -> None:
    words = ("network", "bridge0", "migrate", "bridge8")
    killed = up.chyves(*words, status=None, CHYVES_LAB_FAIL=call)
    assert killed.returncode in (-signal.SIGKILL, 128 + signal.SIGKILL)
    up.chyves(*words)
    assert bridge_of(up, "web1", "tap50") == bridge_of(up, "web2", "tap51") == "bridge8"
    assert members(up, "bridge8") == {"tap50", "tap51"}
    assert "bridge0" not in interfaces(up)


def test_a_bridge_gets_another_uplink_and_never_has_two(up: LabHost) -> None:
    up.chyves("network", "bridge0", "attach", "em1", "--vlan", "7")
    assert members(up, "bridge0") == {"tap50", "tap51", "vlan7"}
    assert "vlan: 7 vlanproto: 802.1q vlanpcp: 0 parent interface: em1" in interfaces(up)
    assert (wish(up, "bridge0_phy_attach"), wish(up, "vlan7_parent")) == ("vlan7", "em1")
    up.chyves("network", "bridge0", "private")
    assert members(up, "bridge0") == {"tap50", "tap51"}
    assert "vlan7" not in interfaces(up)
    assert (wish(up, "bridge0_phy_attach"), wish(up, "vlan7_parent")) == ("private", None)


@pytest.mark.parametrize("call", ["ifconfig:2", "ifconfig:3", "zfs:3"])
@pytest.mark.parametrize("fault", ["fail", "kill", "kill-after"])
def test_an_attach_that_ends_half_way_can_be_done_again(up: LabHost, call: str, fault: str) -> None:
    words = ("network", "bridge0", "attach", "em1", "--vlan", "7")
    up.chyves(*words, status=None, CHYVES_LAB_FAIL=f"{call}:{fault}")
    assert len(members(up, "bridge0") & {"em1", "vlan7"}) < 2
    if fault == "fail":
        assert wish(up, "bridge0_phy_attach") == "em1"
        assert members(up, "bridge0") == {"em1", "tap50", "tap51"}
    up.chyves(*words)
    assert members(up, "bridge0") == {"tap50", "tap51", "vlan7"}
    assert wish(up, "vlan7_parent") == "em1"


def test_a_vlan_that_the_host_has_is_taken_and_stays(up: LabHost) -> None:
    up.run("ifconfig", "em1.7", "create", "up")
    up.chyves("network", "bridge0", "attach", "em1", "--vlan", "7")
    assert wish(up, "bridge0_phy_attach") == "em1.7"
    assert members(up, "bridge0") == {"tap50", "tap51", "em1.7"}
    up.chyves("network", "bridge0", "private")
    assert "em1.7:" in interfaces(up)


def test_only_the_uplink_of_a_bridge_that_others_made_is_changed(up: LabHost) -> None:
    up.run("ifconfig", "bridge5", "create", "addm", "em0", "up")
    up.chyves("network", "bridge5", "private")
    assert members(up, "bridge5") == {"em0"}
    up.chyves("network", "import")
    assert wish(up, "bridge5_phy_attach") == "em0"
    assert "loses its uplink" in up.chyves("network", "bridge5", "private", status=4).stderr
    up.chyves("network", "bridge5", "private", "-y")
    assert members(up, "bridge5") == set()


@pytest.mark.parametrize(
    ("status", "interface", "said"),
    [
        (3, "em9", "no such interface"),
        (4, "lo0", "can't be a member"),
        (4, "bridge0", "can't be a member"),
        (4, "tap50", "taps join bridges"),
        (4, "em1", "is that of bridge0"),
        (4, "em0", "carries the default route"),
    ],
)
def test_what_is_no_uplink_is_refused(up: LabHost, status: int, interface: str, said: str) -> None:
    before = up.everything(), interfaces(up)
    done = up.chyves("network", "bridge2", "attach", interface, status=status)
    assert said in done.stderr
    assert (up.everything(), interfaces(up)) == before


def test_the_interface_of_the_ssh_session_is_asked_about(up: LabHost) -> None:
    up.run("ifconfig", "em1", "inet", "198.51.100.4/24")
    words = ("network", "bridge0", "private")
    session = "203.0.113.9 50000 198.51.100.4 22"
    done = up.chyves(*words, status=4, SSH_CONNECTION=session)
    assert "em1 carries this ssh session, and bridge0 loses its uplink" in done.stderr
    assert "em1" in members(up, "bridge0")
    up.chyves(*words, "--yes", SSH_CONNECTION=session)
    assert "em1" not in members(up, "bridge0")


def test_an_address_on_the_uplink_is_refused_where_the_kernel_would(tmp_path: Path) -> None:
    """if_bridge(4) of 15: EINVAL with net.link.bridge.member_ifaddrs=0."""
    host = make_lab(tmp_path / "lab", freebsd="15.0", pools=("zroot",))
    host.chyves("dataset", "zroot", "install")
    host.run("sysctl", "net.link.bridge.member_ifaddrs=0")
    done = host.chyves("network", "bridge0", "attach", "em0", "-y", status=4)
    assert "em0 has the address 192.0.2.10; bridges of this host take no member" in done.stderr
    assert wish(host, "bridge0_phy_attach") is None
    host.run("sysctl", "net.link.bridge.member_ifaddrs=1")
    host.chyves("network", "bridge0", "attach", "em0", "-y")


def test_nothing_is_done_on_the_host_in_system_mode(up: LabHost) -> None:
    up.chyves("global", "set", "network_design_mode=system")
    before = interfaces(up)
    up.chyves("network", "bridge1", "join", "tap50")
    up.chyves("network", "bridge0", "private", "-y")
    assert interfaces(up) == before
    assert bridge_of(up, "web1", "tap50") == "bridge1"
    done = up.chyves("web1,web2", "start", status=4)
    assert "web1: lacks bridge1, tap50 in bridge1" in done.stderr
    assert interfaces(up) == before


def test_the_hosts_bridges_are_recorded_as_the_design(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1", "web2"])
    lab.run("ifconfig", "tap50", "create")
    lab.run("ifconfig", "tap51", "create")
    lab.run("ifconfig", "bridge3", "create", "addm", "em1", "addm", "tap50", "addm", "tap51")
    lab.run("ifconfig", "bridge4", "create", "name", "lan")
    before = lab.everything()
    preview = lab.output("network", "import", "-n")
    assert "# bridge3: attached to em1" in preview
    assert lab.everything() == before
    said = lab.output("network", "import")
    assert "lan: a bridge of the design is called bridge{n}; left out" in said
    assert wish(lab, "bridge3_phy_attach") == "em1"
    assert bridge_of(lab, "web1", "tap50") == bridge_of(lab, "web2", "tap51") == "bridge3"
    assert "the design says all" in lab.output("network", "import")


def test_bridges_are_listed_with_their_members_and_what_is_wrong(up: LabHost) -> None:
    up.run("ifconfig", "bridge0", "deletem", "em1")
    up.run("ifconfig", "bridge0", "deletem", "tap51")
    up.run("ifconfig", "bridge9", "create", "addm", "tap51", "addm", "em0", "up")
    lines = up.output("list", "bridges", "-H", "-o", "bridge,member,guest,state").splitlines()
    assert lines == [
        "bridge0\t-\t-\tas designed",
        "bridge0\tem1\t-\tmissing",
        "bridge0\ttap50\tweb1\tas designed",
        "bridge0\ttap51\tweb2\tin bridge9",
        "bridge9\t-\t-\tforeign",
        "bridge9\tem0\t-\tforeign",
        "bridge9\ttap51\tweb2\tforeign",
    ]
    assert up.output("list", "bridges").splitlines()[2].split() == ["em1", "1500", "-", "missing"]
    shown = json.loads(up.output("network", "show", "--json"))
    assert "--json" in up.chyves("network", "import", "--json", status=2).stderr
    assert [each["bridge"] for each in shown["bridges"]] == ["bridge0", "bridge9"]
    assert shown["bridges"][0]["attached"] == "em1"
    assert up.chyves("list", "tap", "active").stderr == "no taps in use\n"


def test_what_was_leaked_is_found_and_only_chyves_own_is_taken(up: LabHost) -> None:
    up.run("ifconfig", "tap90", "create", "description", "mine")
    up.run("ifconfig", "bridge0", "name", "lan")
    up.run("ifconfig", "bridge6", "create", "up")
    up.run("ifconfig", "vlan9", "create", "vlan", "9", "vlandev", "em1")
    up.run("ifconfig", "vlan9", "description", "chyves:vlan9")
    found = up.chyves("doctor", "-H", status=1).stdout
    assert "web1\tdoes not run, and has left tap50" in found
    assert "vlan9\twas made for guests, and none uses it" in found
    up.chyves("doctor", "--fix", "-y")
    left = up.run("ifconfig", "-l").stdout.split()
    assert sorted(left) == ["bridge6", "em0", "em1", "lo0", "tap90"]


def test_the_bridges_of_taps_follow_a_rename_and_a_clone(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"])
    lab.chyves("network", "web1", "add", "tap60", "bridge6")
    lab.chyves("web1", "clone", "copy", "-cu", "-q")
    lab.chyves("web1", "rename", "www")
    assert bridge_of(lab, "www", "tap60") == "bridge6"
    copied = own_properties(lab, f"{ROOT}/guests/copy")
    taps = copied["chyves:net_ifaces"].split(",")
    assert not {"tap50", "tap60"} & set(taps)
    assert [copied[f"chyves:{tap}_bridge"] for tap in taps] == ["bridge0", "bridge6"]
    lab.chyves("network", "bridge6", "migrate", "bridge7")
    assert bridge_of(lab, "www", "tap60") == bridge_of(lab, "copy", taps[1]) == "bridge7"
    assert bridge_of(lab, "www", "tap50") == "bridge0"
    assert "taken by www" in lab.chyves("network", "copy", "add", "tap60", status=4).stderr
    lab.chyves("www", "delete", "force", "keepnet", "-y")
    assert lab.chyves("network", "bridge0", "join", "tap60", status=3)


def test_a_bridge_behind_nat_and_the_picture_of_it(up: LabHost) -> None:
    up.chyves("network", "bridge7", "nat", "em0", status=2)
    assert "behind NAT" in up.output("network", "bridge7", "nat", "off")
    assert "bridge0" in up.output("network", "graph", "--dot")
    assert "options of `network graph`" in up.chyves("network", "show", "--dot", status=2).stderr


def test_what_is_set_globally_is_asked_about_and_refused_as_attach_does(up: LabHost) -> None:
    before = up.everything(), interfaces(up)
    words = ("global", "set", "bridge7_phy_attach=em0")
    done = up.chyves(*words, status=4)
    assert "em0 carries the default route. In bridge7 its TSO" in done.stderr
    assert "the same with --yes" in done.stderr
    done = up.chyves("global", "set", "bridge7_phy_attach=vlan7", "vlan7_parent=em0", status=4)
    assert "em0 carries the default route" in done.stderr
    for value, said in (
        ("bridge7_phy_attach=em1", "em1: is that of bridge0"),
        ("bridge7_phy_attach=lo0", "can't be a member of a bridge"),
        ("bridge0_phy_attach=ue0", "bridge0: em1 is in it now"),
        ("bridge0_nat=10.0.0.1/24", "bridge0: is attached to em1, NAT is for private bridges"),
        ("bridge7_nat=192.0.2.1/24", "bridge7: em0 has 192.0.2.10, in the same network"),
    ):
        assert said in up.chyves("global", "set", value, status=4).stderr
    assert (up.everything(), interfaces(up)) == before
    up.chyves(*words, "-y")
    up.chyves("global", "set", "bridge8_phy_attach=ue0")
    assert (wish(up, "bridge7_phy_attach"), wish(up, "bridge8_phy_attach")) == ("em0", "ue0")
    up.chyves("global", "set", "bridge7_phy_attach=em0", "cpu=1", status=2)


def test_a_second_way_out_of_a_bridge_is_never_added_by_a_start(up: LabHost) -> None:
    up.run("zfs", "set", "chyves.global:bridge0_phy_attach=ue0", ROOT)
    done = up.chyves("web1", "start", "-n", status=4)
    assert "web1: bridge0 is attached to ue0, and em1 is in it" in done.stderr
    assert "chyves network bridge0 attach ue0" in done.stderr


def test_sudo_hides_no_ssh_session(up: LabHost) -> None:
    up.run("ifconfig", "em1", "inet", "198.51.100.7/24")
    file = up.lab.state / "host.json"
    state = json.loads(file.read_text())
    row = ("root", "sshd", "812", "4", "tcp4", "198.51.100.7:22", "198.51.100.9:50312")
    file.write_text(json.dumps({**state, "sockets": [row]}))
    done = up.chyves("network", "bridge0", "private", status=4)
    assert "em1 carries an ssh session, and bridge0 loses its uplink" in done.stderr
    assert members(up, "bridge0") == {"em1", "tap50", "tap51"}
