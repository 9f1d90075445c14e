"""-h on any command prints its header and does nothing else."""

from __future__ import annotations

import pytest
from bulk_guests import make_guests


@pytest.mark.parametrize("words", [("set", "ram=2G", "-h"), ("set", "-h", "ram=2G"), ("get", "-h")])
def test_h_is_help_and_nothing_is_done(lab, words):
    make_guests(lab, {"web1": {"ram": "512M"}})
    before = lab.everything()
    told = lab.output("web1", *words)
    assert "usage: chyves <guest>[,<guest>...]" in told
    assert lab.everything() == before


def test_h_works_without_the_words_that_a_command_needs(lab):
    assert lab.output("create", "-h").startswith("Create guests\nusage: chyves <guest>")
