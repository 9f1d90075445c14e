"""What the command line says about the inside of a guest, and what is kept of it.

The host name and the network are properties of the guest. Users, keys and whatever can be secret
are files in the folder `cloud` of its file system, mode 0600: they stay out of ZFS properties,
and go wherever the guest goes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from chyves_core.cloud import keys
from chyves_core.cloud.net import read_net
from chyves_core.cloud.yaml import Value, to_yaml
from chyves_core.errors import ChyvesError, UsageError
from chyves_core.plan import Write

FOLDER = "cloud"
USER_DATA, NETWORK_CONFIG = "user-data", "network-config"
SEED, HOSTNAME, NET = "cloud_seed", "cloud_hostname", "cloud_net"
HEADER = "#cloud-config\n"
USER_NAME = re.compile("[a-z_][a-z0-9_-]{0,31}")
LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
# What user-data can begin with, cloud-init's "User data formats"; anything else is passed over
# by cloud-init and nuageinit without a word.
BEGINNINGS = (b"#", b"Content-Type:", b"MIME-Version:", b"\x1f\x8b")


@dataclass(frozen=True)
class Given:
    """The options of `create --image`, as they were typed; files are paths."""

    user: str | None = None
    ssh_keys: tuple[str, ...] = ()
    password_file: str | None = None
    net: str | None = None
    hostname: str | None = None
    user_data: str | None = None
    network_config: str | None = None


@dataclass(frozen=True)
class Kept:
    """One file in the folder `cloud`, and what is shown of it."""

    name: str
    data: bytes
    shown: str

    def write(self, folder: str) -> Write:
        """Return the step that writes it into a guest's folder."""
        return Write(f"{folder}/{FOLDER}/{self.name}", self.data, 0o600, self.shown)


@dataclass(frozen=True)
class Cloud:
    """What a guest is to be told: the properties and the files that keep it."""

    properties: dict[str, str]
    files: tuple[Kept, ...]


def read_given(given: Given) -> Cloud:
    """Return what is kept of the options; every file is read and checked."""
    properties = {SEED: "yes"}
    if given.hostname is not None:
        properties[HOSTNAME] = check_hostname(given.hostname)
    if given.net is not None:
        properties[NET] = str(read_net(given.net)) or "dhcp"
    files = [own_user_data(given) if given.user_data is not None else new_user_data(given)]
    if given.network_config is not None:
        if given.net is not None:
            raise UsageError("--net and --network-config: one of them is enough")
        files.append(verbatim(NETWORK_CONFIG, given.network_config))
    return Cloud(properties, tuple(files))


def own_user_data(given: Given) -> Kept:
    """Return the user's own user-data, which says all that the other options would say."""
    options = {
        "--user": given.user,
        "--ssh-key": given.ssh_keys,
        "--password-file": given.password_file,
    }
    for option, value in options.items():
        if value:
            raise UsageError(f"{option} and --user-data: that file says it all")
    kept = verbatim(USER_DATA, given.user_data or "")
    if not kept.data.startswith(BEGINNINGS):
        raise ChyvesError(
            f"{given.user_data}: no guest would know what to do with this file",
            "its first line says what it is: #cloud-config, or #! for a script",
        )
    return kept


def verbatim(name: str, file: str) -> Kept:
    """Return a file of the user as it is."""
    return Kept(name, keys.read_file(file), f"what is in {file}")


def new_user_data(given: Given) -> Kept:
    """Return user-data with one user, or with the keys of the image's own default user."""
    if given.user is None and given.password_file is not None:
        raise UsageError("--password-file: whose password? It goes with --user")
    found = list(dict.fromkeys(key for name in given.ssh_keys for key in keys.read_keys(name)))
    hashed = keys.read_hash(given.password_file) if given.password_file is not None else ""
    values: dict[str, Value] = {"ssh_authorized_keys": found} if found else {}
    if given.user is not None:
        values = {"users": [user(given.user, found, hashed)]}
    text = HEADER + to_yaml(values)
    return Kept(USER_DATA, text.encode(), text.replace(hashed, "***") if hashed else text)


def user(name: str, ssh_keys: list[str], hashed: str) -> dict[str, Value]:
    """Return a user who may do everything: by sudo, and on FreeBSD by su as one of wheel."""
    if not USER_NAME.fullmatch(name):
        raise UsageError(f"{name!r}: is no name of a user", "small letters, digits, _ and -")
    values: dict[str, Value] = {
        "name": name,
        "groups": "wheel",
        "sudo": "ALL=(ALL) NOPASSWD:ALL",
    }
    if hashed:
        values |= {"passwd": hashed, "lock_passwd": False}
    if ssh_keys:
        values["ssh_authorized_keys"] = ssh_keys
    return values


def check_hostname(text: str) -> str:
    """Return a host name that RFC 1123 allows; raises UsageError."""
    if not re.fullmatch(rf"{LABEL}(\.{LABEL})*", text) or len(text) > 253:
        raise UsageError(f"{text!r}: is no host name", "letters, digits, - and . such as web1.lan")
    return text
