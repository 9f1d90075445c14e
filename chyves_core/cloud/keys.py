"""Public SSH keys and password hashes, as files of the user hold them."""

from __future__ import annotations

import base64
import binascii
import os
import re
from pathlib import Path

from chyves_core.errors import ChyvesError, Refused
from chyves_core.unpacking import open_file

# One of sshd(8)'s AUTHORIZED_KEYS lines without options.
KEY = re.compile(r"((?:sk-)?(?:ssh|ecdsa)-[a-z0-9@.-]+) +([A-Za-z0-9+/]+={0,2})(?: +(\S.*))?")
# crypt(5): $ID$..., no colon, which ends a field of passwd(5).
HASH = re.compile(r"\$[0-9a-z]{1,8}\$[!-9;-~]{8,500}")
MAKE_HASH = "openssl passwd -6 > FILE asks for a password and writes its hash"
MOST_BYTES = 1 << 20


def read_file(name: str) -> bytes:
    """Return what is in a file of the user; raises NotFound or ChyvesError."""
    with open_file(Path(os.path.expanduser(name)), name) as file:
        found = file.read(MOST_BYTES + 1)
    if len(found) > MOST_BYTES:
        raise ChyvesError(f"{name}: has more than {MOST_BYTES >> 20} MB")
    return found


def read_text(name: str) -> str:
    """Return the text of a file of the user."""
    try:
        return read_file(name).decode()
    except UnicodeDecodeError:
        raise ChyvesError(f"{name}: is not a text file") from None


def read_keys(name: str) -> list[str]:
    """Return the public keys in a file; refuses a private one, whatever else is in the file."""
    text = read_text(name)
    if "PRIVATE KEY" in text or "PuTTY-User-Key-File" in text:
        raise Refused(
            f"{name}: is a private key, which never leaves its owner",
            f"the public one is in {name}.pub, or ssh-keygen -y -f {name} prints it",
        )
    lines = [line.strip() for line in text.splitlines()]
    keys = [read_key(name, line) for line in lines if line and not line.startswith("#")]
    if not keys:
        raise ChyvesError(f"{name}: there is no key in this file")
    return keys


def read_key(name: str, line: str) -> str:
    """Return one public key; its comment stays where it has nothing odd in it."""
    found = KEY.fullmatch(line)
    if not found or not holds(*found.group(1, 2)):
        raise ChyvesError(
            f"{name}: this line is not a public key: {line[:60]}",
            "TYPE BASE64 [COMMENT], as ssh-keygen(1) writes it into a file .pub",
        )
    kind, blob, comment = found.groups()
    fit = comment and re.fullmatch(r"[\w@.:+/ -]+", comment)
    return f"{kind} {blob} {comment}" if fit else f"{kind} {blob}"


def holds(kind: str, blob: str) -> bool:
    """Return whether the base64 of a key holds a key of the kind that stands before it."""
    try:
        data = base64.b64decode(blob, validate=True)
    except binascii.Error:
        return False
    name = kind.encode()
    return data.startswith(len(name).to_bytes(4) + name) and len(data) > len(name) + 4 + 16


def read_hash(name: str) -> str:
    """Return the password hash in a file; a password in plain text is refused."""
    text = read_text(name).strip()
    if not HASH.fullmatch(text):
        # What stands there may be a password, so it is not shown.
        raise Refused(f"{name}: there is no password hash in this file", MAKE_HASH)
    return text
