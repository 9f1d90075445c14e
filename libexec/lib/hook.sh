#!/bin/sh
# shellcheck disable=SC2034 # commands.sh reads these variables
#
# hook.sh SECONDS ENVIRONMENT SAID PID HOOK WORD...: become a hook of the administrator's, if root
# may run it; what it says goes into the file SAID, its process into the file PID. ENVIRONMENT is a
# file of assignments for sh.
#
# Exit statuses besides the hook's own: 124 when it takes longer than SECONDS, 126 when others than
# root could have written it.

set -u
seconds=$1
environment=$2
said=$3
process=$4
hook=$5
shift 5
lib=${0%/*}
# shellcheck source=libexec/lib/commands.sh
. "$lib/commands.sh"

exec >"$said" 2>&1
if ! may_be_run "$hook"; then
	echo "not run as root, because others could have written it: it and the folders above it must" \
		"be root's, and writable for root alone"
	exit 126
fi
echo $$ >"$process"
set -a
# shellcheck source=/dev/null
. "$environment"
set +a
# timeout(1) is in the base system since FreeBSD 10.3.
if command -v timeout >/dev/null; then
	exec timeout -k 5 "$seconds" "$hook" "$@"
fi
exec "$hook" "$@"
