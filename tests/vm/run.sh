#!/bin/sh
# Run a command in the machine with OpenZFS, which build.sh makes: run.sh COMMAND [ARGUMENT...]
#
# The command runs as root in a copy of this tree, with the packages of .venv on PYTHONPATH; its
# output is printed as it comes, and its status is that of this script. Nothing that it does gets
# out but the files that it leaves in /job/results: they are put into this tree.
# The machine is emulated, so it is the same everywhere. It has VM_MEMORY (2048) MiB; a command
# may take VM_MINUTES (40), a boot VM_BOOT_SECONDS (90).
set -eu

here=$(cd "$(dirname "$0")" && pwd)
tree=$(cd "$here/../.." && pwd)
qemu=

main() {
	machine=$(sh "$here/build.sh")
	job=$(mktemp -d "${TMPDIR:-/tmp}/chyves-test-vm.XXXXXX")
	trap clean_up EXIT
	trap 'exit 130' HUP INT TERM
	pack "$@"
	# A boot under emulation now and then hangs before the kernel's first word.
	for attempt in 1 2 3; do
		boot
		if grep -q "vm: up" "$job/console"; then
			break
		fi
		echo "run.sh: boot $attempt hung" >&2
	done
	status=$(cat "$job/status")
	if [ -z "$status" ]; then
		tail -n 40 "$job/qemu.log" "$job/console" >&2
		echo "run.sh: the machine gave no exit status" >&2
		return 1
	fi
	if [ -s "$job/results" ]; then
		tar -C "$tree" -xf "$job/results"
	fi
	return "$status"
}

clean_up() {
	if [ -n "$qemu" ]; then
		kill "$qemu" 2>/dev/null || true
	fi
	rm -rf "$job"
}

# pack COMMAND...: make the image with the tree, the packages and the command.
pack() {
	packages=$("$tree/.venv/bin/python3" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
	mkdir "$job/image"
	{
		echo 'export CHYVES_TEST_HOST=vm PYTHONPATH=/job/packages'
		echo 'export PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 PYTEST_PLUGINS=pytest_timeout'
		printf 'exec'
		for word; do
			printf " '%s'" "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"
		done
		echo
	} >"$job/image/command"
	cp "$here/init" "$job/image/"
	chmod 755 "$job/image/init"
	mkdir "$job/image/tree" "$job/image/packages"
	(cd "$tree" && tar -cf - --exclude=./.venv --exclude=./.git --exclude='./.*_cache' .) |
		tar -C "$job/image/tree" -xf -
	# All but what checks and builds: that is large, and not for this Python.
	(cd "$packages" && tar -cf - --exclude='./mypy*' --exclude='./ruff*' --exclude='./*.so' \
		--exclude='./pip*' --exclude='./setuptools*' --exclude='./hatchling*' .) |
		tar -C "$job/image/packages" -xf -
	# The emulated Python takes long to compile them; files of templates are no Python.
	"$tree/.venv/bin/python3" -m compileall -q "$job/image" >/dev/null 2>&1 || true
	mksquashfs "$job/image" "$job/job.squashfs" -comp lz4 -noappend -no-progress -quiet
	rm -rf "$job/image"
}

# Start the machine and wait for its end; end it where it does not come up in time.
boot() {
	: >"$job/console"
	: >"$job/status"
	rm -f "$job/output"
	mkfifo "$job/output"
	cat "$job/output" &
	output=$!
	# No randomised addresses: emulated code is kept by address, and is then used again.
	set -- -kernel "$machine/vmlinuz" -initrd "$machine/initrd.gz" -append "console=ttyS0 quiet \
		panic=-1 mitigations=off nokaslr norandmaps tsc=reliable random.trust_cpu=on"
	for image in "$machine/root.squashfs" "$job/job.squashfs"; do
		name=$(basename "$image" .squashfs)
		set -- "$@" -drive "if=none,id=$name,file=$image,format=raw,readonly=on" \
			-device "virtio-blk-pci,drive=$name"
	done
	for name in output status results; do
		set -- "$@" -chardev "file,id=$name,path=$job/$name" \
			-device "virtserialport,chardev=$name,name=$name"
	done
	timeout "$((${VM_MINUTES:-40} * 60))" qemu-system-x86_64 -nodefaults -no-user-config \
		-nographic -no-reboot -M q35,usb=off,sata=off,smbus=off,hpet=off -cpu max,la57=off \
		-accel tcg,thread=multi,tb-size=512 -smp 2 -m "${VM_MEMORY:-2048}" \
		-serial "file:$job/console" -device virtio-serial-pci "$@" \
		</dev/null >"$job/qemu.log" 2>&1 &
	qemu=$!
	watch_boot >/dev/null 2>&1 &
	watch=$!
	wait "$qemu" || true
	qemu=
	kill "$watch" 2>/dev/null || true
	# Where the machine has never opened it, nobody else ends the reader.
	: <>"$job/output"
	wait "$output" || true
}

watch_boot() {
	seconds=0
	until grep -q "vm: up" "$job/console"; do
		sleep 1
		seconds=$((seconds + 1))
		if [ "$seconds" -ge "${VM_BOOT_SECONDS:-90}" ]; then
			kill "$qemu"
			break
		fi
	done
}

main "$@"
