# shellcheck shell=sh disable=SC2088 # a tilde as it was typed
#
# What can stand in the place of the word that is being completed. Needs commands.sh, datasets.sh
# and `current`, that word. Candidates that do not begin with it are sorted out by the caller.

# candidates WORD...: the words after `chyves`, read in the way bin/chyves reads them.
candidates() {
	guest_first=
	if [ $# -gt 1 ] && [ "$1" = guest ]; then
		guest_first=yes
		shift
	fi
	if [ $# -eq 1 ]; then
		first_words
	elif [ -z "$guest_first" ] && find_command "$1"; then
		word=$1
		shift
		arguments "$@"
	elif [ $# -eq 2 ]; then
		list_commands | LC_ALL=C awk -v scope="$1" -f "$lib/header.awk" -f "$lib/verbs.awk"
	elif find_command "$2"; then
		guest=$1
		word=$2
		shift 2
		arguments "$guest" "$@"
	fi
}

first_words() {
	# The words are looked for while zfs is at work.
	guests | {
		words=
		[ -n "$guest_first" ] || words=$(other_first_words)
		cat
		[ -z "$words" ] || printf '%s\n' "$words"
	}
}

other_first_words() {
	case $current in
	-*) printf '%s\n' --help --version ;;
	*[:,]*) ;;
	*)
		printf '%s\n' all global defaults host guest
		command_words
		;;
	esac
}

command_words() {
	list_commands | LC_ALL=C awk -v typed=1 -f "$lib/header.awk" -f "$lib/words.awk"
}

# arguments ARGUMENT...: candidates for the last argument of the command in `found`.
arguments() {
	LC_ALL=C awk -f "$lib/header.awk" -f "$lib/forms.awk" "$found" "$word" "$@" |
		while read -r kind text; do
			case $kind in
			word) printf '%s\n' "$text" ;;
			ask) ask_plugin "$@" ;;
			*) names_of_kind "$kind" "$1" ;;
			esac
		done
}

# ask_plugin ARGUMENT...: it has said "# Provide chyves completions".
ask_plugin() {
	CHYVES_COMMAND=$word
	export CHYVES_COMMAND
	if is_python "$found"; then
		choose_python
		"$python" "$found" --complete "$@"
	else
		"$found" --complete "$@"
	fi </dev/null
}

# names_of_kind KIND GUEST: KIND is what stands between < and > in a Usage line.
names_of_kind() {
	case $1 in
	guest) guests ;;
	group) group_names ;;
	iso) resource_names ISO ;;
	firmware) resource_names Firmware ;;
	pool) pool_names ;;
	bridge) bridge_names ;;
	tap) tap_names "$2" ;;
	interface) interface_names ;;
	snapshot) snapshots "$2" ;;
	disk) disk_names "$2" ;;
	property) properties "$2" '' ;;
	assignment) properties "$2" = ;;
	command) command_words ;;
	topic) topics ;;
	file) files ;;
	esac
}

# guests: one guest, one more in a list with commas, or a group.
guests() {
	case $current in
	*,*) before=${current%,*}, ;;
	*) before= ;;
	esac
	names=guest_names
	case ${current#"$before"} in
	-*) return 0 ;;
	:*) names=group_names ;;
	esac
	if [ -z "$before" ]; then
		$names
		return
	fi
	$names | while IFS= read -r name; do
		case ,$before in
		*,"$name",*) ;;
		*) printf '%s\n' "$before$name" ;;
		esac
	done
}

# snapshots GUESTS: one, one more in a list with commas, or the end of a range.
snapshots() {
	case $current in
	*[,%]*) before=${current%"${current##*[,%]}"} ;;
	*) before= ;;
	esac
	snapshot_names "${1%%,*}" | while IFS= read -r name; do
		[ -z "$before" ] || name=${name#@}
		printf '%s\n' "$before$name"
	done
}

# properties SCOPE SIGN: names of properties with SIGN behind them; behind NAME= the values.
properties() {
	case $1 in
	global) sections=global ;;
	defaults) sections='guest defaults' ;;
	*) sections=guest ;;
	esac
	disks= own=
	case $current in
	*=*) values "$1" ;;
	*)
		own=$(own_properties "${1%%,*}")
		[ -z "$own" ] || [ "$sections" != guest ] || disks=$(disk_names "${1%%,*}")
		;;
	esac
	export own disks
	for spec in "$CHYVES_ROOT"/chyves_core/properties/properties.spec \
		"$CHYVES_ROOT"/lib/python3*/site-packages/chyves_core/properties/properties.spec; do
		[ -f "$spec" ] || continue
		LC_ALL=C awk -v sections="$sections" -v sign="$2" -v verb="$word" \
			-f "$lib/properties.awk" "$spec"
		case $current in
		os=*) profiles "${spec%/properties/*}/loaders/grub_profiles.cfg" ;;
		esac
		break
	done
}

# values GUEST: what NAME= may be followed by, where the host knows it.
values() {
	case $current in
	uefi_firmware=*)
		resource_names Firmware
		for file in "${CHYVES_LAB:+$CHYVES_LAB/root}"/usr/local/share/uefi-firmware/*.fd; do
			[ ! -f "$file" ] || printf '%s\n' "${file##*/}"
		done
		;;
	tap*_bridge=* | bridge=*) bridge_names ;;
	bridge*_phy_attach=* | vlan*_parent=*) interface_names && echo private ;;
	revert_to_snapshot=*) snapshot_names "${1%%,*}" ;;
	groups=*) group_names | sed 's|^:||' ;;
	keyboard=*) ls "${CHYVES_LAB:+$CHYVES_LAB/root}"/usr/share/bhyve/kbdlayout ;;
	tpm=*) echo swtpm ;;
	cloud_net=*) echo dhcp ;;
	esac | sed "s|^|${current%%=*}=|"
}

topics() {
	# shellcheck source=libexec/lib/topic.sh
	. "$lib/topic.sh"
	list_topics
}

# profiles FILE: the profiles for grub-bhyve in that file, and in those of this host.
profiles() {
	for file in "$1" "${CHYVES_LAB:+$CHYVES_LAB/root}"/usr/local/etc/chyves/grub.d/*.cfg; do
		[ -f "$file" ] || continue
		sed -n 's/^[[:blank:]]*\[\([A-Za-z0-9][A-Za-z0-9_.-]*\)].*/os=\1/p' "$file"
	done
}

files() {
	case $current in
	'~/'*) typed_home='~' && start=$HOME${current#'~'} ;;
	*) typed_home= && start=$current ;;
	esac
	for file in "$start"*; do
		[ -e "$file" ] || continue
		[ ! -d "$file" ] || file=$file/
		[ -z "$typed_home" ] || file='~'${file#"$HOME"}
		printf '%s\n' "$file"
	done
}
