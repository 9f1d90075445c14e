# Reads "WORD<tab>FILE" lines; prints the words that have a summary, with `all` every one. With
# `typed`, only those that begin with ENVIRON["current"]: only their files are read then.
BEGIN { current = typed ? ENVIRON["current"] : "" }
substr($0, 1, length(current)) == current {
	tab = index($0, "\t")
	read_header(substr($0, tab + 1))
	if (all || summary != "")
		print (paths ? $0 : substr($0, 1, tab - 1))
}
