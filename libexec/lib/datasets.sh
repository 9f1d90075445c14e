# shellcheck shell=sh
#
# The names that completion and error messages ask for, read with as few calls as possible.
# Where there is no zfs, no pool or no leave to ask, they print nothing.

# layout_datasets SUFFIX: print POOL/chyves/SUFFIX for each pool, one a line. Pools with a layout
# have a folder /chyves/POOL; without any such folder every pool may be one.
layout_datasets() {
	pools_found=
	for folder in "${CHYVES_LAB:+$CHYVES_LAB/root}"/chyves/*/; do
		[ -d "$folder" ] || continue
		pools_found=yes
		folder=${folder%/}
		printf '%s\n' "${folder##*/}/chyves/$1"
	done
	[ -n "$pools_found" ] || pool_names | sed "s|\$|/chyves/$1|"
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

# snapshot_names GUEST: @NAME for each snapshot of the guest.
snapshot_names() {
	list_below "guests/$1" -o name -t snapshot -d 1 | sed -n 's|^[^@]*@|@|p'
}

# disk_names GUEST: disk{n} for its volumes, img/NAME for its image files.
disk_names() {
	list_below "guests/$1" -o name -t volume -d 1 | sed -n 's|.*/\(disk[0-9]*\)$|\1|p'
	for file in "${CHYVES_LAB:+$CHYVES_LAB/root}"/chyves/*/guests/"$1"/img/*; do
		[ ! -f "$file" ] || printf 'img/%s\n' "${file##*/}"
	done
}

# interface_names bridge|tap
interface_names() {
	ifconfig -g "$1" 2>/dev/null
}
