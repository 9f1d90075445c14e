"""What is told to guests from cloud images: YAML that two parsers read, networks, keys, names."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from pycdlib import PyCdlib

from chyves_core.cloud.given import HEADER, check_hostname, user
from chyves_core.cloud.keys import read_hash, read_keys
from chyves_core.cloud.net import network_config, read_net
from chyves_core.cloud.seed import LABEL, default_hostname, make_cd
from chyves_core.cloud.yaml import to_yaml
from chyves_core.errors import ChyvesError, Refused, UsageError

BLOB = base64.b64encode(b"\0\0\0\x0bssh-ed25519\0\0\0 " + bytes(range(32))).decode()
KEY = f"ssh-ed25519 {BLOB}"

USER = """\
#cloud-config
users:
  - name: "me"
    groups: "wheel"
    sudo: "ALL=(ALL) NOPASSWD:ALL"
    passwd: "$6$salt$abcdefgh"
    lock_passwd: false
    ssh_authorized_keys:
      - "ssh-ed25519 AAAA me@laptop"
      - "ssh-ed25519 BBBB"
"""
NETWORK = """\
version: 2
ethernets:
  net0:
    match:
      macaddress: "58:9c:fd:00:00:01"
    addresses:
      - "10.0.0.5/24"
    gateway4: "10.0.0.1"
    nameservers:
      addresses:
        - "1.1.1.1"
        - "fd00::1"
"""


def test_yaml_has_blocks_and_quoted_strings_only() -> None:
    """The forms that were tried with PyYAML and with FreeBSD 14's libexec/nuageinit/yaml.lua."""
    keys = ["ssh-ed25519 AAAA me@laptop", "ssh-ed25519 BBBB"]
    assert HEADER + to_yaml({"users": [user("me", keys, "$6$salt$abcdefgh")]}) == USER
    net = read_net("10.0.0.5/24,10.0.0.1,1.1.1.1,fd00::1")
    assert to_yaml(network_config(net, "58:9c:fd:00:00:01")) == NETWORK
    assert to_yaml({}) == "{}\n"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("no", '"no"'),
        ("123", '"123"'),
        ("#a: {b}", '"#a: {b}"'),
        ("it's", '"it\'s"'),
        ('say "hi"', "'say \"hi\"'"),
        ("it's \"\\", "'it''s \"\\'"),
    ],
)
def test_a_string_stays_one_whatever_it_looks_like(text: str, written: str) -> None:
    assert to_yaml({"k": text}) == f"k: {written}\n"


def test_a_string_that_would_break_its_line_is_refused() -> None:
    for text in ("a\nb", "a\0", "\x1b[m", "a\u2028b"):
        with pytest.raises(UsageError):
            to_yaml({"k": text})


@pytest.mark.parametrize(
    "text",
    ["10.0.0.5/24", "10.0.0.5/31,10.0.0.4", "fd00::5/64,fe80::1,fd00::2", "10.0.0.5/24,10.0.0.1"],
)
def test_networks_that_are_taken_stay_as_they_are(text: str) -> None:
    assert str(read_net(text)) == text


def test_dhcp_has_no_address() -> None:
    assert read_net("dhcp") == read_net("DHCP")
    assert str(read_net("dhcp")) == ""
    assert "dhcp4: true" in to_yaml(network_config(read_net("dhcp"), "58:9c:fd:00:00:01"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "10.0.0.5",
        "10.0.0.5/33",
        "10.0.0.256/24",
        "10.0.0.0/24",
        "10.0.0.255/24",
        "127.0.0.1/8",
        "224.0.0.1/4",
        "0.0.0.0/0",
        "::1/128",
        "10.0.0.5/24,",
        "10.0.0.5/24,10.0.1.1",
        "10.0.0.5/24,10.0.0.5",
        "10.0.0.5/24,fd00::1",
        "10.0.0.5/24,10.0.0.1,dns",
        "dhcp,10.0.0.1",
        "10.0.0.5/24 ",
        'x"\n/24',
    ],
)
def test_networks_that_no_guest_can_have_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        read_net(text)


def test_public_keys_are_read_and_odd_comments_left_out(tmp_path: Path) -> None:
    file = tmp_path / "authorized_keys"
    file.write_text(f'# mine\n{KEY} me@laptop\n\n{KEY} "$(rm)"\r\n{KEY}\n')
    assert read_keys(str(file)) == [f"{KEY} me@laptop", KEY, KEY]


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n",
        f"{KEY}\n-----BEGIN RSA PRIVATE KEY-----\n",
        "PuTTY-User-Key-File-3: ssh-ed25519\n",
    ],
)
def test_a_private_key_is_refused_and_not_shown(tmp_path: Path, text: str) -> None:
    file = tmp_path / "id"
    file.write_text(text)
    with pytest.raises(Refused, match="is a private key") as caught:
        read_keys(str(file))
    assert "AAAA" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "# none\n",
        "ssh-ed25519\n",
        "ssh-ed25519 AAAA\n",
        f"ssh-rsa {BLOB}\n",
        f"{KEY[:-3]}\n",
        f'command="x" {KEY}\n',
        "me:secret\n",
    ],
)
def test_what_is_no_public_key_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "id.pub"
    file.write_text(text)
    with pytest.raises(ChyvesError):
        read_keys(str(file))


def test_a_password_in_plain_text_is_refused_and_not_shown(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("$6$salt$abcdefgh\n")
    assert read_hash(str(file)) == "$6$salt$abcdefgh"
    for text in ("sesame", "$6$salt$abcdefgh\nsesame", "me:$6$salt$abcdefgh", "$6$salt$abc:defgh"):
        file.write_text(text)
        with pytest.raises(Refused) as caught:
            read_hash(str(file))
        assert "sesame" not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize(
    ("guest", "hostname"),
    [("web1", "web1"), ("my_web", "my-web"), ("a._b-", "a.b"), ("1.0", "1.0"), ("x__", "x")],
)
def test_every_guest_has_a_host_name(guest: str, hostname: str) -> None:
    assert default_hostname(guest) == check_hostname(hostname)


@pytest.mark.parametrize("text", ["", "-a", "a-", "a_b", "a..b", "a.", "a b", "a" * 64, 'a"', "ä"])
def test_host_names_that_no_host_can_have_are_refused(text: str) -> None:
    with pytest.raises(UsageError):
        check_hostname(text)


def test_the_cd_has_its_label_in_small_letters_and_whole_names_in_both_trees() -> None:
    files = {"meta-data": b"a", "user-data": b"\xff\0\r\n", "network-config": b""}
    image = make_cd(LABEL, files)
    # FreeBSD's /dev/iso9660/cidata is called after this very field.
    assert image[16 * 2048 + 40 :][:32] == b"cidata".ljust(32)
    disc = PyCdlib()
    disc.open_fp(io.BytesIO(image))
    assert disc.joliet_vd.volume_identifier.decode("utf-16_be").strip() == "cidata"
    for name, data in files.items():
        for tree in ("joliet_path", "rr_path"):
            read = io.BytesIO()
            disc.get_file_from_iso_fp(read, **{tree: f"/{name}"})
            assert read.getvalue() == data
