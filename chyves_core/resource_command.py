"""The commands `chyves iso` and `chyves firmware`: the same for two kinds of resources."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from chyves_core.cli import Changing, Listing, cli, for_each
from chyves_core import resources
from chyves_core.errors import UsageError
from chyves_core.header import read_header
from chyves_core.output import print_rows
from chyves_core.pools import read_storage
from chyves_core.resources import Resource
from chyves_core.sizes import show_size


class ResourceCommand(Changing, Listing):
    """import, list, verify, rename and delete for the resources of one kind."""

    kind = ""
    checksum = cli.SwitchAttr(["--hash"], str, argname="ALG:HEX")
    new_name = cli.SwitchAttr(["--name"], str, argname="NAME")
    force = cli.Flag(["-f", "--force"], help="delete also what has snapshots or is named by guests")

    def main(self, verb: str, *words: str) -> int:
        """Do what the verb says."""
        if verb == "verify":
            return self.verify(words)
        if verb == "import":
            self.import_file(*self.exactly(1, verb, words))
        elif verb == "list":
            self.exactly(0, verb, words)
            self.print_list()
        elif verb == "rename":
            self.rename(*self.exactly(2, verb, words))
        elif verb == "delete":
            forced = len(words) > 1 and words[-1] == "force"
            (name,) = self.exactly(1, verb, words[:-1] if forced else words)
            self.delete(name, force=bool(self.force) or forced)
        else:
            what = resources.noun(self.kind)
            raise self.usage(f"{verb}: is nothing that can be done with {what} resources")
        return 0

    def exactly(self, count: int, verb: str, words: tuple[str, ...]) -> tuple[str, ...]:
        """Return the words behind a verb; raises UsageError where there are more or fewer."""
        if len(words) != count:
            wanted = {0: "nothing", 1: "one word", 2: "two words"}[count]
            lines = read_header(Path(sys.argv[0])).usage
            usage = [line for line in lines if line.split()[2] == verb]
            raise UsageError(f"{verb} takes {wanted} more, not {len(words)}", *usage)
        return words

    def import_file(self, location: str) -> None:
        """Import a file and tell what it was."""
        from chyves_core.checksums import ask_checksum, read_checksum
        from chyves_core.resource_import import import_resource
        from chyves_core.resource_sources import read_source, resource_name

        source = read_source(location)
        name = resource_name(source, self.new_name, resources.LONGEST_NAME)
        if name != source.plain_name and not (self.new_name or self.dry_run):
            self.say(f"{source.plain_name!r}: is called {name} here")
        given = read_checksum(self.checksum) if self.checksum is not None else None
        done = import_resource(
            self.host,
            self.kind,
            name,
            source,
            ask=lambda: given or ask_checksum(self),
            quiet=bool(self.quiet),
        )
        if done:
            poured, checksum = done
            size, sha256 = show_size(poured.size), poured.digits["sha256"]
            if checksum:
                self.say(f"{name}: imported, {size}, its {checksum.algorithm} checksum is right")
            else:
                self.say(f"{name}: imported without a check, {size}, sha256 {sha256}")

    def print_list(self) -> None:
        """List the resources."""
        from chyves_core.listing_storage import resource_list
        from chyves_core.look import Look

        found = resource_list(Look(self.host), self.kind)
        if found.rows or self.format.json:
            print_rows(found.rows, found.columns, self.format)
        self.say_none(found.rows, found.what)

    def verify(self, names: tuple[str, ...]) -> int:
        """Read resources again, all where none is named, and tell which are what they were."""
        from chyves_core.resource_verify import verify

        storage = read_storage(self.host)
        chosen = dict.fromkeys(names or resources.all(storage, self.kind))
        self.say_none(chosen, f"{resources.noun(self.kind)} resources")

        def verify_one(name: str) -> None:
            resource = resources.find(storage, self.kind, name)
            verify(self.host, resource)
            self.say(f"{name}: ok")

        return for_each(chosen, str, verify_one)

    def rename(self, old: str, new: str) -> None:
        """Rename a resource."""
        from chyves_core import resource_changes

        resource_changes.rename(self.host, self.kind, old, new)
        if not self.dry_run:
            self.say(f"{old}: is called {new} now")

    def delete(self, name: str, *, force: bool) -> None:
        """Delete a resource after asking."""
        from chyves_core import resource_changes

        def confirm(resource: Resource) -> None:
            self.confirm(f"{name}: delete it ({show_size(resource.size)})?")

        resource_changes.delete(self.host, self.kind, name, force=force, confirm=confirm)
        if not self.dry_run:
            self.say(f"{name}: deleted")

    def _validate_args(self, *args: Any) -> Any:
        # Everyone may look.
        self.needs_root = args[1][:1] not in (["list"], ["verify"])
        return super()._validate_args(*args)
