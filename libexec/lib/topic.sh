# shellcheck shell=sh
#
# The sections of chyves(8) as topics of help. Needs CHYVES_ROOT.

# show_topic WORD: print the section of that name; false where there is none, or no way to read it.
show_topic() {
	topic=$(printf '%s' "$1" | tr '[:lower:]_-' '[:upper:]  ')
	read_manual | LC_ALL=C awk -v topic="$topic" '
		/^[A-Z]/ { inside = $0 == topic; found = found || inside; next }
		inside { if (NF) { for (; blank > 0; blank--) print ""; print substr($0, 6) } else blank++ }
		END { exit !found }'
}

# list_topics: print the names of the sections, as they are typed.
list_topics() {
	read_manual | LC_ALL=C awk '/^[A-Z][A-Z ]*$/ { gsub(/ /, "-"); print tolower($0) }'
}

# read_manual: print chyves(8) as plain text.
read_manual() {
	for page in "$CHYVES_ROOT/man/chyves.8" "$CHYVES_ROOT/share/man/man8/chyves.8" \
		"$CHYVES_ROOT/share/man/man8/chyves.8.gz"; do
		[ -f "$page" ] || continue
		case $page in
		*.gz) gzip -dc "$page" ;;
		*) cat "$page" ;;
		esac | as_text | sed "s/.$(printf '\b')//g"
		return
	done
}

# as_text: FreeBSD has mandoc(1) in its base system; others have groff.
as_text() {
	if command -v mandoc >/dev/null; then
		mandoc -T ascii -O width=80 2>/dev/null
	elif command -v nroff >/dev/null; then
		nroff -mandoc -c -rLL=80n 2>/dev/null
	fi
}
