# Reads "WORD<tab>FILE" lines; prints the words that may be typed behind `scope`: a guest or a
# word that stands for several, such as all, global and defaults.
{
	tab = index($0, "\t")
	read_header(substr($0, tab + 1))
	if (summary != "" && takes_scope())
		print substr($0, 1, tab - 1)
}

function takes_scope(    i, form) {
	for (i = 1; i <= usages; i++) {
		split(usage[i], form, " ")
		if (scope == "global" || scope == "defaults") {
			if (index("|" form[2] "|", "|" scope "|"))
				return 1
		} else if (form[2] ~ /<guest>/)
			return 1
	}
	return 0
}
