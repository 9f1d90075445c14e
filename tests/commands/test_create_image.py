"""`create --image`: guests from cloud images, and the CD that tells them who they are."""

from __future__ import annotations

import gzip
import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.commands.cloud_images import (
    CONTENT,
    HASH,
    KEY,
    MIB,
    add_firmware,
    cloud_folder,
    holds,
    image,
    key_file,
    seed,
    told,
)
from tests.commands.conftest import running, until
from tests.commands.disk_helpers import devices
from tests.commands.resource_files import CONTENT as SERVED
from tests.commands.resource_server import PACKED, web_server
from tests.commands.whole_guests import guests, make_whole_guests, own_properties

if TYPE_CHECKING:
    from tests.conftest import LabHost

WEB1 = "zroot/chyves/guests/web1"
SEED = "/var/run/chyves/guests/{}/seed.iso"
ROOM = 16 * MIB


def test_a_guest_from_an_image_has_its_disk_and_boots_with_its_seed(
    lab: LabHost, tmp_path: Path
) -> None:
    made = lab.output(
        *("web1", "create", "16M", "cpu=2", "loader=bhyveload", "--image", image(tmp_path)),
        *("--user", "me", "--ssh-key", key_file(tmp_path), "--net", "10.0.0.5/24,10.0.0.1"),
    )
    assert made == "web1: created on zroot, 16M, without a check, compared"
    assert holds(lab, "web1", ROOM)
    own = own_properties(lab, WEB1)
    assert (own["chyves:cpu"], own["chyves:ram"]) == ("2", "1G")
    assert own["chyves:cloud_net"] == "10.0.0.5/24,10.0.0.1"
    assert own_properties(lab, f"{WEB1}/disk0")["chyves:source"].endswith("/cloud.raw")

    assert devices(lab)["24"] == f"ahci-cd,{SEED.format('web1')}"
    lab.chyves("web1", "start")
    until(lambda: running(lab))
    files = seed(lab)
    told_name = f'instance-id: "{own["chyves:uuid"]}"\nlocal-hostname: "web1"\n'
    assert files["meta-data"].decode() == told_name
    assert f'- "{KEY}"' in files["user-data"].decode()
    assert own["chyves:tap50_mac"] in files["network-config"].decode()
    file = lab.root / SEED.removeprefix("/").format("web1")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_loader_is_uefi_where_nothing_else_is_said(lab: LabHost, tmp_path: Path) -> None:
    file = image(tmp_path)
    lab.chyves("web1", "create", "--image", file, "16M")
    assert own_properties(lab, WEB1)["chyves:loader"] == "uefi"
    lab.chyves("defaults", "set", "loader=grub-bhyve", "ram=3G", "size=24M")
    lab.chyves("web2", "create", "--image", file)
    own = own_properties(lab, "zroot/chyves/guests/web2")
    assert (own["chyves:loader"], own["chyves:ram"]) == ("grub-bhyve", "3G")
    assert holds(lab, "web2", 24 * MIB)


def test_without_a_size_the_disk_is_as_large_as_a_large_image(lab: LabHost, tmp_path: Path) -> None:
    lab.chyves("defaults", "set", "size=1M")
    lab.chyves("web1", "create", "--image", image(tmp_path))
    assert holds(lab, "web1", 4 * MIB)


