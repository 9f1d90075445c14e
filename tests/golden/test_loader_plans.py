"""The exact command lines and files of loaders: each profile of grub-bhyve, and bhyveload's disks.

Each case stands in loaders/CASE.txt. After a change that is meant, `pytest tests/golden
--regenerate` writes the texts anew: read the difference before you commit it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from chyves_core.bhyve.machine import Media
from chyves_core.bhyve.version import HostFacts
from chyves_core.errors import ChyvesError
from chyves_core.loaders.loader import LoaderFacts, plan_loader
from chyves_core.loaders.profiles import shipped_profiles
from chyves_core.plan import Run
from tests.golden.case import HOSTS, ISO, Case
from tests.golden.test_plans import make_guest

PLANS = Path(__file__).with_name("loaders")
PROFILES = shipped_profiles()
IMAGES = tuple(f"/chyves/zroot/guests/web1/img/{name}.img" for name in "ab")


def flags(text: str, host: str = "14.3", media: Media | None = None) -> Case:
    return Case(host=host, properties={"bhyveload_flags": text}, media=media or Media())


def grub(os: str, **more: str) -> dict[str, str]:
    return {"loader": "grub-bhyve", "os": os, **more}


CASES: dict[str, Case] = {
    **{f"grub-{os}-run": Case(properties=grub(os)) for os in PROFILES},
    **{f"grub-{os}-install": Case(properties=grub(os), media=ISO) for os in PROFILES},
    "grub-three-disks-and-images": Case(
        properties=grub("debian"), disks=3, media=Media(iso=ISO.iso, images=IMAGES)
    ),
    "grub-image-with-a-blank": Case(
        properties=grub("debian"), media=Media(images=("/chyves/zroot/guests/web1/img/a b.img",))
    ),
    "grub-wired-with-a-limit": Case(
        properties=grub("debian", bargs="-A -H -P -S", loader_timeout="30")
    ),
    "bhyveload-three-disks-and-images": Case(disks=3, media=Media(images=IMAGES)),
    "bhyveload-first-disk-only": Case(properties={"bhyveload_disks": "first"}, disks=3),
    "bhyveload-images-only": Case(disks=0, media=Media(images=IMAGES)),
    "bhyveload-iso-alone": Case(disks=3, media=ISO),
    "bhyveload-more-disks-than-it-takes": Case(disks=40),
    "bhyveload-nothing-to-boot": Case(disks=0),
    "bhyveload-all-flags": flags(
        "-C -l /boot/userboot_4th.so -h '/host base' -e 'a=b c' -ekern.x=1 -d /dev/da0"
    ),
    "bhyveload-core-flag-on-10.3": flags("-C", host="10.3"),
    "bhyveload-core-flag-on-12.2": flags("-C", host="12.2"),
    "bhyveload-disk-of-its-own": flags("-d /dev/zvol/zroot/chyves/guests/web1/disk0"),
    "bhyveload-iso-of-its-own": flags(f"-d {ISO.iso}", media=ISO),
    "bhyveload-wired": Case(properties={"bargs": "-AHPS"}),
}


def plan_text(case: Case, facts: HostFacts) -> str:
    """Return the loader's command line and its files, or the refusal."""
    guest = make_guest(case)
    uses_grub = guest.value("loader") == "grub-bhyve"
    profile = PROFILES[guest.value("os")] if uses_grub else None
    try:
        loader = plan_loader(guest, case.media, "/run", LoaderFacts(facts, profile))
    except ChyvesError as error:
        return f"chyves: {error}\n        {error.hint}\n"
    if loader is None:
        return "none\n"
    files = "".join(f"-- {name} --\n{text}" for name, text in loader.files)
    return f"{Run(loader.argv)}\n{files}"


@pytest.mark.parametrize("name", CASES)
def test_the_loader_is_as_written_down(name: str, request: pytest.FixtureRequest) -> None:
    written = PLANS / f"{name}.txt"
    text = plan_text(CASES[name], HOSTS[CASES[name].host])
    if request.config.getoption("--regenerate"):
        written.write_text(text)
    assert text == written.read_text()


def test_no_plan_is_left_of_a_case_that_is_gone() -> None:
    assert {path.stem for path in PLANS.glob("*.txt")} == set(CASES)


@pytest.mark.parametrize("properties", [{}, grub("debian")])
def test_loaders_are_for_amd64_only(properties: dict[str, str]) -> None:
    text = plan_text(Case(properties=properties), HOSTS["arm64"])
    assert "needs an amd64 host\n        chyves web1 set loader=uefi\n" in text
    assert plan_text(Case(properties={"loader": "uefi"}), HOSTS["arm64"]) == "none\n"


def test_an_own_device_map_takes_the_place_of_the_generated_one() -> None:
    facts = LoaderFacts(HOSTS["14.3"], PROFILES["custom"], "/folder/device.map")
    loader = plan_loader(make_guest(Case(properties=grub("custom"))), Media(), "/run", facts)
    assert loader
    assert loader.argv[loader.argv.index("-m") + 1] == "/folder/device.map"
    assert loader.files == ()


@pytest.mark.parametrize("name", [name for name in CASES if name.startswith("grub-")])
def test_the_labs_grub_bhyve_takes_each_line_and_each_menu(name: str) -> None:
    from chyves_core.lab.bhyve.grub_bhyve import read_line
    from chyves_core.lab.bhyve.grub_script import parse_script

    case = CASES[name]
    guest = make_guest(case)
    facts = LoaderFacts(HOSTS[case.host], PROFILES[guest.value("os")])
    try:
        loader = plan_loader(guest, case.media, "/run", facts)
    except ChyvesError:
        return
    assert loader
    assert read_line(list(loader.argv[1:])).name == "chy-web1"
    for file, text in loader.files:
        if file == "grub/grub.cfg":
            parse_script(text)
