# Reads "WORD<tab>FILE" lines; prints the words that may be typed behind `scope`: a guest, or a
# word that is meant instead of one. They begin with ENVIRON["current"].
BEGIN { current = ENVIRON["current"] }
substr($0, 1, length(current)) == current {
	tab = index($0, "\t")
	read_header(substr($0, tab + 1))
	if (summary != "" && goes_behind(scope))
		print substr($0, 1, tab - 1)
}
