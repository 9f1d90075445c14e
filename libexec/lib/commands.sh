# shellcheck shell=sh disable=SC2012,SC2016,SC2034 # ls is asked for modes; quotes within quotes
#
# Where the commands are. Sourced by bin/chyves and by the commands that list commands.
# Needs CHYVES_PATH: the folders to look in, separated by colons, chyves' own folder first.

# Not taken from the environment.
refused= user_id= guest_first=

# find_command WORD: set `found` to the command's file; false where there is none.
# A file that root must not run is passed over with a word about it, and `refused` names it.
find_command() {
	found=
	is_command_word "$1" || return 1
	folders_left=$CHYVES_PATH:
	while [ -n "$folders_left" ]; do
		folder=${folders_left%%:*}
		folders_left=${folders_left#*:}
		file=${folder:-.}/chyves-$1
		{ [ -f "$file" ] && [ -x "$file" ]; } || continue
		if may_be_run "$file"; then
			found=$file
			return 0
		fi
		refused=$file
		echo "chyves: $file: not run as root, because others could have written it" >&2
		echo "  it and the folders above it must be root's, and writable for root alone" >&2
	done
	return 1
}

# list_commands: print "WORD<tab>FILE" for each command that find_command would find.
list_commands() {
	words_seen=' '
	folders_left=$CHYVES_PATH:
	while [ -n "$folders_left" ]; do
		folder=${folders_left%%:*}
		folders_left=${folders_left#*:}
		for file in "${folder:-.}"/chyves-*; do
			command_word=${file##*/chyves-}
			case $words_seen in *" $command_word "*) continue ;; esac
			is_command_word "$command_word" || continue
			{ [ -f "$file" ] && [ -x "$file" ] && may_be_run "$file"; } || continue
			words_seen="$words_seen$command_word "
			printf '%s\t%s\n' "$command_word" "$file"
		done
	done
}

is_command_word() {
	case $1 in
	'' | [!A-Za-z0-9]* | *[!A-Za-z0-9_-]*) return 1 ;;
	esac
}

# asks_for_help WORD...: is --help among the words (and not behind a --)?
asks_for_help() {
	for argument; do
		case $argument in
		--) return 1 ;;
		--help) return 0 ;;
		esac
	done
	return 1
}

# may_be_run FILE: chyves' own commands always. Of the others, root takes only those that root
# owns and nobody else can write, in folders of that kind; every other user takes all.
may_be_run() {
	case ${1%/*} in
	"${CHYVES_PATH%%:*}" | /usr/local/libexec/chyves) return 0 ;;
	esac
	[ -n "$user_id" ] || user_id=$(id -u)
	[ "$user_id" -ne 0 ] || only_root_can_replace "$1"
}

# only_root_can_replace FILE: the file, and where it is a link each file on the way to its end.
only_root_can_replace() {
	hop=$1
	while only_root_writes strict "$hop" && only_root_writes_the_way_to "${hop%/*}/"; do
		[ -L "$hop" ] || return 0
		target=$(readlink "$hop")
		case $target in
		/*) hop=$target ;;
		*) hop=${hop%/*}/$target ;;
		esac
	done
	return 1
}

# only_root_writes_the_way_to FOLDER: the folder and all above it, as named and as they are.
# Above it, a folder like /tmp is good enough: there nobody can rename what belongs to root.
only_root_writes_the_way_to() {
	as_named=$(CDPATH='' cd "$1" && pwd) || return 1
	as_it_is=$(CDPATH='' cd -P "$1" && pwd -P) || return 1
	only_root_writes strict "$as_named" "$as_it_is" || return 1
	set -- /
	for above in "${as_named%/*}" "${as_it_is%/*}"; do
		while [ -n "$above" ]; do
			set -- "$@" "$above"
			above=${above%/*}
		done
	done
	only_root_writes above "$@"
}

# only_root_writes strict|above FILE...: read from ls, which is the same on every Unix: mode,
# links, owner's number. A "+" behind the mode means an access list, which the mode does not tell.
only_root_writes() {
	which=$1
	shift
	LC_ALL=C ls -ldnL "$@" 2>/dev/null | awk -v files=$# -v which="$which" '
		$3 != 0 || $1 ~ /[+]$/ { bad = 1 }
		which == "above" && $1 ~ /^d........[tT]/ { next }
		$1 ~ /^.....w/ || $1 ~ /^........w/ { bad = 1 }
		END { exit bad || NR != files }'
}

# is_python FILE: does its first line name Python?
is_python() {
	first_line=
	IFS= read -r first_line <"$1" || :
	case $first_line in
	'#!'*[/\ ]python*) return 0 ;;
	esac
	return 1
}

# offer_core FOLDER: where chyves_core is in the folder, let Python find it there.
offer_core() {
	[ -d "$1/chyves_core" ] || return 0
	case :${PYTHONPATH-}: in
	:"$1":*) ;;
	*) export PYTHONPATH="$1${PYTHONPATH:+:$PYTHONPATH}" ;;
	esac
}

# choose_python: set `python` to the interpreter for commands in Python. One of another prefix
# than chyves' own (pip install --prefix) does not know the packages there by itself.
choose_python() {
	find_python
	[ "${python%/*}" != "$CHYVES_ROOT/bin" ] || return 0
	for packages in "$CHYVES_ROOT"/lib/python3*/site-packages; do
		offer_core "$packages"
	done
}

# find_python: that of the checkout, else the one that chyves was installed with, which pip writes
# into the first line of chyves_python (into the second one, behind '''exec', where its path is
# long or has blanks), else one of the host. CHYVES_PYTHON overrules all.
find_python() {
	python=${CHYVES_PYTHON-}
	[ -z "$python" ] || return 0
	python=$CHYVES_ROOT/.venv/bin/python3
	[ ! -x "$python" ] || return 0
	if [ -f "$CHYVES_ROOT/bin/chyves_python" ]; then
		{ IFS= read -r first_line && IFS= read -r second_line; } <"$CHYVES_ROOT/bin/chyves_python" || :
		python=${first_line#'#!'}
		case $python in
		/bin/sh*) python=${second_line#"'''exec' "} && python=${python%' "$0"'*} ;;
		esac
		python=${python#[\'\"]} && python=${python%[\'\"]}
		# In a checkout it says just "python", and a folder here may be called so.
		case $python in
		/*) [ ! -x "$python" ] || return 0 ;;
		esac
	fi
	find_python_of_host
}

# find_python_of_host: the first one that is new enough and has the packages, else one that is
# new enough. FreeBSD's python3 may be an old one, with python3.11 beside it, and /usr/local/bin
# is not in every PATH.
find_python_of_host() {
	new_enough='' too_old=''
	for name in python3 python3.14 python3.13 python3.12 python3.11; do
		python=$(command -v "$name") || python=/usr/local/bin/$name
		[ -x "$python" ] || continue
		found_version=$("$python" -c '
import sys
from importlib.util import find_spec
new = sys.version_info >= (3, 11)
print(new and all(map(find_spec, ("plumbum", "configobj"))), new, sys.version.split()[0])
' 2>/dev/null) || continue
		case $found_version in
		True*) return 0 ;;
		False\ True*) new_enough=${new_enough:-$python} ;;
		*) too_old="$python is ${found_version##* }" ;;
		esac
	done
	python=$new_enough
	[ -z "$python" ] || return 0
	echo "chyves: Python 3.11 or newer is needed to run this command${too_old:+; $too_old}" >&2
	exit 1
}
