"""The command `chyves GUEST create`, from the defaults or from an image."""

from __future__ import annotations

from chyves_core.cli import Changing, cli
from chyves_core.creating import Request, create_guests, read_request
from chyves_core.errors import UsageError


class CreateCommand(Changing):
    """Guests with an empty disk, or with --image guests whose disk begins as an image."""

    image = cli.SwitchAttr(["--image"], str)
    checksum = cli.SwitchAttr(["--hash"], str)
    user = cli.SwitchAttr(["--user"], str)
    ssh_keys = cli.SwitchAttr(["--ssh-key"], str, list=True)
    password_file = cli.SwitchAttr(["--password-file"], str)
    net = cli.SwitchAttr(["--net"], str)
    hostname = cli.SwitchAttr(["--hostname"], str)
    user_data = cli.SwitchAttr(["--user-data"], str)
    network_config = cli.SwitchAttr(["--network-config"], str)

    def main(self, guests: str, *words: str) -> None:
        """Create the guests."""
        request = read_request(guests, words)
        if self.image is not None:
            return self.create_from_image(request)
        self.check_options()
        made = create_guests(self.host, request)
        for guest in made if not self.dry_run else ():
            self.say(f"{guest.name}: created on {guest.pool.name}")
        return None

    def check_options(self) -> None:
        """Refuse options that only an image has a use for."""
        given = {
            "--hash": self.checksum,
            "--user": self.user,
            "--ssh-key": self.ssh_keys or None,
            "--password-file": self.password_file,
            "--net": self.net,
            "--hostname": self.hostname,
            "--user-data": self.user_data,
            "--network-config": self.network_config,
        }
        for option, value in given.items():
            if value is not None:
                raise UsageError(f"{option}: goes with --image")

    def create_from_image(self, request: Request) -> None:
        """Create guests whose disk begins as an image."""
        from chyves_core.checksums import read_checksum
        from chyves_core.cloud.creating import Wanted, create_from_image
        from chyves_core.cloud.given import Given, read_given
        from chyves_core.sizes import show_size

        checksum = read_checksum(self.checksum) if self.checksum is not None else None
        given = Given(
            self.user,
            tuple(self.ssh_keys),
            self.password_file,
            self.net,
            self.hostname,
            self.user_data,
            self.network_config,
        )
        wanted = Wanted(request, self.image, checksum, read_given(given))
        check = f"its {checksum.algorithm} checksum is right" if checksum else "without a check"
        for made in create_from_image(self.host, wanted):
            guest = made.guest
            if not self.dry_run:
                size = show_size(made.size)
                self.say(f"{guest.name}: created on {guest.pool.name}, {size}, {check}, compared")
