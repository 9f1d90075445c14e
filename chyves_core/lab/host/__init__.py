"""The lab host's own programs: interfaces, modules, processes, sysctl and their like."""
