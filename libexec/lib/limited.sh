#!/bin/sh
#
# limited.sh RULE... -- COMMAND...: put rules of rctl(8) on this very process, and become COMMAND.
#
# So they are in force before the command begins, and go with it, however it ends. The status is
# 125 where a rule was not taken; nothing runs without its limits.

set -u

while [ "$1" != -- ]; do
	rctl -a "process:$$:$1" || exit 125
	shift
done
shift
exec "$@"
