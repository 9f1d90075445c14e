#!/bin/sh
# Build the ISO of a small real guest and print its path.
#
# A Debian kernel, a busybox initramfs and GRUB: it boots by UEFI, by BIOS and by grub-bhyve
# (kernel and initramfs lie at /boot/vmlinuz and /boot/initrd.gz) to a shell on ttyS0.
# Nothing is installed here; the Debian packages that must be there are named in `packages`.
# The ISO is kept in ${XDG_CACHE_HOME:-~/.cache}/chyves under a name that changes with these
# sources, so a second call only prints it. CHYVES_GUEST_ISO=FILE uses a ready one.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/chyves
kernel_package=linux-image-amd64
# What a guest finds on the PCI bus that the lab builds, its screen too, and the file systems of
# its disks.
modules="virtio_pci virtio_blk virtio_net virtio_console virtio_rng ahci sd_mod sr_mod nvme e1000
  virtio_scsi xhci_pci usbhid hid_generic button evdev ext4 isofs vfat nls_cp437 nls_ascii nls_iso8859-1
  nls_utf8 bochs"

main() {
	if [ -n "${CHYVES_GUEST_ISO:-}" ]; then
		echo "$CHYVES_GUEST_ISO"
		return
	fi
	iso=$cache/guest-$(key).iso
	if [ ! -s "$iso" ]; then
		check_packages
		mkdir -p "$cache"
		work=$(mktemp -d "$cache/build.XXXXXX")
		trap 'rm -rf "$work"' EXIT
		trap 'exit 130' HUP INT TERM
		{
			unpack_kernel
			make_initramfs
			make_efi_loader
			make_iso
		} >"$work/log" 2>&1 || fail_with_log
		mv "$work/guest.iso" "$iso"
	fi
	echo "$iso"
}

# What the ISO is made of, as sixteen hex digits.
key() {
	cat "$here/build.sh" "$here/init" "$here/guest-commands" "$here/grub.cfg" |
		sha256sum | cut -c1-16
}

fail_with_log() {
	tail -20 "$work/log" >&2
	echo "build.sh: the guest ISO could not be built" >&2
	exit 1
}

check_packages() {
	missing=
	while read -r command package; do
		[ -e "$command" ] || command -v "$command" >/dev/null 2>&1 || missing="$missing $package"
	done <"$here/packages"
	if [ -n "$missing" ]; then
		echo "build.sh: missing Debian packages:$missing" >&2
		exit 1
	fi
}

unpack_kernel() {
	[ -n "$(apt-cache show "$kernel_package" 2>/dev/null)" ] || apt-get update
	package=$(apt-cache depends "$kernel_package" | awk '/Depends: linux-image-[0-9]/ { print $2; exit }')
	version=${package#linux-image-}
	# Into the system's own temporary folder: apt's sandbox user may not enter a home.
	(cd "$work" && apt-get -o APT::Sandbox::User=root download "$package" &&
		dpkg-deb -x "$package"_*.deb kernel && rm "$package"_*.deb)
	depmod -b "$work/kernel" "$version"
}

make_initramfs() {
	root=$work/initramfs
	mkdir -p "$root/bin" "$root/sbin" "$root/proc" "$root/sys" "$root/dev" "$root/mnt" \
		"$root/tmp" "$root/root" "$root/lib/modules/$version"
	cp /bin/busybox "$root/bin/"
	cp "$here/init" "$root/init"
	for command in poweroff reboot halt install-to-disk read-seed show-disks wait-for-button; do
		cp "$here/guest-commands" "$root/sbin/$command"
	done
	chmod 755 "$root/init" "$root"/sbin/*
	copy_modules
	(cd "$root" && find . | busybox cpio -o -H newc | gzip -9n) >"$work/initrd.gz"
}

copy_modules() {
	for module in $modules; do
		modprobe -d "$work/kernel" -S "$version" --show-depends "$module"
	done | awk '$1 == "insmod" { print $2 }' | awk '!seen[$0]++' |
		while read -r file; do
			cp "$file" "$root/lib/modules/$version/"
			basename "$file"
		done >"$root/lib/modules/order"
	echo "$version" >"$root/lib/modules/version"
}

# The loader that install-to-disk puts on a disk's EFI partition.
make_efi_loader() {
	printf 'search --no-floppy --set=root --file /boot/installed\nconfigfile /boot/grub/grub.cfg\n' \
		>"$work/embedded.cfg"
	grub-mkimage -O x86_64-efi -o "$work/bootx64.efi" -p /boot/grub -c "$work/embedded.cfg" \
		part_msdos part_gpt ext2 fat iso9660 normal linux search search_fs_file configfile \
		echo test all_video serial reboot halt
}

make_iso() {
	tree=$work/tree
	mkdir -p "$tree/boot/grub"
	cp "$work/kernel/boot/vmlinuz-$version" "$tree/boot/vmlinuz"
	cp "$work/initrd.gz" "$tree/boot/initrd.gz"
	cp "$work/bootx64.efi" "$tree/boot/bootx64.efi"
	cp "$here/grub.cfg" "$tree/boot/grub/grub.cfg"
	grub-mkrescue -o "$work/guest.iso" "$tree" -- -volid CHYVES_GUEST
}

main
