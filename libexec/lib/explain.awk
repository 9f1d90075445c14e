# Reads one "WORD<tab>FILE" line; prints what its header says.
{
	tab = index($0, "\t")
	word = substr($0, 1, tab - 1)
	file = substr($0, tab + 1)
	read_header(file)
	for (i = 1; i <= usages; i++)
		print_form(i == 1 ? "Usage: " : "       ", usage[i])
	if (!usages)
		print "Usage: chyves " word " ..."
	print ""
	print (summary == "" ? "(" file " has no summary)" : summary)
	if (long_help != "")
		print_paragraphs("\n" long_help)
	if (file != own "/chyves-" word)
		print "\nPlugin: " file
}

# A long form goes on in the next lines, below its first word; what stands in brackets is kept
# together.
function print_form(line, form,    words, n, i, unit) {
	n = split(form, words, " ")
	for (i = 1; i <= n; i++) {
		unit = unit == "" ? words[i] : unit " " words[i]
		if (gsub(/[[]/, "[", unit) != gsub(/[]]/, "]", unit) && i < n)
			continue
		if (i == 1) {
			line = line unit
		} else if (length(line) + length(unit) < 80) {
			line = line " " unit
		} else {
			print line
			line = "           " unit
		}
		unit = ""
	}
	print line
}

# Lines of running text are filled anew, up to 79 columns; indented ones stay as they are.
function print_paragraphs(text,    lines, n, i, k, words, m, filled) {
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (lines[i] !~ /^[A-Za-z0-9`<(]/) {
			if (filled != "")
				print filled
			filled = ""
			print lines[i]
			continue
		}
		m = split(lines[i], words, " ")
		for (k = 1; k <= m; k++)
			if (filled == "") {
				filled = words[k]
			} else if (length(filled) + length(words[k]) < 79) {
				filled = filled " " words[k]
			} else {
				print filled
				filled = words[k]
			}
	}
	if (filled != "")
		print filled
}
