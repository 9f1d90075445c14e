# shellcheck shell=sh disable=SC2016 # quotes within quotes
#
# What to say when the words name no command. Sourced by bin/chyves and chyves-help; needs
# commands.sh. Everything here ends with status 2, the status of a usage error.

lib=${CHYVES_PATH%%:*}/lib
# shellcheck source=libexec/lib/datasets.sh
. "$lib/datasets.sh"

# explain_unknown WORD...: say what is wrong with the words that the user typed, and end.
# With guest_first set, the first word is a guest, whatever it looks like.
explain_unknown() {
	case ${1-} in
	-*)
		echo "chyves: unknown option '$1'; options stand behind the command" >&2
		hint_at_help
		;;
	esac
	[ -n "$guest_first" ] || explain_old_word "$@"
	if [ $# -eq 0 ]; then
		guest_help NAME 'chyves guest NAME' >&2
		exit 2
	fi
	if [ -n "$guest_first" ] || names_guests "$1"; then
		shown="chyves ${guest_first:+guest }$1"
		case ${2-} in
		--help) guest_help "$1" "$shown" && exit 0 ;;
		'') guest_help "$1" "$shown" >&2 && exit 2 ;;
		esac
		say_unknown "$2"
	fi
	# Neither word is known: blame the second one, unless the first looks more like the verb.
	if [ $# -eq 1 ] || [ -n "$(nearest_command "$1")" ] || names_guests "$2"; then
		say_unknown "$1"
	fi
	case $2 in
	-*) say_unknown "$1" ;;
	esac
	say_unknown "$2"
}

say_unknown() {
	case $1 in
	*=*)
		# The value may be a password; it is not said again.
		echo "chyves: '${1%%=*}=…' is a property and its value, not a command" >&2
		echo "  chyves GUEST set ${1%%=*}=VALUE" >&2
		exit 2
		;;
	esac
	near=$(nearest_command "$1")
	echo "chyves: unknown command '$1'${near:+; did you mean '$near'?}" >&2
	hint_at_help
}

hint_at_help() {
	echo "  chyves help lists all commands" >&2
	exit 2
}

# names_guests WORD: does it stand where a guest does (a guest, a list, a group, a scope)?
names_guests() {
	case $1 in
	all | global | defaults | host | :?* | ?*,?*) return 0 ;;
	'' | -* | *[!A-Za-z0-9._-]*) return 1 ;;
	esac
	guest_names | grep -Fqx -e "$1"
}

# guest_help GUEST WORDS: print the commands that may stand behind the guest.
guest_help() {
	case $1 in
	global | defaults) example='get all' ;;
	host) example=log ;;
	*) example=start ;;
	esac
	echo "$2: say what to do with it, for example: $2 $example"
	echo
	list_commands | LC_ALL=C awk -v guest="$1" -f "$lib/header.awk" -f "$lib/guest-help.awk"
	echo
	echo "chyves help COMMAND explains one of them."
}

# nearest_command WORD: print the command that WORD may be a slip of, or nothing.
nearest_command() {
	list_commands | LC_ALL=C awk -v typed="$1" -f "$lib/nearest.awk"
}

# explain_foreign_noun WORD...: vm-bhyve's `switch list` looks like a guest and a verb; unless there
# is such a guest, print the new words and end.
explain_foreign_noun() {
	names_guests "$1" || explain_old_word "$@"
}

# explain_old_word WORD...: when it is a word of another manager, print the new ones and end.
explain_old_word() {
	new_words=$(LC_ALL=C awk -f "$lib/old-words.awk" "$lib/old-words" "$@")
	[ -n "$new_words" ] || return 0
	printf '%s\n' "$new_words" | while IFS= read -r line; do
		case $line in
		\#*) echo "chyves: '$1' is what ${line#\# } it; here it is:" ;;
		*) printf '%s\n' "$line" ;;
		esac
	done >&2
	exit 2
}
