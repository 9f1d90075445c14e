"""The seed of a guest: a CD labelled cidata from which cloud-init and nuageinit(7) learn who it is.

It is made anew for each boot, in the guest's run folder, from the guest's properties as they are
then and the files in its folder `cloud`. So a clone or a renamed guest needs no seed of its own.
"""

from __future__ import annotations

import io
import re
from importlib.util import find_spec

from chyves_core.cloud.given import FOLDER, HEADER, HOSTNAME, NET, NETWORK_CONFIG, USER_DATA
from chyves_core.cloud.net import network_config, read_net
from chyves_core.cloud.yaml import Value, to_yaml
from chyves_core.errors import ChyvesError, HostError, Refused
from chyves_core.guests import Guest
from chyves_core.host import Host
from chyves_core.plan import Write

LABEL = "cidata"
# A regular file that only root of the guest can read.
FILE_MODE = 0o100400


def check_installed() -> None:
    """Raise ChyvesError where the library that makes CDs is not there."""
    if find_spec("pycdlib") is None:
        raise ChyvesError(
            "the CD for cloud-init can't be made, Python's pycdlib is not installed",
            "pip install pycdlib, with the pip of chyves' own Python",
        )


def plan_seed(host: Host, guest: Guest, path: str) -> Write:
    """Return the step that writes the seed of a guest."""
    check_installed()
    files = seed_files(host, guest)
    open_ones = {name: data for name, data in files.items() if name != USER_DATA}
    lines = [f"a CD labelled {LABEL}, with {', '.join(files)}"]
    for name, data in open_ones.items():
        lines += [f"{name}:", *(f"  {line}" for line in data.decode(errors="replace").splitlines())]
    return Write(path, make_cd(LABEL, files), 0o600, "\n".join(lines))


def seed_files(host: Host, guest: Guest) -> dict[str, bytes]:
    """Return what is on the CD."""
    network = read_kept(host, guest, NETWORK_CONFIG) or own_network(guest)
    return {
        "meta-data": to_yaml(meta_data(guest)).encode(),
        USER_DATA: read_kept(host, guest, USER_DATA) or f"{HEADER}{to_yaml({})}".encode(),
        **({NETWORK_CONFIG: network} if network else {}),
    }


def read_kept(host: Host, guest: Guest, name: str) -> bytes:
    """Return one file of the folder `cloud`, nothing where it is not there."""
    path = f"{guest.folder}/{FOLDER}/{name}"
    try:
        return host.path(path).read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        if host.dry_run and isinstance(error, PermissionError):
            return b""
        raise HostError(f"{guest.name}: {path} cannot be read: {error.strerror}") from error


def meta_data(guest: Guest) -> dict[str, Value]:
    """Return who the guest is; where the instance-id is another one, cloud-init begins anew."""
    return {
        "instance-id": guest.value("uuid") or f"chyves-{guest.name}",
        "local-hostname": guest.value(HOSTNAME) or default_hostname(guest.name),
    }


def default_hostname(name: str) -> str:
    """Return a host name that is as near to a guest's name as host names can be."""
    labels = [part.strip("-")[:63] for part in re.sub("[^A-Za-z0-9.-]", "-", name).split(".")]
    return ".".join(label.strip("-") for label in labels if label.strip("-"))


def own_network(guest: Guest) -> bytes:
    """Return the network of the first interface; nothing where it is left to the guest."""
    net = read_net(guest.value(NET) or "dhcp")
    mac = guest.properties.get(f"{guest.interfaces[0]}_mac", "") if guest.interfaces else ""
    if mac:
        return to_yaml(network_config(net, mac)).encode()
    if net.address:
        raise Refused(
            f"{guest.name}: {NET} needs an interface with an Ethernet address",
            f"chyves {guest.name} set {NET}=dhcp",
        )
    return b""


def make_cd(label: str, files: dict[str, bytes]) -> bytes:
    """Return an ISO 9660 image whose names are whole with Joliet and with Rock Ridge."""
    from pycdlib import PyCdlib

    disc, image = PyCdlib(), io.BytesIO()
    disc.new(interchange_level=3, vol_ident=label, joliet=3, rock_ridge="1.09")
    for name, data in files.items():
        plain = re.sub("[^A-Z0-9_]", "_", name.upper())
        disc.add_fp(
            io.BytesIO(data),
            len(data),
            f"/{plain}.;1",
            rr_name=name,
            joliet_path=f"/{name}",
            file_mode=FILE_MODE,
        )
    disc.write_fp(image)
    disc.close()
    return image.getvalue()
