#!/bin/sh
# Build a small machine with the real OpenZFS and print its folder.
#
# It holds vmlinuz, initrd.gz and root.squashfs for run.sh: Debian's cloud kernel, the zfs module
# made from the sources in zfs-dkms, zfsutils-linux and Python, both of zfs from backports.
# Nothing is installed here; the Debian packages that must be there are named in `packages`, and
# what is downloaded comes from the mirrors that apt uses. The machine is kept in
# ${XDG_CACHE_HOME:-~/.cache}/chyves-test-vm under a name that changes with these sources and
# with the kernel. Parts that are done are not made again, so a second call goes on where the
# first one ended.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/chyves-test-vm
suite=bookworm
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# What the initramfs needs to get at the root file system, and what the root needs besides zfs.
boot_modules="virtio_pci virtio_blk virtio_console squashfs overlay"
log=

main() {
	check_machine
	kernel=$(kernel_version)
	work=$cache/$(key)-$kernel
	if [ ! -e "$work/ready" ]; then
		export LC_ALL=C DEBIAN_FRONTEND=noninteractive
		mkdir -p "$work"
		trap show_log EXIT
		trap 'exit 130' HUP INT TERM
		for part in mirrors kernel root zfs modules image initramfs; do
			once "$part"
		done
		rm -rf "$work/apt" "$work/kernel" "$work/zfs" "$work/root" "$work/initramfs"
		touch "$work/ready"
	fi
	echo "$work"
}

check_machine() {
	[ "$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release 2>/dev/null)" = "$suite" ] ||
		fail "the machine with OpenZFS is made of Debian's packages, on Debian 12 only"
	[ "$(id -u)" = 0 ] || fail "only root can build the machine with OpenZFS"
	missing=
	while read -r command package; do
		[ -e "$command" ] || command -v "$command" >/dev/null 2>&1 || missing="$missing $package"
	done <"$here/packages"
	[ -z "$missing" ] || fail "missing Debian packages:$missing"
}

fail() {
	echo "build.sh: $1" >&2
	exit 1
}

# The kernel whose headers are installed, as uname -r prints it.
kernel_version() {
	dpkg-query -W -f '${Depends}' linux-headers-cloud-amd64 |
		sed -n 's/^linux-headers-\([^ ,]*\).*/\1/p'
}

# What the machine is made of, as sixteen hex digits.
key() {
	cat "$here/build.sh" "$here/boot" | sha256sum | cut -c1-16
}

# once PART: make a part of the machine unless it is there; what is printed goes to a log.
once() {
	[ ! -e "$work/$1.done" ] || return 0
	echo "build.sh: $1" >&2
	log=$work/$1.log
	"make_$1" >"$log" 2>&1
	log=
	touch "$work/$1.done"
}

show_log() {
	if [ -n "$log" ]; then
		tail -n 20 "$log" >&2
		echo "build.sh: the machine with OpenZFS could not be built, see $log" >&2
	fi
}

# Debian's mirrors as apt-get and mmdebstrap read them: those that apt uses, with contrib, where
# zfs lies, and backports. apt's own configuration stays as it is.
make_mirrors() {
	mkdir -p "$work/apt/lists/partial" "$work/apt/archives/partial"
	# shellcheck disable=SC2016 # apt-get expands them
	apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' 'Origin: Debian' |
		awk -v suite="$suite" -v keyring="$keyring" '
			function mirror(uri, of) {
				if (!seen[of]++) print "deb [signed-by=" keyring "] " uri " " of " main contrib"
			}
			index($2, suite) == 1 { mirror($1, $2) }
			$2 == suite { mirror($1, suite "-backports") }' >"$work/apt/sources.list"
	grep -q backports "$work/apt/sources.list"
	private_apt update
}

# apt-get with lists of its own.
private_apt() {
	apt-get -q -o Dir::Etc::sourcelist="$work/apt/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::preferencesparts=- -o Dir::State::lists="$work/apt/lists" \
		-o Dir::Cache="$work/apt" -o APT::Sandbox::User=root "$@"
}

# unpack PACKAGE FOLDER
unpack() {
	(cd "$work/apt" && private_apt download "$1" && dpkg-deb -x "${1%%/*}"_*.deb "$2")
}

make_kernel() {
	unpack "linux-image-$kernel" "$work/kernel"
	depmod -b "$work/kernel" "$kernel"
	mv "$work/kernel/boot/vmlinuz-$kernel" "$work/vmlinuz"
}

# Without debug information: it is ten times as large and takes longer.
make_zfs() {
	rm -rf "$work/zfs"
	unpack "zfs-dkms/$suite-backports" "$work/zfs"
	cd "$work"/zfs/usr/src/zfs-*
	./configure --disable-dependency-tracking --with-config=kernel \
		--with-linux="/lib/modules/$kernel/source" --with-linux-obj="/lib/modules/$kernel/build"
	make -j "$(nproc)" KCFLAGS=-g0 CONFIG_DEBUG_INFO_BTF_MODULES=
	for module in spl zfs; do
		strip --strip-debug -o "$work/$module.ko" "module/$module.ko"
	done
}

# The libraries are named so that none of them is taken from the older release.
make_root() {
	rm -rf "$work/root"
	from=$suite-backports
	mmdebstrap --quiet --variant=essential --mode=root --aptopt='APT::Install-Recommends "false"' \
		--include="python3,udev,kmod,procps,mount,zfsutils-linux/$from,libzfs6linux/$from" \
		--include="libzpool6linux/$from,libnvpair3linux/$from,libuutil3linux/$from" \
		--dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/doc/*' \
		--dpkgopt='path-exclude=/usr/share/locale/*' \
		"$suite" "$work/root" "$work/apt/sources.list"
	cd "$work/root"
	rm -rf dev/* var/lib/apt/lists/* var/cache/*
	# Of udev, only the names of volumes: looking into each volume keeps it busy for a while.
	find usr/lib/udev/rules.d ! -name '*zvol*' -type f -delete
	mkdir job
	cp "$(command -v busybox)" usr/bin/
}

make_modules() {
	into=$work/root/usr/lib/modules/$kernel
	rm -rf "$into"
	mkdir -p "$into"
	cp "$work"/kernel/lib/modules/"$kernel"/modules.builtin* \
		"$work"/kernel/lib/modules/"$kernel"/modules.order "$work/spl.ko" "$work/zfs.ko" "$into/"
	depmod -b "$work/root/usr" "$kernel"
}

make_image() {
	mksquashfs "$work/root" "$work/root.squashfs" -comp lz4 -noappend -no-progress -quiet
}

make_initramfs() {
	root=$work/initramfs
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/modules"
	cp "$(command -v busybox)" "$root/bin/"
	cp "$here/boot" "$root/init"
	chmod 755 "$root/init"
	for module in $boot_modules; do
		modprobe -d "$work/kernel" -S "$kernel" --show-depends "$module"
	done | awk '$1 == "insmod" && !seen[$2]++ { print $2 }' |
		while read -r file; do
			cp "$file" "$root/modules/"
			basename "$file"
		done >"$root/modules/order"
	(cd "$root" && find . | cpio -o -H newc | gzip -9n) >"$work/initrd.gz"
}

main
