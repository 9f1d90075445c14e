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

# A paragraph with lines that are too long for 80 columns is filled anew.
function print_paragraphs(text,    lines, n, i, paragraph, too_long) {
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (lines[i] !~ /^[A-Za-z0-9`<(]/) {
			print_paragraph(paragraph, too_long)
			paragraph = too_long = ""
			print lines[i]
		} else {
			paragraph = paragraph (paragraph == "" ? "" : "\n") lines[i]
			too_long = too_long || length(lines[i]) > 80
		}
	}
	print_paragraph(paragraph, too_long)
}

function print_paragraph(text, too_long,    words, n, i, line) {
	if (too_long) {
		n = split(text, words, /[ \n]+/)
		text = line = ""
		for (i = 1; i <= n; i++)
			if (line != "" && length(line) + length(words[i]) >= 80) {
				text = text line "\n"
				line = words[i]
			} else {
				line = line (line == "" ? "" : " ") words[i]
			}
		text = text line
	}
	if (text != "")
		print text
}
