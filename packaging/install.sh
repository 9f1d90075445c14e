#!/bin/sh
#
# install.sh install|deinstall|list: what `make install` and `make deinstall` do.
#
# PREFIX, PYTHON and DESTDIR come from the environment. Everything goes where the wheel puts it;
# what is installed is written down in PREFIX/share/chyves/installed, and exactly that is removed
# again. `list` prints the paths below PREFIX.

set -eu

PREFIX=${PREFIX:-/usr/local}
DESTDIR=${DESTDIR:-}
PYTHON=${PYTHON:-python3}
root=$DESTDIR$PREFIX
record=share/chyves/installed
cd "$(dirname "$0")/.."

# The Python that commands will run with: its modules go where it looks for them.
find_python() {
	python=$(command -v "$PYTHON") || {
		echo "install: there is no $PYTHON; make install PYTHON=python3.11" >&2
		exit 1
	}
	version=$("$python" -c 'import sys
print("python%d.%d" % sys.version_info[:2] if sys.version_info >= (3, 11) else "")')
	[ -n "$version" ] || {
		echo "install: $python is older than Python 3.11; make install PYTHON=python3.11" >&2
		exit 1
	}
	site=lib/$version/site-packages
}

# files: print "MODE SOURCE TARGET" for each file, TARGET being a path below PREFIX.
files() {
	echo "555 bin/chyves bin/chyves"
	find libexec -type f ! -name '*.pyc' | sort | while IFS= read -r file; do
		mode=444
		[ ! -x "$file" ] || mode=555
		echo "$mode $file libexec/chyves/${file#libexec/}"
	done
	find chyves_core -type f ! -name '*.pyc' | sort | while IFS= read -r file; do
		mode=444
		[ ! -x "$file" ] || mode=555
		echo "$mode $file $site/$file"
	done
	echo "444 man/chyves.8 share/man/man8/chyves.8"
	echo "444 man/chyves-plugin.7 share/man/man7/chyves-plugin.7"
	echo "555 rc.d/chyves etc/rc.d/chyves"
	echo "444 completions/chyves.bash share/bash-completion/completions/chyves"
	echo "444 completions/_chyves share/zsh/site-functions/_chyves"
	echo "444 completions/chyves.fish share/fish/vendor_completions.d/chyves.fish"
	echo "444 completions/chyves.tcsh share/chyves/chyves.tcsh"
	find examples/plugins -type f ! -name '*.pyc' | sort | while IFS= read -r file; do
		mode=444
		[ ! -x "$file" ] || mode=555
		echo "$mode $file share/examples/chyves/${file#examples/plugins/}"
	done
}

targets() {
	files | cut -d' ' -f3
	# Its first line says which Python chyves was installed with.
	echo bin/chyves_python
}

do_install() {
	[ ! -f "$root/$record" ] || do_deinstall
	mkdir -p "$root/share/chyves"
	# Written first: what an interruption leaves can be taken away.
	targets >"$root/$record"
	echo "$record" >>"$root/$record"
	files | while read -r mode source target; do
		mkdir -p "$root/${target%/*}"
		rm -f "$root/$target"
		cp "$source" "$root/$target"
		chmod "$mode" "$root/$target"
	done
	rm -f "$root/bin/chyves_python"
	sed "1s|.*|#!$python|" bin/chyves_python >"$root/bin/chyves_python"
	chmod 555 "$root/bin/chyves_python"
}

do_deinstall() {
	[ -f "$root/$record" ] || {
		echo "install: there is no $root/$record, so nothing was installed there" >&2
		exit 1
	}
	# Folders that chyves shares with others go only when they are empty, like its own.
	while IFS= read -r target; do
		case $target in
		/* | ../* | */../* | '') continue ;;
		*.py)
			module=${target##*/}
			rm -f "$root/${target%/*}/__pycache__/${module%.py}".*.pyc
			;;
		esac
		[ "$target" = "$record" ] || rm -f "$root/$target"
	done <"$root/$record"
	folders=$(sed -n 's|/[^/]*$||p' "$root/$record" | grep chyves | sort -ru)
	rm -f "$root/$record"
	for folder in $folders; do
		rmdir "$root/$folder/__pycache__" "$root/$folder" 2>/dev/null || :
	done
}

case ${1-} in
install) find_python && do_install ;;
deinstall) do_deinstall ;;
list) find_python && targets ;;
*)
	echo "usage: install.sh install|deinstall|list" >&2
	exit 2
	;;
esac
