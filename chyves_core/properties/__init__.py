"""The properties of guests, disks and this host: one declaration, and what is read out of it."""
