"""Copy datasets with send and receive: with progress, and checked when they are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from chyves_core.errors import ChyvesError
from chyves_core.host import Host
from chyves_core.plan import Run
from chyves_core.progress import Meter, metered


def copy(host: Host, name: str, pairs: Sequence[tuple[Run, Run]], *, shown: bool) -> None:
    """Carry out pairs of `zfs send` and `zfs receive`; raises HostError at the first failure.

    `shown` is whether a line on the terminal, called `name`, tells how far it is.
    """
    if host.dry_run:
        for sender, receiver in pairs:
            host.pipe(sender, receiver)
        return
    sizes = [stream_size(host, sender) if shown else 0 for sender, _ in pairs]
    done = 0
    with metered(name, sum(sizes), shown=shown) as meter:
        for size, (sender, receiver) in zip(sizes, pairs, strict=True):
            host.pipe(sender, receiver, shown_from(meter, done))
            done += size


def shown_from(meter: Meter, before: int) -> Callable[[int], None]:
    """Return what shows the bytes of one stream behind those of the streams before it."""
    return lambda passed: meter.show(before + passed)


def stream_size(host: Host, sender: Run) -> int:
    """Return about how many bytes a `zfs send` gives (captures zfs send-nvP)."""
    lines = host.read("zfs", "send", "-nvP", *sender.argv[2:]).stdout.splitlines()
    sizes = [line.split("\t")[1] for line in lines if line.startswith("size\t")]
    return int(sizes[0]) if sizes and sizes[0].isdigit() else 0


def verify(host: Host, copies: Mapping[str, str]) -> None:
    """Check that snapshots, by the name of what each was sent as, are those that were sent.

    zfs checks each stream by its checksums; a guid is the same on both sides and nowhere else.
    """
    if host.dry_run:
        return
    argv = ("zfs", "get", "-Hp", "-o", "name,value", "guid", *copies, *copies.values())
    guids = dict(line.split("\t") for line in host.read(*argv).stdout.splitlines())
    for sent, received in copies.items():
        if sent not in guids or guids.get(received) != guids[sent]:
            raise ChyvesError(f"{received} is not the same as {sent}")
