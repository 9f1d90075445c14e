"""`create --image` that is wrong anywhere, or fails: nothing is made, and nothing is left."""

from __future__ import annotations

import lzma
from pathlib import Path
from typing import TYPE_CHECKING

from chyves_core.lab.zfs.pools import make_pool
from tests.commands.cloud_images import CONTENT, image, key_file
from tests.commands.whole_guests import make_whole_guests, outside

if TYPE_CHECKING:
    from tests.conftest import LabHost


def test_bad_input_makes_nothing(lab: LabHost, tmp_path: Path) -> None:
    make_whole_guests(lab, ["web1"])
    file, key = image(tmp_path), key_file(tmp_path)
    (tmp_path / "private").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    (tmp_path / "plain").write_text("sesame\n")
    (tmp_path / "empty").write_text("")
    broken = image(tmp_path, "broken.raw.xz", lzma.compress(CONTENT)[:-20])
    private, plain = str(tmp_path / "private"), str(tmp_path / "plain")
    before = lab.everything()
    for status, words in (
        (4, ["web1", "create", "--image", file]),
        (4, ["web9", "create", "2M", "--image", file]),
        (3, ["web9", "create", "--image", "nosuch"]),
        (3, ["web9", "create", "--image", "./nosuch.raw"]),
        (2, ["web9", "create", "--image", ""]),
        (1, ["web9", "create", "--image", str(tmp_path)]),
        (1, ["web9", "create", "--image", str(tmp_path / "empty")]),
        (1, ["web9", "create", "--image", broken]),
        (1, ["web9", "create", "--image", image(tmp_path, "a.qcow2", b"no qcow2" * 99)]),
        (1, ["web9", "create", "--image", file, "--hash", "0" * 64]),
        (2, ["web9", "create", "--image", file, "--hash", "12"]),
        (1, ["web9", "create", "9T", "--image", file]),
        (3, ["web9", "create", "--image", file, "--ssh-key", "nosuch"]),
        (4, ["web9", "create", "--image", file, "--ssh-key", private]),
        (1, ["web9", "create", "--image", file, "--ssh-key", plain]),
        (4, ["web9", "create", "--image", file, "--user", "me", "--password-file", plain]),
        (2, ["web9", "create", "--image", file, "--password-file", plain]),
        (2, ["web9", "create", "--image", file, "--user", "Me, too"]),
        (2, ["web9", "create", "--image", file, "--net", "10.0.0.5"]),
        (2, ["web9", "create", "--image", file, "--hostname", "a_b"]),
        (2, ["web9", "create", "--image", file, "--hostname", "a", "cloud_hostname=b"]),
        (1, ["web9", "create", "--image", file, "--user-data", plain]),
        (2, ["web9", "create", "--image", file, "--user-data", plain, "--ssh-key", key]),
        (2, ["web9", "create", "--image", file, "--net", "dhcp", "--network-config", plain]),
        (2, ["web9", "create", "--image", file, "cloud_seed=no"]),
        (2, ["web9", "create", "--user", "me"]),
        (2, ["web9", "create", "--hash", "0" * 64]),
        (2, ["web9,bad/name", "create", "--image", file]),
        (3, ["web9", "create", "16M", "nosuchpool", "--image", file]),
    ):
        done = lab.chyves(*words, status=status)
        assert done.stderr.startswith("chyves: "), words
        assert done.stderr.count("\n") <= 2, words
        assert "sesame" not in done.stderr or "--ssh-key" in words
    assert lab.everything() == before


def test_without_pycdlib_nothing_is_made_and_the_package_is_named(
    lab: LabHost, tmp_path: Path
) -> None:
    # A module of this name that is broken would be found first, so the import is forbidden.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        "import sys\nsys.modules['pycdlib'] = None\n"
    )
    before = lab.everything()
    words = ("web1", "create", "16M", "--image", image(tmp_path))
    done = lab.chyves(*words, status=1, PYTHONPATH=str(tmp_path / "site"))
    assert "pip install pycdlib" in done.stderr
    assert lab.everything() == before
    lab.chyves("web1", "create", "16M", PYTHONPATH=str(tmp_path / "site"))
    lab.chyves("web1", "set", "cloud_seed=yes")
    done = lab.chyves("doctor", status=1, PYTHONPATH=str(tmp_path / "site"))
    assert done.stdout.startswith("web1: the CD for cloud-init can't be made, ")


def test_a_full_pool_leaves_nothing_behind(lab: LabHost, tmp_path: Path) -> None:
    make_pool(lab.lab, "small", 64 << 20)
    lab.chyves("dataset", "small", "install")
    before = lab.everything()
    done = lab.chyves("web1", "create", "1G", "small", "--image", image(tmp_path), status=1)
    assert "web1: a disk of 1G does not fit" in done.stderr
    assert lab.everything() == before


def test_when_a_zfs_call_fails_nothing_of_the_guest_is_left(lab: LabHost, tmp_path: Path) -> None:
    file = image(tmp_path)
    lab.forget_commands()
    lab.chyves("web1", "create", "16M", "--image", file)
    calls = [argv[1] for argv in lab.commands("zfs")]
    lab.chyves("web1", "delete", "-y")
    before = outside(lab)
    for number, verb in enumerate(calls, 1):
        if verb in ("create", "set", "rename"):
            fault = f"zfs:{number}:fail"
            lab.chyves("web1", "create", "16M", "--image", file, status=1, CHYVES_LAB_FAIL=fault)
            assert outside(lab) == before
