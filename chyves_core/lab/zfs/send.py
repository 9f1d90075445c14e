"""zfs send: what is asked for, and writing it. The lock is held only while the plan is made."""

from __future__ import annotations

import json
import os
import sys
from typing import IO, Any
from zlib import crc32

from chyves_core.lab.zfs.errors import UsageError, ZfsError
from chyves_core.lab.zfs.numbers import nice
from chyves_core.lab.zfs.options import Options, parse
from chyves_core.lab.zfs.send_plan import Contents, plan_of
from chyves_core.lab.zfs.session import Session
from chyves_core.lab.zfs.stream import MAGIC, PADDING, write_content, write_frame, write_json

LONG_OPTIONS = {
    "--replicate": "-R", "--props": "-p", "--parsable": "-P", "--verbose": "-v", "--dryrun": "-n",
    "--raw": "-w", "--large-block": "-L", "--embed": "-e", "--compressed": "-c", "--holds": "-h",
    "--backup": "-b", "--skip-missing": "-s",
}  # fmt: skip


def send(session: Session, arguments: list[str]) -> None:
    """zfs send [-DnPpRvLecwhb] [-i|-I SNAPSHOT] SNAPSHOT, or -t TOKEN."""
    words = [LONG_OPTIONS.get(word, word) for word in arguments]
    options = parse(words, ":i:I:RsDpVvnPLeht:cwbd:S")
    token = options.last("t")
    if token is not None:
        name, base = name_in(token), None
    else:
        name, base = asked_for(options)
    if "n" not in options and os.isatty(1):
        raise ZfsError(
            "Error: Stream can not be written to a terminal.\nYou must redirect standard output."
        )
    with session.store.reading():
        plan, contents = plan_of(session, name, base, options)
    report(session, plan, options, token)
    if "n" not in options:
        write(sys.stdout.buffer, plan, contents)


def asked_for(options: Options) -> tuple[str, str | None]:
    """Return the snapshot to send and the one to start from."""
    if not options.words:
        raise UsageError("missing snapshot argument")
    if len(options.words) > 1:
        raise UsageError("too many arguments")
    name = options.words[0]
    base = options.last("I") or options.last("i")
    if base and base[0] in "@#":
        base = name.partition("@")[0] + base
    return name, base


def report(session: Session, plan: dict[str, Any], options: Options, token: str | None) -> None:
    """Tell what is sent: on standard output with -n, else on standard error."""
    if "v" not in options and "P" not in options:
        return
    say = session.say if "n" in options else session.warn
    if token is not None:
        for line in token_text(token):
            say(line)
    total = 0
    for dataset in plan["datasets"]:
        for snap in dataset["snaps"]:
            total += snap["size"]
            full = f"{dataset['name']}@{snap['name']}"
            if "P" in options:
                words = ["incremental", snap["from"]] if snap["from"] else ["full"]
                say("\t".join([*words, full, str(snap["size"])]))
            else:
                head = (
                    f"send from @{snap['from']} to {full}"
                    if snap["from"]
                    else f"full send of {full}"
                )
                say(f"{head} estimated size is {nice(snap['size'])}")
    say(f"size\t{total}" if "P" in options else f"total estimated size is {nice(total)}")


def write(out: IO[bytes], plan: dict[str, Any], contents: Contents) -> None:
    """Write the stream; raises ZfsError where the reader has gone."""
    name = plan["toname"]
    try:
        out.write(MAGIC)
        write_json(out, b"H", plan)
        out.flush()
    except BrokenPipeError as gone:
        quiet_end()
        raise ZfsError(f"warning: cannot send '{name}': Broken pipe") from gone
    try:
        if plan["full"]:
            write_frame(out, b"P", bytes(PADDING))
        for number, path in contents:
            write_content(out, number, path)
        write_frame(out, b"E", b"")
        out.flush()
    except BrokenPipeError as gone:
        quiet_end()
        raise ZfsError(f"warning: cannot send '{name}': signal received") from gone


def quiet_end() -> None:
    """Let what is still buffered for a reader that has gone go nowhere."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def token_of(toname: str, guid: int, received: int) -> str:
    """Return the token by which an interrupted receive goes on (receive_resume_token)."""
    body = json.dumps({"toname": toname, "toguid": guid, "bytes": received}).encode()
    return f"1-{crc32(body):x}-{len(body):x}-{body.hex()}"


def token_content(token: str) -> dict[str, Any]:
    """Return what a token holds; raises ZfsError where it is none."""
    try:
        version, check, size, text = token.split("-")
        body = bytes.fromhex(text)
        if version != "1" or int(check, 16) != crc32(body) or int(size, 16) != len(body):
            raise ValueError(token)
        found: dict[str, Any] = json.loads(body)
    except ValueError as wrong:
        raise ZfsError("cannot resume send: resume token is corrupt") from wrong
    return found


def name_in(token: str) -> str:
    """Return the snapshot that a token is about."""
    return str(token_content(token)["toname"])


def token_text(token: str) -> list[str]:
    """Return what `zfs send -v -t` tells of a token (capture recv-resume-get)."""
    found = token_content(token)
    return [
        "resume token contents:",
        "nvlist version: 0",
        "\tobject = 0x81",
        "\toffset = 0x60000",
        f"\tbytes = {found['bytes']:#x}",
        f"\ttoguid = {found['toguid']:#x}",
        f"\ttoname = {found['toname']}",
    ]
