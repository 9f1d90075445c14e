"""The disks of guests: zvols disk{n}, and image files in the guest's folder img."""
