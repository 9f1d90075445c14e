#!/bin/sh
#
# Stands before zfs, zpool, ifconfig, bhyvectl and kill while the end-to-end cases run on a real
# host, under each of these names, and lets through what is about the cases' own things only.
#
# GUARD_PATH        where the real programs are
# GUARD_POOLS       the host's other pools, each with a blank before and behind it
# GUARD_INTERFACES  the interfaces that were there before, in the same way
# GUARD_LOG         a line for each command that was not let through

set -u

program=${0##*/}
PATH=$GUARD_PATH
export PATH

refuse() {
	echo "$program $*" >>"$GUARD_LOG"
	echo "$program: not let through by tests/endtoend/hosts/guard.sh: $*" >&2
	exit 99
}

# is_in LIST WORD: is the word one of the list? Nothing is in none, and neither is no word, as of
# the snapshot in `zfs send -I @then`: a list of nothing is two blanks.
is_in() {
	[ -n "$2" ] || return 1
	case $1 in
	*" $2 "*) return 0 ;;
	esac
	return 1
}

case $program in
zfs | zpool)
	case ${1-}:$# in
	get:* | list:* | status:* | version:* | mount:1 | :0) ;;
	*)
		for word; do
			pool=${word%%[/@#]*}
			! is_in "$GUARD_POOLS" "$pool" || refuse "$@"
		done
		;;
	esac
	;;
ifconfig)
	if [ $# -gt 1 ]; then
		for word; do
			! is_in "$GUARD_INTERFACES" "$word" || refuse "$@"
		done
	fi
	;;
bhyvectl)
	for word; do
		case $word in
		--vm=chy-chyvest-*) ;;
		--vm=*) refuse "$@" ;;
		esac
	done
	;;
kill)
	for pid; do :; done
	case $(ps -ww -p "$pid" -o command= 2>/dev/null) in
	'' | *chyvest-* | *nmdm9*) ;;
	*) refuse "$@" ;;
	esac
	;;
esac
exec "$program" "$@"
