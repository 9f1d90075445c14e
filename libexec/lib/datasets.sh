# shellcheck shell=sh
#
# The names that completion and error messages ask for, read with as few calls as possible.
# Where there is no zfs, no pool or no leave to ask, they print nothing.

tab=$(printf '\t')

# layout_datasets [SUFFIX]: print POOL/chyves/SUFFIX for each pool, one a line. Pools with a layout
# have a folder /chyves/POOL; without any such folder every pool may be one.
layout_datasets() {
	pools_found=
	for folder in "${CHYVES_LAB:+$CHYVES_LAB/root}"/chyves/*/; do
		[ -d "$folder" ] || continue
		pools_found=yes
		folder=${folder%/}
		printf '%s\n' "${folder##*/}/chyves${1:+/$1}"
	done
	[ -n "$pools_found" ] || pool_names | sed "s|\$|/chyves${1:+/$1}|"
}

pool_names() {
	zpool list -H -o name 2>/dev/null
}

# list_below SUFFIX ZFS-OPTION...: one `zfs list` of POOL/chyves/SUFFIX on all pools.
list_below() {
	datasets=$(layout_datasets "$1")
	shift
	[ -n "$datasets" ] || return 0
	# Pool names hold neither blanks nor pattern signs.
	# shellcheck disable=SC2086
	zfs list -H "$@" $datasets 2>/dev/null
}

guest_names() {
	list_below guests -o name -t filesystem -d 1 | sed -n 's|^[^/]*/chyves/guests/\([^/]*\)$|\1|p'
}

# resource_names ISO|Firmware
resource_names() {
	list_below "$1" -o name -t filesystem -d 1 | sed -n "s|^[^/]*/chyves/$1/\\([^/]*\\)\$|\\1|p"
}

group_names() {
	list_below guests -o chyves:groups -t filesystem -d 1 | tr ',' '\n' | sed -n '/^-*$/!s|^|:|p'
}

# may_be_guest WORD: a word with other signs in it names none, and would be more than one word.
may_be_guest() {
	case $1 in
	'' | *[!A-Za-z0-9._-]*) return 1 ;;
	esac
}

# properties_below SUFFIX ZFS-OPTION...: NAME<tab>VALUE for the properties that were set there.
properties_below() {
	datasets=$(layout_datasets "$1")
	shift
	[ -n "$datasets" ] || return 0
	# shellcheck disable=SC2086
	zfs get -H -s local,received -o property,value "$@" all $datasets 2>/dev/null
}

# own_properties SCOPE: NAME<tab>VALUE for each property that was set on a guest, or that is
# global or a default.
own_properties() {
	case $1 in
	global) properties_below '' | sed -n 's|^chyves\.global:||p' ;;
	defaults) properties_below '' | sed -n 's|^chyves\.default:||p' ;;
	*)
		may_be_guest "$1" || return 0
		properties_below "guests/$1" | sed -n 's|^chyves:||p'
		;;
	esac
}

# tap_names GUEST: its interfaces; without a guest all taps, those of guests that do not run too.
tap_names() {
	if may_be_guest "$1" && [ "${1#bridge}" = "$1" ]; then
		own_properties "$1"
	else
		interface_names tap
		properties_below guests -d 1 -t filesystem | sed -n 's|^chyves:||p'
	fi | sed -n -e '/^tap[0-9]*$/p' -e "s|^net_ifaces$tab||p" | tr ',' '\n'
}

# bridge_names: those of the host, and those that guests will be in once they run.
bridge_names() {
	interface_names bridge
	echo bridge0
	properties_below '' -d 2 -t filesystem | sed -n -e "s|^chyves:tap[0-9]*_bridge$tab||p" \
		-e "s|^chyves\.default:bridge$tab||p" \
		-e "s|^chyves\.global:\(bridge[0-9]*\)_.*|\1|p"
}

# snapshot_names GUEST: @NAME for each snapshot of the guest.
snapshot_names() {
	may_be_guest "$1" || return 0
	list_below "guests/$1" -o name -t snapshot -d 1 | sed -n 's|^[^@]*@|@|p'
}

# disk_names GUEST: disk{n} for its volumes, img/NAME for its image files.
disk_names() {
	may_be_guest "$1" || return 0
	list_below "guests/$1" -o name -t volume -d 1 | sed -n 's|.*/\(disk[0-9]*\)$|\1|p'
	for file in "${CHYVES_LAB:+$CHYVES_LAB/root}"/chyves/*/guests/"$1"/img/*; do
		[ ! -f "$file" ] || printf 'img/%s\n' "${file##*/}"
	done
}

# interface_names [bridge|tap]: those of that group, or all.
interface_names() {
	if [ $# -eq 0 ]; then
		ifconfig -l 2>/dev/null | tr ' ' '\n'
	else
		ifconfig -g "$1" 2>/dev/null
	fi
}
