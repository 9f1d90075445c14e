"""Guests from a cloud image: they boot from it, and learn from the CD who they are."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.guest.cloud_image import make_image
from tests.guest.conftest import Console, GuestHost

pytestmark = pytest.mark.guest

KEY = b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32))
KEY_LINE = f"ssh-ed25519 {base64.b64encode(KEY).decode()} me@laptop"


@pytest.fixture
def host(guest_host: GuestHost) -> Iterator[GuestHost]:
    """The lab; whatever still runs when a test ends is killed."""
    yield guest_host
    for guest in guest_host.running():
        guest_host.chyves(guest, "stop", "force", status=None)
        guest_host.wait_until_down(guest)


def value(host: GuestHost, guest: str, name: str) -> str:
    """Return a property of a guest."""
    return host.output(guest, "get", "-H", name).split("\t")[-1]


def started(host: GuestHost, guest: str) -> Console:
    """Start a guest, and return its console once it knows its name."""
    host.chyves(guest, "start")
    console = host.console(guest)
    console.expect(f"this is {guest}, as /dev/sr0 says")
    console.wait_for_prompt()
    return console


def test_a_cloud_image_boots_and_reads_its_seed_and_so_does_a_clone_as_itself(
    host: GuestHost, guest_iso: Path, tmp_path: Path
) -> None:
    (tmp_path / "id.pub").write_text(KEY_LINE + "\n")
    image = make_image(guest_iso, tmp_path)
    words = ("--user", "me", "--ssh-key", str(tmp_path / "id.pub"), "--net", "10.0.0.5/24,10.0.0.1")
    host.chyves(
        *("cloud1", "create", "300M", "--image", str(image), *words),
        *("ram=512M", "uefi_firmware=OVMF.fd"),
    )
    console = started(host, "cloud1")
    disk, seed = [line.split() for line in console.ask("show-disks")]
    assert disk[:2] == ["vda", str(300 << 20)]
    assert seed[0] == "sr0" and seed[4] == "0000:00:18.0"
    uuid, mac = value(host, "cloud1", "uuid"), value(host, "cloud1", "tap50_mac")
    assert console.ask("cat /seed/meta-data") == [
        f'instance-id: "{uuid}"',
        'local-hostname: "cloud1"',
    ]
    assert f'- "{KEY_LINE}"' in console.ask("cat /seed/user-data")
    assert console.ask("cat /sys/class/net/eth0/address") == [mac]
    network = console.ask("cat /seed/network-config")
    assert f'macaddress: "{mac}"' in network
    assert '- "10.0.0.5/24"' in network
    assert console.ask("ls -l /seed | cut -c1-10 | sort -u | grep -v total") == ["-r--------"]
    console.leave()
    host.chyves("cloud1", "stop", "force")
    host.wait_until_down("cloud1")

    host.chyves("cloud1", "clone", "cloud2", "-cu")
    console = started(host, "cloud2")
    told = console.ask("cat /seed/meta-data")
    assert told[0] == f'instance-id: "{value(host, "cloud2", "uuid")}"'
    assert uuid not in told[0]
    assert f'- "{KEY_LINE}"' in console.ask("cat /seed/user-data")
    assert "dhcp4: true" in console.ask("cat /seed/network-config")
    console.leave()
