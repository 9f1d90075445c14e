"""The lab: an embedded FreeBSD-like host, for trying chyves, writing plugins and testing.

Nothing outside this package knows that it exists, except that `host.py` puts the folder
`$CHYVES_LAB/root` in front of every path of the host.
"""
