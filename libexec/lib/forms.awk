# awk -f header.awk -f forms.awk FILE WORD ARGUMENT...: what may stand in the place of the last
# argument, by the Usage lines of the command WORD in FILE. Prints lines of
#   word TEXT    TEXT itself
#   ask          the command is to be asked
#   KIND         a name of that kind: guest, iso, property, assignment, file, ...
#
# A form is taken apart into parts: token[i] (as "a|b|<guest>"), optional[i], repeated[i], and the
# options, with option_value[] for those that take one. Then the typed words are walked along.
BEGIN {
	word = ARGV[2]
	current = ARGV[ARGC - 1]
	read_header(ARGV[1])
	if (completes)
		offer("ask")
	else
		for (u = 1; u <= usages; u++) {
			take_apart(usage[u])
			follow(usage[u])
		}
	if (current ~ /^-/ && !completes)
		offer_explained_options()
	exit
}

function take_apart(form,    raw, n, i, text, depth, opened, of_option) {
	parts = 0
	split("", options)
	split("", option_value)
	gsub(/\342\200\246/, "...", form)
	n = split(form, raw, " ")
	of_option = ""
	for (i = 2; i <= n; i++) {
		text = raw[i]
		if (text == "[--" || text == "--")
			return
		sub(/<guest>\[,<guest>[^]]*\]/, "<guest>|all", text)
		gsub(/\[[,:][^]]*\]/, "", text)
		opened = gsub(/[[(]/, "", text)
		depth += opened
		if (text ~ /^-/) {
			of_option = add_options(text)
		} else if (of_option != "" && !opened) {
			add_value(of_option, text)
			of_option = ""
		} else if (text ~ /^[.]+[])]*$/) {
			repeated[parts] = 1
		} else if (!(text == word && i <= 3)) {
			add_part(text, depth)
		}
		if (text ~ /[])]$/) {
			depth -= gsub(/[])]/, "", text)
			of_option = ""
		}
	}
}

function add_part(text, depth) {
	gsub(/[])]/, "", text)
	repeated[++parts] = gsub(/[.][.][.]/, "", text)
	optional[parts] = depth > 0
	token[parts] = text
}

# "-n", "-n|--dry-run", or a bundle of letters: "-ny", and also "-zbp|-h" (but not "-ce|-cu").
# Returns the options if a value may follow.
function add_options(text,    names, n, i, k, closed) {
	closed = gsub(/[])]/, "", text)
	n = split(text, names, "|")
	for (i = 1; i <= n; i++)
		if (names[i] ~ /^-[A-Za-z][A-Za-z][A-Za-z]+$/ || (n == 1 && text ~ /^-[A-Za-z]+$/))
			for (k = 2; k <= length(names[i]); k++)
				options["-" substr(names[i], k, 1)] = 1
		else
			options[names[i]] = 1
	return closed ? "" : text
}

function add_value(of_option, text,    names, n, i) {
	gsub(/[])]|[.][.][.]/, "", text)
	n = split(of_option, names, "|")
	for (i = 1; i <= n; i++)
		option_value[names[i]] = text
}

# Where in the form are we, after all arguments but the last? Several places are possible.
function follow(form,    here, there, i, k, previous) {
	here[1] = 1
	for (i = 3; i < ARGC - 1; i++) {
		previous = ARGV[i]
		if (previous ~ /^-./) {
			if (previous in option_value)
				if (++i == ARGC - 1) {
					offer_each(option_value[previous])
					return
				}
			continue
		}
		split("", there)
		for (k = 1; k <= parts; k++) {
			if (!(k in here))
				continue
			if (optional[k])
				here[k + 1] = 1
			if (fits(previous, token[k])) {
				there[k + 1] = 1
				if (repeated[k])
					there[k] = 1
			}
		}
		split("", here)
		for (k in there)
			here[k] = 1
	}
	for (k = 1; k <= parts + 1; k++)
		if (k in here)
			offer_at(k, here)
}

function offer_at(k, here,    name) {
	if (current ~ /^-/)
		for (name in options)
			offer("word " name)
	if (k > parts)
		return
	offer_each(token[k])
	if (optional[k])
		here[k + 1] = 1
}

# Options that stand first in a line of the long help, as in "  -n, --dry-run  only show it".
function offer_explained_options(    lines, n, i, names, m, k) {
	n = split(long_help, lines, "\n")
	for (i = 1; i <= n; i++) {
		if (lines[i] !~ /^ +-/)
			continue
		m = split(lines[i], names, " ")
		for (k = 1; k <= m && names[k] ~ /^--?[A-Za-z]/; k++) {
			gsub(/[^A-Za-z0-9-].*/, "", names[k])
			offer("word " names[k])
		}
	}
}

function fits(text, alternatives,    list, n, i, pattern) {
	n = split(alternatives, list, "|")
	for (i = 1; i <= n; i++) {
		pattern = list[i]
		gsub(/[.+*?$()]/, "[&]", pattern)
		gsub(/<[^>]*>|[A-Z][A-Z0-9]*/, ".+", pattern)
		gsub(/[{][a-z][}]/, "[0-9]+", pattern)
		if (text ~ ("^" pattern "$"))
			return 1
	}
	return 0
}

function offer_each(alternatives,    list, n, i) {
	n = split(alternatives, list, "|")
	for (i = 1; i <= n; i++)
		offer_one(list[i])
}

function offer_one(text,    kind) {
	if (text ~ /^<property>=/)
		offer("assignment")
	else if (text ~ /<(file|path)>|^(FILE|PATH|DIR)$/)
		offer("file")
	else if (text ~ /^(disk|tap|bridge)[{]n[}]$/)
		offer(substr(text, 1, length(text) - 3))
	else if (match(text, /<[a-z]+>/)) {
		kind = substr(text, RSTART + 1, RLENGTH - 2)
		if (kind !~ /^(word|ask)$/)
			offer(kind)
	} else if (text !~ /[A-Z{]/)
		offer("word " text)
}

function offer(line) {
	if (!(line in offered))
		print line
	offered[line] = 1
}
