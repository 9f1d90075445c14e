"""One argument of a planned command line, with where it comes from and what it does."""

from __future__ import annotations

from dataclasses import dataclass

from chyves_core.bhyve.slots import Place


@dataclass(frozen=True)
class Argument:
    """A flag with its value, as bhyve(8) writes them; the flag is empty for the VM's name.

    `sources` are the properties, or in words the places, that it comes from. `says` tells in one
    line what it does. `settings` are what it means as names and values of bhyve_config(5), where
    the flag itself can't say it all; `secrets` are more of them, that must not stand in argv.
    """

    flag: str
    value: str
    sources: tuple[str, ...]
    says: str
    settings: tuple[tuple[str, str], ...] = ()
    secrets: tuple[tuple[str, str], ...] = ()

    @property
    def words(self) -> tuple[str, ...]:
        """The words of argv."""
        return tuple(word for word in (self.flag, self.value) if word)


def device(place: Place, model: str, *words: str, sources: tuple[str, ...], says: str) -> Argument:
    """Return the argument that puts a device into its place."""
    return Argument("-s", ",".join((place.address, model, *words)), sources, says)
