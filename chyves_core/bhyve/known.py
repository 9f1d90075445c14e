"""What `set` and `create` ask of this host's bhyve: whether it has the devices and flags chosen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chyves_core.bhyve import bargs
from chyves_core.bhyve.devices import custom
from chyves_core.bhyve.version import HostFacts, read_facts
from chyves_core.errors import ChyvesError, Refused
from chyves_core.host import Host
from chyves_core.properties.schema import load_schema

BARGS = "bargs"


def check_chosen(host: Host, wanted: Mapping[str, Mapping[str, str]]) -> None:
    """Refuse custom devices and flags, by whose they are, that this host's bhyve does not have.

    It would not start with them. A newer bhyve names its own devices, and takes them.
    """
    chosen = [
        (owner, name, value)
        for owner, values in wanted.items()
        for name, value in values.items()
        if value and (name == BARGS or name.startswith(custom.PREFIX))
    ]
    if not chosen:
        return
    facts = read_facts(host)
    listed: tuple[str, ...] | None = None
    for owner, name, value in chosen:
        if name == BARGS:
            bargs.check_known(owner, bargs.parse(value), facts)
            check_arm64(owner, value, facts)
        else:
            custom.check_release(owner, name, value, facts)
        for model in models(name, value):
            listed = list_devices(host, facts) if listed is None else listed
            if listed and model not in listed:
                raise Refused(
                    f"{owner}: {name}: this host's bhyve has no device {model}",
                    f"bhyve -s help names them: {', '.join(listed)}",
                )


def check_arm64(owner: str, value: str, facts: HostFacts) -> None:
    """Refuse flags that bhyve of arm64 does not take, as a start would."""
    if facts.is_arm64 and value != load_schema("guest").default(BARGS):
        bargs.check_arm64(owner, bargs.parse(value))


def models(name: str, value: str) -> Iterator[str]:
    """Yield the devices that a property names."""
    if name != BARGS:
        yield value.partition(",")[0]
        return
    for flag, text in bargs.parse(value):
        if flag == "-s":
            yield text.split(",")[1] if "," in text else ""


def list_devices(host: Host, facts: HostFacts) -> tuple[str, ...]:
    """Return the devices of this host's bhyve (captures bhyve help-s); empty where it tells none.

    bhyve of 12.2 tells them, that of 11.3 does not.
    """
    if not facts.is_at_least("12.0"):
        return ()
    try:
        return tuple(host.read("bhyve", "-s", "help", allowed=None).stdout.split())
    except ChyvesError:  # it is not installed
        return ()
