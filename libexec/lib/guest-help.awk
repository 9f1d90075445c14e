# Reads "WORD<tab>FILE" lines; prints those commands that may be typed behind `guest`.
{
	tab = index($0, "\t")
	read_header(substr($0, tab + 1))
	if (summary != "" && goes_behind(guest))
		printf "  %-10s %s\n", substr($0, 1, tab - 1), summary
}
