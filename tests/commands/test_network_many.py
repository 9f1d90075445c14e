"""Many guests on several bridges, started and stopped at the same time."""

from __future__ import annotations

from pathlib import Path

from chyves_core.network.ifconfig import parse_ifconfig
from tests.commands.conftest import import_script, interfaces
from tests.commands.test_concurrency import begin, finish
from tests.commands.whole_guests import make_whole_guests
from tests.conftest import LabHost

BRIDGES = ("bridge1", "bridge2", "bridge3")


def test_twenty_guests_on_three_bridges_start_and_stop_at_once(
    lab: LabHost, tmp_path: Path
) -> None:
    names = [f"web{number}" for number in range(20)]
    make_whole_guests(lab, names)
    for number, name in enumerate(names):
        value = f"chyves:tap{50 + number}_bridge={BRIDGES[number % 3]}"
        lab.run("zfs", "set", value, f"zroot/chyves/guests/{name}")
    import_script(lab, tmp_path, "os.iso")
    lab.run("ifconfig", "em1", "mtu", "9000", "up")
    lab.chyves("network", "bridge1", "attach", "em1")
    lab.chyves("network", "bridge2", "attach", "em0", "--vlan", "7", "-y")
    lab.run("kldload", "vmm", "nmdm", "if_bridge", "if_tuntap", "if_vlan")
    before = interfaces(lab)
    # Six commands at once, with guests of all bridges in each.
    groups = [",".join(names[first::6]) for first in range(6)]
    assert finish(*(begin(lab, group, "start", "os.iso") for group in groups)) == [0] * 6
    there = parse_ifconfig(interfaces(lab))
    for number in range(20):
        tap, bridge = f"tap{50 + number}", BRIDGES[number % 3]
        assert there[tap].description == f"chyves:web{number}:{tap}"
        assert there[tap].opened_by
        assert there[tap].mtu == there[bridge].mtu == (9000 if bridge == "bridge1" else 1500)
        assert [each.name for each in there.values() if tap in each.members] == [bridge]
    assert {"em1", "vlan7"} <= {*there["bridge1"].members, *there["bridge2"].members}
    assert finish(*(begin(lab, group, "stop") for group in groups)) == [0] * 6
    assert interfaces(lab) == before
