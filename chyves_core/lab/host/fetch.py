"""fetch(1): get files by HTTP, HTTPS, FTP and from the host itself."""

from __future__ import annotations

import http.client
import os
import socket
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import IO, Any

from chyves_core.lab.home import Lab
from chyves_core.lab.host.getopt import BadOption, parse_options

USAGE = """\
usage: fetch [-146AadFlMmnPpqRrsUv] [-B bytes] [--bind-address=host]
       [--ca-cert=file] [--ca-path=dir] [--cert=file] [--crl=file]
       [-i file] [--key=file] [-N file] [--no-passive] [--no-proxy=list]
       [--no-sslv3] [--no-tlsv1] [--no-verify-hostname] [--no-verify-peer]
       [-o file] [--referer=URL] [-S bytes] [-T seconds]
       [--user-agent=agent-string] [-w seconds] URL ...
       fetch [-146AadFlMmnPpqRrsUv] [-B bytes] [--bind-address=host]
       [--ca-cert=file] [--ca-path=dir] [--cert=file] [--crl=file]
       [-i file] [--key=file] [-N file] [--no-passive] [--no-proxy=list]
       [--no-sslv3] [--no-tlsv1] [--no-verify-hostname] [--no-verify-peer]
       [-o file] [--referer=URL] [-S bytes] [-T seconds]
       [--user-agent=agent-string] [-w seconds] -h host -f file [-c dir]"""

LETTERS = "146AaB:bc:dFf:Hh:i:lMmN:nPpo:qRrS:sT:tUvw:"
BLOCK = 64 << 10
TRIES = 3


class FetchError(Exception):
    """Why a file could not be fetched, in the words of fetch(3); `place` is what they are about."""

    def __init__(self, reason: str, place: str = "", joint: str = ": ") -> None:
        super().__init__(reason)
        self.place = place
        self.joint = joint


def main(arguments: list[str], lab: Lab) -> int:
    """Fetch every URL; 1 where one of them failed."""
    short = [word for word in arguments if not word.startswith("--")]
    try:
        options, addresses = parse_options(short, LETTERS)
    except BadOption as bad:
        print(f"fetch: {bad}\n{USAGE}", file=sys.stderr)
        return 1
    if not addresses:
        print(USAGE, file=sys.stderr)
        return 1
    chosen = dict(options)
    status = 0
    for address in addresses:
        try:
            _fetch_patiently(lab, address, chosen)
        except FetchError as error:
            print(f"fetch: {error.place or address}{error.joint}{error}", file=sys.stderr)
            status = 1
            continue
        if "1" in chosen:
            return 0
    return status


def _fetch_patiently(lab: Lab, address: str, chosen: dict[str, str]) -> None:
    """Fetch one file; with -a a passing failure is tried again."""
    for left in reversed(range(TRIES if "a" in chosen else 1)):
        try:
            _fetch(lab, address, chosen)
            return
        except FetchError:
            if not left:
                raise
            time.sleep(float(chosen.get("w", "0")))


def _fetch(lab: Lab, address: str, chosen: dict[str, str]) -> None:
    target = _target(lab, address, chosen)
    present = target.stat().st_size if target is not None and target.exists() else 0
    resume = present if "r" in chosen else 0
    with _open(lab, address, chosen, resume) as source:
        size = _size(source)
        date = _date(source)
        if "s" in chosen:
            print(size if size is not None else "Unknown")
            return
        if "m" in chosen and target is not None and present == size and _same_date(target, date):
            return
        if target is None:
            _copy(source, sys.stdout.buffer, address, size, chosen, 0)
            sys.stdout.buffer.flush()
            return
        if resume:
            if date is not None and "F" not in chosen and not _same_date(target, date):
                if "R" in chosen:
                    raise FetchError("local modification time does not match remote", str(target))
                # Another file than the one that was begun.
                target.unlink()
                _fetch(lab, address, chosen)
                return
            if size == present:
                return
            if size is not None and present > size:
                words = f"local file ({present} bytes) is longer than remote file ({size} bytes)"
                raise FetchError(words, str(target))
        _save(source, target, address, size, date, chosen, resume)


def _save(
    source: Any,
    target: Path,
    address: str,
    size: int | None,
    date: float | None,
    chosen: dict[str, str],
    resume: int,
) -> None:
    """Write what comes to a file; it keeps the server's date, also where that breaks off."""
    part = resume and getattr(source, "status", 200) == 206
    output = _open_target(target, append=bool(part))
    try:
        with output:
            done = _copy(source, output, address, size, chosen, resume if part else 0)
    except OSError as error:
        if not {"r", "R"} & chosen.keys():
            target.unlink(missing_ok=True)
        raise FetchError(reason_of(error), str(target)) from None
    finally:
        if date is not None and "n" not in chosen and target.exists():
            os.utime(target, (time.time(), date))
    if size is not None and done < size and "S" not in chosen:
        raise FetchError(f"appears to be truncated: {done}/{size} bytes", str(target), " ")


