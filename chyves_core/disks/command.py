"""The command `chyves GUEST disk`: add, import, resize, delete, describe and list."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from chyves_core.cli import Changing, Listing, cli
from chyves_core.errors import UsageError
from chyves_core.header import read_header
from chyves_core.sizes import show_size

TEXTS = ("description", "notes")
VERBS = {
    "add": "add",
    "import": "import",
    "resize": "resize",
    "delete": "delete",
    "remove": "delete",
    "list": "list",
}
# The options that only some verbs have.
OPTIONS = {
    "--sparse": ("add", "import"),
    "--image": ("add",),
    "--hash": ("import",),
    "-H": ("list",),
    "-p": ("list",),
    "-o": ("list",),
    "--json": ("list",),
}
LATER = "it sees it when it starts the next time, or reboots"


class DiskCommand(Listing, Changing):
    """Everything that can be done with the disks of one guest."""

    sparse = cli.Flag(["--sparse"], help="reserve no room on the pool")
    image = cli.SwitchAttr(["--image"], str, argname="NAME")
    checksum = cli.SwitchAttr(["--hash"], str, argname="ALG:HEX")

    def main(self, guest: str, verb: str, *words: str) -> None:
        """Do what the verb says."""
        if words and words[0] in TEXTS and verb not in VERBS:
            self.check_options("describe")
            return self.describe(guest, verb, words[0], words[1:])
        if verb not in VERBS:
            raise self.usage(f"{verb}: is nothing that can be done with disks")
        self.check_options(VERBS[verb])
        if VERBS[verb] == "list":
            self.count(verb, words, 0, 0)
            return self.print_list(guest)
        if "," in guest or guest == "all" or guest.startswith(":"):
            raise UsageError(f"{guest}: the disks of one guest at a time are changed")
        if VERBS[verb] == "add":
            return self.add(guest, self.count(verb, words, 0, 1))
        if VERBS[verb] == "delete":
            return self.delete(guest, *self.count(verb, words, 1, 1))
        forced = words[-1:] == ("force",)
        rest = words[:-1] if forced else words
        if VERBS[verb] == "resize":
            disk, size = self.count(verb, rest, 2, 2)
            return self.resize(guest, disk, size, forced)
        return self.import_file(guest, self.count(verb, rest, 1, 2), forced)

    def check_options(self, verb: str) -> None:
        """Refuse options that a verb does not have: they would be passed over in silence."""
        given = {
            "--sparse": self.sparse,
            "--image": self.image is not None,
            "--hash": self.checksum is not None,
            "-H": self.no_header,
            "-p": self.exact,
            "-o": self.columns,
            "--json": self.json,
        }
        for option, verbs in OPTIONS.items():
            if given[option] and verb not in verbs:
                raise UsageError(f"{option}: is an option of `disk {verbs[0]}`, not of {verb}")

    def count(self, verb: str, words: tuple[str, ...], least: int, most: int) -> tuple[str, ...]:
        """Return the words behind a verb; raises UsageError where they are too few or many."""
        if not least <= len(words) <= most:
            from chyves_core.usage import wrong_count

            lines = read_header(Path(sys.argv[0])).usage
            usage = [line for line in lines if verb in line.split()[3].split("|")]
            raise UsageError(f"disk {verb}: {wrong_count(len(words), most)}", *usage[:1])
        return words

    def add(self, guest: str, words: tuple[str, ...]) -> None:
        """Add a zvol, or an image file."""
        from chyves_core.create import read_size
        from chyves_core.disks.adding import add_disk, add_image

        size = read_size(words[0]) if words else None
        if self.image is not None:
            if self.sparse:
                raise UsageError("--sparse: image files are sparse anyway")
            added = add_image(self.host, guest, self.image, size)
        else:
            added = add_disk(self.host, guest, size, sparse=bool(self.sparse))
        if not self.dry_run:
            self.say(f"{guest}: {added.name} added, {show_size(added.size)}, PCI slot {added.slot}")
            if added.running:
                self.say(f"{guest}: is running, {LATER}")

    def resize(self, guest: str, disk: str, size: str, force: bool) -> None:
        """Resize a disk."""
        from chyves_core.disks.resizing import exactly, resize_disk

        done, running = resize_disk(self.host, guest, disk, size, force=force, confirm=self.confirm)
        if self.dry_run:
            return
        if done.new == done.old:
            self.say(f"{guest}: {disk} has {exactly(done.new)} already")
            return
        self.say(f"{guest}: {disk} has {exactly(done.new)} now, it had {exactly(done.old)}")
        if running:
            self.say(f"{guest}: is running, {LATER} at the latest")

    def delete(self, guest: str, disk: str) -> None:
        """Delete a disk after a preview and a question."""
        from chyves_core.disks.deleting import delete_disk

        def preview(text: str) -> None:
            self.say(f"# {text}" if self.dry_run else text)

        delete_disk(self.host, guest, disk, preview=preview, confirm=self.confirm)
        if not self.dry_run:
            self.say(f"{guest}: {disk} deleted")

    def describe(self, guest: str, disk: str, name: str, words: tuple[str, ...]) -> None:
        """Print a disk's description or notes, or set them."""
        from chyves_core.disks import describing

        if words:
            describing.describe(self.host, guest, disk, name, " ".join(words))
        else:
            print_text(describing.read_text(self.host, guest, disk, name))

    def print_list(self, guests: str) -> None:
        """List the disks of guests."""
        from chyves_core.listing import disks
        from chyves_core.look import Look
        from chyves_core.output import print_rows

        found = disks(Look(self.host), None if guests == "all" else guests)
        if found.rows or self.format.json:
            print_rows(found.rows, found.columns, self.format)
        self.say_none(found.rows, found.what)

    def import_file(self, guest: str, words: tuple[str, ...], force: bool) -> None:
        """Import an image into a new disk, or into one that is there."""
        from chyves_core.checksums import ask_checksum, read_checksum
        from chyves_core.disks.import_job import Wish
        from chyves_core.disks.importing import import_disk
        from chyves_core.resource_sources import read_source

        given = read_checksum(self.checksum) if self.checksum is not None else None
        wish = Wish(
            guest,
            read_source(words[0]),
            words[1] if len(words) > 1 else None,
            sparse=bool(self.sparse),
            force=force,
        )
        done = import_disk(
            self.host, wish, ask=lambda: given or ask_checksum(self), confirm=self.confirm
        )
        if done:
            check = f"its {done.checked} checksum is right" if done.checked else "without a check"
            size = show_size(done.size)
            self.say(f"{guest}: {done.disk} imported, {size}, {check}, compared")
            if done.running:
                self.say(f"{guest}: is running, {LATER}")

    def _parse_args(self, argv: list[str]) -> Any:
        # A dash alone, which takes a text off as an empty one does, is no option.
        return super()._parse_args(["" if word == "-" else word for word in argv])

    def _validate_args(self, *args: Any) -> Any:
        # Everyone may look.
        words = list(args[1])
        looks = words[1:2] == ["list"] or (len(words) == 3 and words[2] in TEXTS)
        self.needs_root = not looks
        return super()._validate_args(*args)


def print_text(text: str) -> None:
    """Print a text on one line that no terminal obeys."""
    from chyves_core.output import escape

    print(escape(text))
