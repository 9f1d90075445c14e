"""The devices of a virtual machine, a file for each kind: from properties to bhyve's -s and -l."""