def _target(lab: Lab, address: str, chosen: dict[str, str]) -> Path | None:
    """Return the file to write, None for standard output."""
    name = urllib.parse.unquote(address.rstrip("/").rpartition("/")[2]) or "fetch.out"
    wanted = chosen.get("o")
    if wanted == "-":
        return None
    if wanted is None:
        return Path(name)
    target = lab.path(wanted)
    return target / name if target.is_dir() else target


def _open_target(target: Path, *, append: bool) -> IO[bytes]:
    try:
        return open(target, "ab" if append else "wb")
    except OSError as error:
        raise FetchError(f"open(): {error.strerror}", str(target)) from None


def _open(lab: Lab, address: str, chosen: dict[str, str], resume: int) -> Any:
    """Open the URL for reading; raises FetchError."""
    parts = urllib.parse.urlsplit(address)
    if parts.scheme in ("", "file"):
        path = urllib.parse.unquote(parts.path)
        try:
            return open(lab.path_or_own(path), "rb")
        except OSError as error:
            raise FetchError(error.strerror or "Not Found") from None
    headers = {"User-Agent": "fetch libfetch/2.0"}
    if resume:
        headers["Range"] = f"bytes={resume}-"
    request = urllib.request.Request(address, headers=headers)
    try:
        return urllib.request.urlopen(request, timeout=float(chosen.get("T", "120")))
    except (OSError, ValueError) as error:
        raise FetchError(reason_of(error)) from None


def reason_of(error: Exception) -> str:
    """Return an error of urllib in the words of fetch(3)."""
    if isinstance(error, urllib.error.HTTPError):
        return http.client.responses.get(error.code, str(error.reason))
    inner = getattr(error, "reason", error)
    if isinstance(inner, socket.gaierror):
        return "No address record"
    if isinstance(inner, TimeoutError):
        return "Operation timed out"
    if isinstance(inner, OSError) and inner.strerror:
        return str(inner.strerror)
    if "unknown url type" in str(inner):
        return "URL scheme not supported"
    return str(inner)


def _size(source: Any) -> int | None:
    """Return the whole size of the file, also where only its end comes."""
    headers = getattr(source, "headers", None)
    if headers is None:
        return os.fstat(source.fileno()).st_size
    whole = (headers.get("Content-Range") or "").rpartition("/")[2]
    text = whole if whole.isdecimal() else headers.get("Content-Length") or ""
    return int(text) if text.isdecimal() else None


def _date(source: Any) -> float | None:
    headers = getattr(source, "headers", None)
    if headers is None:
        return os.fstat(source.fileno()).st_mtime
    if headers.get("Last-Modified"):
        from email.utils import parsedate_to_datetime

        try:
            return parsedate_to_datetime(headers["Last-Modified"]).timestamp()
        except ValueError:
            return None
    return None


def _same_date(target: Path, date: float | None) -> bool:
    return date is not None and int(target.stat().st_mtime) == int(date)


def _copy(
    source: Any,
    output: IO[bytes],
    address: str,
    size: int | None,
    chosen: dict[str, str],
    done: int,
) -> int:
    """Copy all there is, showing the progress on a terminal; return the size reached."""
    shows = sys.stderr.isatty() and "q" not in chosen
    name = address.rstrip("/").rpartition("/")[2]
    started = shown = time.monotonic()
    while True:
        block = source.read(BLOCK)
        if not block:
            break
        output.write(block)
        done += len(block)
        if shows and time.monotonic() - shown >= 1:
            shown = time.monotonic()
            _progress(name, done, size, shown - started, "\r")
    if shows:
        _progress(name, done, size, time.monotonic() - started, "\n")
    return done


def _progress(name: str, done: int, size: int | None, seconds: float, end: str) -> None:
    share = f"{done * 100 // size:3}% of " if size else ""
    whole = _human(size if size else done)
    speed = _human(int(done / seconds)) if seconds > 0 else "0  B"
    minutes, rest = divmod(int(seconds), 60)
    line = f"\r{name[:40]:<40} {share}{whole} {speed}ps {minutes:02}m{rest:02}s"
    print(line, end=end if end == "\n" else "", file=sys.stderr, flush=True)


def _human(number: int) -> str:
    for unit in (" B", "kB", "MB", "GB"):
        if number < 9999:
            return f"{number:4} {unit}"
        number //= 1024
    return f"{number:4} TB"
