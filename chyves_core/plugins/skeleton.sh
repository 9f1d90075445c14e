#!/bin/sh
# Summary: Print guests and their memory
# Usage: chyves @NAME@ [-n] [<guest>[,<guest>...]]
#
# Say here what it does: this is what `chyves help @NAME@` prints. The lines above are what the tab
# key offers, and options below are, too.
#
#   -n  just the names

set -u

columns=name,ram
if [ "${1-}" = -n ]; then
	columns=name
	shift
fi

# The chyves that has called this one; -H has no header and puts a tab between the columns.
"$CHYVES_ROOT/bin/chyves" info -H -k -o "$columns" "$@"
