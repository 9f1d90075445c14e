"""The picture of the network: dot's source, and what dot makes of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from xml.etree import ElementTree

import pytest

from chyves_core.errors import Refused, UsageError
from chyves_core.host import Host
from chyves_core.network.graph import graph, graph_command
from tests.conftest import LabHost

needs_dot = pytest.mark.skipif(shutil.which("dot") is None, reason="graphviz is not installed")


@pytest.fixture
def host(lab: LabHost, monkeypatch: pytest.MonkeyPatch) -> Host:
    """The host of the lab, as a command sees it."""
    for name in ("CHYVES_LAB", "PATH"):
        monkeypatch.setenv(name, lab.environment()[name])
    return Host()


def wires(source: str) -> list[str]:
    """Return the lines between nodes."""
    return [line.strip() for line in source.splitlines() if " -- " in line]


def node(source: str, name: str) -> str:
    """Return the words in a node, one after another."""
    found = re.findall(rf'^ *"{re.escape(name)}" \[label=<(.*)>\]$', source, re.M)
    assert len(found) == 1, source
    return " | ".join(re.findall(r">([^<]+)<", found[0]))


def test_what_is_planned_is_dashed_and_what_there_is_is_solid(lab: LabHost, host: Host) -> None:
    lab.chyves("web1,web2", "create", "1G")
    lab.chyves("global", "set", "-y", "bridge0_phy_attach=em0", "bridge1_phy_attach=ue0")
    lab.chyves("web2", "set", "tap51_bridge=bridge1", "template=yes", "description=a <b>")
    before = graph(host)
    assert wires(before) == [
        '"if bridge0" -- "guest web1":p0:w [style=dashed]',
        '"if bridge1" -- "guest web2":p0:w [style=dashed]',
        '"if em0" -- "if bridge0" [style=dashed]',
        '"if ue0" -- "if bridge1" [style=dashed]',
    ]
    assert node(before, "if bridge0") == "bridge0 | not there yet"
    assert node(before, "if ue0") == "ue0 | not on this host"
    assert node(before, "if em0") == "em0 | up | 192.0.2.10"
    assert node(before, "guest web1") == "tap50 | web1 | stopped | 1 CPU, 256M"
    assert "template, stopped | 1 CPU, 256M | a &lt;b&gt;" in node(before, "guest web2")

    disk = lab.root / "dev/zvol/zroot/chyves/guests/web1/disk0"
    with open(disk, "r+b") as opened:
        opened.write(b"#chyves-guest\n")
    lab.chyves("web1", "start")
    lab.run("ifconfig", "bridge9", "create", "addm", "em1")
    after = graph(host)
    assert '"if bridge0" -- "guest web1":p0:w' in wires(after)
    assert '"if em0" -- "if bridge0"' in wires(after)
    assert '"if em1" -- "if bridge9"' in wires(after)
    assert node(after, "if bridge0") == "bridge0 | up, made by chyves"
    assert node(after, "if bridge9") == "bridge9 | down, the host&#x27;s own"
    assert "running" in node(after, "guest web1")


def test_a_tap_that_is_in_another_bridge_than_it_should_be_has_both_lines(
    lab: LabHost, host: Host
) -> None:
    lab.chyves("web1", "create", "1G")
    lab.run("ifconfig", "tap50", "create")
    lab.run("ifconfig", "bridge5", "create")
    lab.run("ifconfig", "bridge5", "addm", "tap50")
    assert wires(graph(host)) == [
        '"if bridge5" -- "guest web1":p0:w',
        '"if bridge0" -- "guest web1":p0:w [style=dashed]',
    ]
    assert node(graph(host), "if bridge0") == "bridge0 | not there yet | private"


def test_a_host_without_guests_and_bridges_has_a_picture_too(host: Host) -> None:
    assert node(graph(host).replace("  nothing", '  "nothing"'), "nothing") == (
        "no bridges and no guests"
    )


@needs_dot
def test_dot_draws_every_name_and_no_text_of_a_guest_breaks_the_picture(
    lab: LabHost, host: Host, tmp_path: Path
) -> None:
    lab.chyves("pfSense,pfSense-gold", "create", "1G")
    text = '\\N "quoted" <of> & Wächter ]> \\'
    lab.chyves("pfSense", "set", f"description={text}")
    lab.run("zfs", "set", "chyves:description=a\nb\tc", "zroot/chyves/guests/pfSense-gold")
    file = tmp_path / "net.svg"
    assert graph_command(host, svg=str(file)) == f"{file}: the network as it is now"
    picture = ElementTree.fromstring(file.read_text())
    texts = [each.text or "" for each in picture.iter() if each.tag.endswith("}text")]
    said = [each.replace("\u200b", "") for each in texts]
    assert {"pfSense", "pfSense-gold", "tap50", "tap51", "bridge0", "stopped"} <= set(said)
    assert text in said
    assert "a\\nb\\tc" in said
    assert graph_command(host, svg="-").startswith("<?xml")


@needs_dot
def test_a_newer_picture_replaces_an_older_one_and_no_other_file(
    host: Host, lab: LabHost, tmp_path: Path
) -> None:
    file = tmp_path / "net.svg"
    graph_command(host, svg=str(file))
    first = file.read_text()
    lab.run("ifconfig", "bridge9", "create")
    graph_command(host, svg=str(file))
    assert file.read_text() != first
    file.write_text("letters of my grandmother")
    with pytest.raises(Refused, match="is there already"):
        graph_command(host, svg=str(file))
    assert file.read_text() == "letters of my grandmother"
    graph_command(host, svg=str(file), replace=True)
    assert "<svg" in file.read_text()


def test_without_dot_there_is_still_its_source(
    host: Host, lab: LabHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(lab.lab.bin))
    file = tmp_path / "net.svg"
    with pytest.raises(Refused) as refused:
        graph_command(host, svg=str(file))
    assert refused.value.hint and refused.value.hint.startswith("pkg install graphviz")
    assert not file.exists()
    assert graph_command(host, dot=True).startswith("graph chyves {")
    for words in ({}, {"svg": "a", "dot": True}):
        with pytest.raises(UsageError):
            graph_command(host, **words)  # type: ignore[arg-type]
