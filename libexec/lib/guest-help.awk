# Reads "WORD<tab>FILE" lines; prints those commands that are typed behind a guest.
{
	tab = index($0, "\t")
	read_header(substr($0, tab + 1))
	if (summary != "" && takes_guest())
		printf "  %-10s %s\n", substr($0, 1, tab - 1), summary
}
