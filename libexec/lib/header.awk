# read_header(file): the contract between chyves and a command in any language.
#
# After the first line (#!...) come comment lines. From "# Summary:" on, up to the first line that
# is no comment, they are the header. Sets summary, usage[1..usages], long_help and completes.
# A "# Usage:" line is one form of the command; lines below it that go on with "chyves" are more.
function read_header(file,    line, lines, last_was_usage) {
	summary = long_help = ""
	usages = completes = 0
	while ((getline line < file) > 0) {
		if (++lines == 1 && line !~ /^#!/)
			break
		if (line !~ /^#/) {
			if (summary != "" || usages || line !~ /^[ \t]*$/)
				break
		} else if (line ~ /^# *Summary:/) {
			summary = after_colon(line)
			last_was_usage = 0
		} else if (line ~ /^# *Usage:/) {
			usage[++usages] = after_colon(line)
			last_was_usage = 1
		} else if (last_was_usage && line ~ /^#[ \t]+chyves /) {
			sub(/^#[ \t]+/, "", line)
			usage[++usages] = line
		} else if (line ~ /^# *Provide chyves completions *$/) {
			completes = 1
		} else if (summary != "") {
			last_was_usage = 0
			sub(/^# ?/, "", line)
			long_help = long_help line "\n"
		}
	}
	close(file)
	gsub(/^\n+|\n+$/, "", long_help)
}

function after_colon(line) {
	sub(/^[^:]*:[ \t]*/, "", line)
	sub(/[ \t]+$/, "", line)
	return line
}

# takes_guest(): does one of the forms begin with a guest?
function takes_guest(    i) {
	for (i = 1; i <= usages; i++)
		if (usage[i] ~ /^chyves [^ ]*<guest>/)
			return 1
	return 0
}
