# read_header(file): the contract between chyves and a command in any language.
#
# The header are the comment lines at the top of the file. Sets summary, usage[1..usages] (one
# "# Usage:" line for each form), long_help (the lines below the summary) and completes.
function read_header(file,    line) {
	summary = long_help = ""
	usages = completes = 0
	while ((getline line < file) > 0 && line ~ /^#/)
		if (line ~ /^#[ \t]*Summary:/)
			summary = after_colon(line)
		else if (line ~ /^#[ \t]*Usage:/)
			usage[++usages] = after_colon(line)
		else if (line ~ /^#[ \t]*Provide chyves completions/)
			completes = 1
		else if (summary != "")
			long_help = long_help substr(line, line ~ /^# / ? 3 : 2) "\n"
	close(file)
	gsub(/^\n+|\n+$/, "", long_help)
}

function after_colon(line) {
	sub(/^[^:]*:[ \t]*/, "", line)
	sub(/[ \t]+$/, "", line)
	return line
}

# goes_behind(scope): may the command stand behind a guest, or behind the word that is meant
# instead of one (global, defaults, host)?
function goes_behind(scope,    i, form) {
	for (i = 1; i <= usages; i++) {
		split(usage[i], form, " ")
		if (index("|" form[2] "|", "|" scope "|"))
			return 1
		if (scope !~ /^(global|defaults|host)$/ && form[2] ~ /<guest>/)
			return 1
	}
	return 0
}
