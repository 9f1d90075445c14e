"""The drives with the ISO that a guest is started with, and with its cloud-init seed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chyves_core.bhyve import slots
from chyves_core.bhyve.arguments import Argument, device
from chyves_core.bhyve.slots import Place

SEED = "seed"
ISO = "iso"


def devices(iso: str | None, seed: str | None, places: Mapping[str, Place]) -> Iterator[Argument]:
    """Yield the drives that hold something."""
    if iso:
        source = ("the ISO that it was started with",)
        place = places.get(ISO, Place(slots.CD))
        yield device(place, "ahci-cd", iso, sources=source, says="drive with the ISO")
    if seed:
        source = ("the cloud-init seed",)
        yield device(places[SEED], "ahci-cd", seed, sources=source, says="drive with the seed")
