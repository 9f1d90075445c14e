# Reads one "WORD<tab>FILE" line; prints what its header says.
{
	tab = index($0, "\t")
	word = substr($0, 1, tab - 1)
	file = substr($0, tab + 1)
	read_header(file)
	for (i = 1; i <= usages; i++)
		print (i == 1 ? "Usage: " : "       ") usage[i]
	if (!usages)
		print "Usage: chyves " word " ..."
	print ""
	print summary == "" ? "(" file " has no summary)" : summary
	if (long_help != "")
		print "\n" long_help
	if (file != own "/chyves-" word)
		print "\nPlugin: " file
}
