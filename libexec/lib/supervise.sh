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

# run_words FILE: run the command whose words are the lines of FILE.
run_words() {
	file=$folder/$1
	set --
	while IFS= read -r word; do
		set -- "$@" "$word"
	done <"$file"
	"$@" </dev/null >>"$folder/bhyve.log" 2>&1
}

phase() {
	echo "$*" >"$folder/phase.new" && mv "$folder/phase.new" "$folder/phase"
}

status=0
boot=first
while [ "$status" -eq 0 ] || [ -e "$folder/reload" ]; do
	[ ! -e "$folder/stop" ] || break
	rm -f "$folder/reload"
	if ! "$chyves" boot-step "$guest" "$boot" >>"$folder/bhyve.log" 2>&1; then
		status=plan
		break
	fi
	boot=again
	if [ -e "$folder/loader.argv" ]; then
		phase loading
		run_words loader.argv
		status=$?
		if [ "$status" -ne 0 ]; then
			status=loader-$status
			break
		fi
	fi
	phase running
	run_words bhyve.argv
	status=$?
	# Whatever way bhyve ends, the kernel keeps the VM.
	bhyvectl "--vm=$vm" --destroy >/dev/null 2>&1
done

phase "ended $status"
# Not exec: as long as this shell is there, the guest counts as running.
"$chyves" boot-step "$guest" ended "$status"
