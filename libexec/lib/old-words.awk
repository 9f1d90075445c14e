# awk -f old-words.awk TABLE WORD...: print what the old words have become; nothing where the
# table does not have them.
BEGIN {
	old = ARGV[2]
	for (i = 3; i < ARGC; i++)
		if (ARGV[i] !~ /^-/)
			word[++words] = ARGV[i]
	while ((getline line < ARGV[1]) > 0)
		if (line !~ /^#/)
			look_at(line)
	if (!printed)
		printf "%s", whole_table
	exit
}

function look_at(line,    colon, names, name, n, i) {
	colon = index(line, ": ")
	n = split(substr(line, 1, colon - 1), names, " ")
	for (i = 1; i <= n; i++) {
		name = names[i]
		if (name == old)
			show(substr(line, colon + 2), "")
		else if (index(name, old "/") == 1)
			look_at_setting(substr(name, length(old) + 2), substr(line, colon + 2))
	}
}

# A setting that the user gave is shown with its value; where none was given, all are shown.
function look_at_setting(key, new,    i) {
	for (i = 1; i <= words; i++)
		if (index(word[i], key "=") == 1)
			show(new, substr(word[i], length(key) + 2))
	whole_table = whole_table form(new, toupper(key)) "\n"
}

function show(new, value) {
	print form(new, value)
	printed = 1
}

function form(new, value,    parts, n, i, text, part) {
	if (new ~ /^! /)
		return "  " substr(new, 3)
	n = split(new, parts, " ")
	text = "  chyves"
	for (i = 1; i <= n; i++) {
		part = fill(parts[i], value)
		if (part != "")
			text = text " " part
	}
	return text
}

function fill(part, value,    number, missing) {
	if (part == "{value}")
		return quoted(value)
	if (part == "{@guest}")
		return quoted(guest_and_name("guest"))
	if (part == "@{@name}")
		return quoted("@" guest_and_name("name"))
	if (part !~ /^[{]/)
		return part
	number = substr(part, 2) + 0
	missing = part ~ /:/ ? substr(part, 4, length(part) - 4) : ""
	if (number > words)
		return missing
	return quoted(word[number])
}

function guest_and_name(which,    at) {
	at = index(word[1], "@")
	if (which == "guest")
		return words < 1 ? "GUEST" : at ? substr(word[1], 1, at - 1) : word[1]
	if (at)
		return substr(word[1], at + 1)
	return words < 2 ? "NAME" : word[2]
}

function quoted(text) {
	sub(/^pcidev:/, "pcidev_", text)
	if (text ~ /^[A-Za-z0-9_.,:@%+=\/-]+$/)
		return text
	gsub(/'/, "'\\''", text)
	return "'" text "'"
}
