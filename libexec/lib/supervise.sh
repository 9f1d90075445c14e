#!/bin/sh
#
# supervise.sh CHYVES FOLDER VM GUEST: keep one guest running until it ends for good.
#
# `chyves boot-step` prepares each boot: it reads the guest's properties and writes the command
# lines of loader and bhyve into FOLDER, one word a line. This script only runs them, so that
# no more than a shell stays in memory for each guest.
#
# bhyve(8): 0 reboot, 1 power-off, 2 halt, 3 triple fault, 4 error; 128+n killed by a signal.

set -u

chyves=$1
folder=$2
vm=$3
guest=$4

# run_words FILE [exec]: run the command whose words are the lines of FILE, or become it.
run_words() {
	file=$folder/$1
	how=${2-}
	set --
	while IFS= read -r word; do
		set -- "$@" "$word"
	done <"$file"
	$how "$@" </dev/null >>"$folder/bhyve.log" 2>&1
}

# load: run the loader; it ends well, or `status` says how it did not.
load() {
	if [ -e "$folder/loader.limit" ]; then
		read -r limit console <"$folder/loader.limit"
		hear
		run_words loader.argv exec &
		loader=$!
		end_late "$loader" "$limit" "$console" &
		watcher=$!
		wait "$loader"
		status=$?
		kill "$watcher" "$listener" 2>/dev/null
		wait "$listener" 2>/dev/null
	else
		run_words loader.argv
		status=$?
	fi
	[ "$status" -ne 0 ] || return 0
	status=loader-$status
	[ ! -e "$folder/late" ] || status='loader-late'
	[ ! -e "$folder/stop" ] || status='loader-stopped'
	return 1
}

# hear: have somebody listen to what the loader says on its console, from its first word on.
hear() {
	"$chyves" boot-step "$guest" listen >/dev/null 2>&1 &
	listener=$!
	patience=50
	while [ ! -e "$folder/loader.heard" ] && [ "$patience" -gt 0 ]; do
		sleep 0.1
		patience=$((patience - 1))
	done
}

# end_late PROCESS SECONDS CONSOLE: end a loader that takes longer, but none at whose console
# somebody is: a menu or a prompt waits for what is typed there.
end_late() {
	trap 'kill "$nap" 2>/dev/null; exit 0' TERM
	rest "$2"
	while pgrep -f "^([^ ]*/)?cu .*$3( |\$)" >/dev/null; do
		rest 5
	done
	: >"$folder/late"
	kill -TERM "$1"
	rest 5
	kill -KILL "$1"
}

rest() {
	sleep "$1" &
	nap=$!
	wait "$nap"
}

phase() {
	echo "$*" >"$folder/phase.new" && mv "$folder/phase.new" "$folder/phase"
}

# poststart: run the hooks for a guest that has just been started, beside its bhyve; nothing is
# started where there are none.
poststart() {
	for hook in "${CHYVES_LAB:+$CHYVES_LAB/root}"/usr/local/etc/chyves/hooks/poststart.d/*; do
		[ -x "$hook" ] || continue
		"$chyves" boot-step "$guest" started </dev/null >/dev/null 2>&1 &
		poststart=$!
		break
	done
}

status=0
boot=first
started='' poststart=''
while [ "$status" -eq 0 ] || [ -e "$folder/reload" ]; do
	[ ! -e "$folder/stop" ] || break
	rm -f "$folder/reload" "$folder/loader.limit" "$folder/late" "$folder/loader.heard" "$folder/loader.said"
	: >"$folder/bhyve.log"
	if ! "$chyves" boot-step "$guest" "$boot" >>"$folder/bhyve.log" 2>&1; then
		status=plan
		break
	fi
	boot=again
	if [ -e "$folder/loader.argv" ]; then
		phase loading
		load || break
	fi
	[ ! -e "$folder/stop" ] || break
	phase running
	[ -n "$started" ] || poststart
	started=yes
	run_words bhyve.argv
	status=$?
	# Whatever way bhyve ends, the kernel keeps the VM.
	bhyvectl "--vm=$vm" --destroy >/dev/null 2>&1
done

phase "ended $status"
[ -z "$poststart" ] || wait "$poststart"
# Not exec: as long as this shell is there, the guest counts as running.
"$chyves" boot-step "$guest" ended "$status"
