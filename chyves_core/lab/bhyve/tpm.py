"""The guest's TPM: bhyve's connection to swtpm(8), tpm_emul_swtpm.c."""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping

from chyves_core.lab.bhyve.machine import Refused
from chyves_core.lab.home import Lab


def open_tpm(config: Mapping[str, str], lab: Lab) -> socket.socket | None:
    """Connect to the guest's swtpm, None where it has none; raises Refused.

    bhyve holds the connection as long as it lives. It is made from the socket's folder, as the
    lab's own path is longer than a host's.
    """
    if config.get("tpm.type") != "swtpm":
        return None
    path = config.get("tpm.path", "")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.getcwd()
    try:
        os.chdir(lab.path(path).parent)
        connection.connect(lab.path(path).name)
    except OSError:
        connection.close()
        said = f'bhyve: tpm_swtpm_init: unable to connect to tpm socket "{path}"'
        raise Refused(f"{said}\nFailed to init TPM device", 4) from None
    finally:
        os.chdir(before)
    return connection