@pytest.mark.parametrize("ending", [".xz", ".gz"])
def test_packed_images_are_unpacked(lab: LabHost, tmp_path: Path, ending: str) -> None:
    pack = {".xz": lzma.compress, ".gz": gzip.compress}[ending]
    packed = pack(CONTENT)
    file = image(tmp_path, f"cloud.raw{ending}", packed)
    words = ("--hash", hashlib.sha256(packed).hexdigest())
    said = lab.output("web1", "create", "16M", "--image", file, *words)
    assert "its sha256 checksum is right" in said
    assert holds(lab, "web1", ROOM)


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="this machine has no qemu-img")
def test_a_qcow2_image_that_is_packed_and_one_that_is_not(lab: LabHost, tmp_path: Path) -> None:
    content = CONTENT.ljust(4 * MIB, b"\0")
    raw, plain = image(tmp_path, content=content), tmp_path / "c.qcow2"
    argv = ("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, str(plain))
    subprocess.run(argv, check=True)
    packed = image(tmp_path, "d.qcow2.xz", lzma.compress(plain.read_bytes()))
    for name, file in (("web1", str(plain)), ("web2", packed)):
        done = lab.chyves(name, "create", "3M", "--image", file, status=4)
        assert "a disk of 3M is too small" in done.stderr
        lab.chyves(name, "create", "16M", "--image", file)
        assert holds(lab, name, ROOM, content)
        assert os.listdir(cloud_folder(lab, name).parent) == ["cloud"]


def test_an_image_comes_from_the_resources_or_from_a_server(
    lab: LabHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.chyves("iso", "import", "-q", image(tmp_path))
    lab.chyves("web1", "create", "16M", "--image", "cloud.raw")
    assert holds(lab, "web1", ROOM)
    (tmp_path / "cwd").mkdir()
    monkeypatch.chdir(tmp_path / "cwd")
    other = CONTENT.replace(b"the end", b"another")
    image(tmp_path / "cwd", content=other)
    lab.chyves("web2", "create", "16M", "--image", "cloud.raw")
    assert holds(lab, "web2", ROOM), "the resource comes first"
    lab.chyves("web3", "create", "16M", "--image", "./cloud.raw")
    assert holds(lab, "web3", ROOM, other)


def test_an_image_comes_from_a_server(lab: LabHost) -> None:
    with web_server() as url:
        words = ("--image", f"{url}/pub/a.iso.xz", "--hash", hashlib.sha256(PACKED).hexdigest())
        lab.chyves("web4", "create", "16M", *words)
        before = lab.everything()
        wrong = ("--hash", "0" * 64)
        lab.chyves("web5", "create", "--image", f"{url}/pub/a.iso", *wrong, status=1)
        lab.chyves("web5", "create", "--image", f"{url}/nosuch", status=1)
    assert lab.everything() == before
    assert holds(lab, "web4", ROOM, SERVED)
    assert os.listdir(cloud_folder(lab, "web4").parent) == ["cloud"]


def test_several_guests_from_one_image_have_nothing_in_common(lab: LabHost, tmp_path: Path) -> None:
    file = image(tmp_path)
    add_firmware(lab)
    lab.chyves("web1,web10", "create", "16M", "--image", file, "--ssh-key", key_file(tmp_path))
    one, ten = (own_properties(lab, f"zroot/chyves/guests/{name}") for name in ("web1", "web10"))
    for name in ("uuid", "serial", "net_ifaces", "uefi_vnc_port"):
        assert one[f"chyves:{name}"] != ten[f"chyves:{name}"]
    assert holds(lab, "web1", ROOM) and holds(lab, "web10", ROOM)
    assert 'local-hostname: "web10"' in told(lab, "web10")
    for words in (("--hostname", "x"), ("--net", "10.0.0.5/24"), ("cloud_hostname=x",)):
        lab.chyves("web2,web3", "create", "16M", "--image", file, *words, status=2)


def test_own_files_are_told_as_they_are(lab: LabHost, tmp_path: Path) -> None:
    add_firmware(lab)
    user_data, network = b"#!/bin/sh\r\necho \xff\n", b"network: {}\n"
    (tmp_path / "u").write_bytes(user_data)
    (tmp_path / "n").write_bytes(network)
    files = ("--user-data", str(tmp_path / "u"), "--network-config", str(tmp_path / "n"))
    boot = "loader=bhyveload"
    lab.chyves("web1", "create", "16M", boot, "--image", image(tmp_path), *files)
    folder = cloud_folder(lab)
    assert {file.name: stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {
        "user-data": 0o600,
        "network-config": 0o600,
    }
    lab.chyves("web1", "start")
    files_told = seed(lab)
    assert files_told["user-data"] == user_data
    assert files_told["network-config"] == network


def test_a_password_hash_is_in_no_property_no_command_line_and_not_shown(
    lab: LabHost, tmp_path: Path
) -> None:
    (tmp_path / "hash").write_text(f"{HASH}\n")
    words = ("--image", image(tmp_path), "--user", "me", "--password-file", str(tmp_path / "hash"))
    shown = lab.output("web1", "create", "16M", "-n", *words)
    assert 'passwd: "***"' in shown
    lab.forget_commands()
    lab.chyves("web1", "create", "16M", *words)
    assert f'passwd: "{HASH}"' in (cloud_folder(lab) / "user-data").read_text()
    add_firmware(lab)
    for text in (shown, lab.everything(), str(lab.commands()), told(lab)):
        assert HASH not in text


def test_what_a_guest_is_told_follows_its_properties(lab: LabHost, tmp_path: Path) -> None:
    add_firmware(lab)
    words = ("--hostname", "www.example.org", "--net", "fd00::5/64,fd00::1,fd00::2")
    lab.chyves("web1", "create", "16M", "--image", image(tmp_path), *words)
    assert 'local-hostname: "www.example.org"' in told(lab)
    assert 'gateway6: "fd00::1"' in told(lab)
    lab.chyves("web1", "set", "cloud_net=dhcp")
    lab.chyves("web1", "unset", "cloud_hostname")
    lab.chyves("web1", "rename", "my_web")
    assert 'local-hostname: "my-web"' in told(lab, "my_web")
    assert "dhcp4: true" in told(lab, "my_web")
    lab.chyves("my_web", "disk", "add", "1G")
    slots = devices(lab, "my_web")
    assert slots["24"] == f"ahci-cd,{SEED.format('my_web')}"
    lab.chyves("my_web", "set", "cloud_seed=no")
    assert "24" not in devices(lab, "my_web")
    for value in ("cloud_net=10.0.0.5", "cloud_hostname=a_b", "cloud_seed=maybe"):
        lab.chyves("my_web", "set", value, status=2)


def test_a_clone_is_another_machine_to_cloud_init_and_an_exact_one_is_not(
    lab: LabHost, tmp_path: Path
) -> None:
    add_firmware(lab)
    words = ("--hostname", "www", "--net", "10.0.0.5/24", "--ssh-key", key_file(tmp_path))
    lab.chyves("web1", "create", "16M", "--image", image(tmp_path), *words)
    said = lab.output("web1", "clone", "web2", "-cu")
    assert "gets its address by DHCP" in said
    clone = told(lab, "web2")
    assert own_properties(lab, "zroot/chyves/guests/web2")["chyves:uuid"] in clone
    assert own_properties(lab, WEB1)["chyves:uuid"] not in clone
    assert 'local-hostname: "web2"' in clone and "10.0.0.5" not in clone
    kept = [(cloud_folder(lab, name) / "user-data").read_text() for name in ("web1", "web2")]
    assert kept[0] == kept[1] and KEY in kept[0]
    lab.chyves("web1", "clone", "web3", "-ce")
    assert told(lab, "web3") == told(lab)


def test_a_guest_of_any_origin_can_get_a_seed(lab: LabHost) -> None:
    make_whole_guests(lab, ["web1"], loader="uefi")
    add_firmware(lab)
    lab.chyves("web1", "set", "cloud_seed=yes")
    assert 'local-hostname: "web1"' in told(lab)


def test_a_dry_run_makes_nothing_and_shows_every_step(lab: LabHost, tmp_path: Path) -> None:
    before = lab.everything()
    file = image(tmp_path)
    shown = lab.output("web1", "create", "16M", "-n", "--image", file).splitlines()
    assert lab.everything() == before
    steps = [line.split(" ")[:2] for line in shown if not line.startswith("#")]
    assert steps == [
        ["zfs", "create"],
        ["zfs", "create"],
        ["cat", file],
        ["zfs", "set"],
        ["zfs", "rename"],
        ["zfs", "set"],
    ]
    # The shell would look for the device in this machine's /dev, with this machine's dd.
    node = rf"dd conv=notrunc of={lab.root}/dev/zvol\1"
    script = re.sub(r"dd of=/dev/zvol(\S+) .*", node, "\n".join(shown))
    lab.run("sh", "-ec", script)
    assert guests(lab) == ["web1"]
    assert holds(lab, "web1", ROOM)
