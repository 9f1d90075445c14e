# awk -f old-words.awk TABLE WORD...: for each manager that has the word, print a line "# NAME calls",
# and below it what the words have become; nothing where no table has them.
BEGIN {
	old = ARGV[2]
	while ((getline line < ARGV[1]) > 0)
		if (line ~ /^[[]/) {
			finish_table()
			manager = substr(line, 2, length(line) - 2)
		} else if (line !~ /^#/)
			look_at(line)
	finish_table()
	print_last()
	exit
}

function finish_table() {
	if (printed == "")
		printed = whole_table
	if (printed != "" && printed == last) {
		who = who " and " manager
	} else if (printed != "") {
		print_last()
		who = manager
		last = printed
	}
	printed = whole_table = ""
}

function print_last() {
	if (last != "")
		printf "# %s %s\n%s", who, (who ~ / / ? "call" : "calls"), last
}

function look_at(line,    colon, names, name, n, i) {
	colon = index(line, ": ")
	n = split(substr(line, 1, colon - 1), names, " ")
	for (i = 1; i <= n; i++)
		look_at_name(names[i], substr(line, colon + 2))
}

# OLD, OLD/KEY or OLD+WORD, and behind it (LETTERS) and L=VALUE.
function look_at_name(name, new,    letters, condition, second) {
	letters = condition = ""
	if (match(name, /[(][a-z]*[)]/)) {
		letters = substr(name, RSTART + 1, RLENGTH - 2)
		condition = substr(name, RSTART + RLENGTH)
		name = substr(name, 1, RSTART - 1)
	}
	second = 0
	if (name == old || index(name, old "/") == 1 || index(name, old "+") == 1)
		take_words(letters)
	if (index(name, old "/") == 1) {
		look_at_setting(substr(name, length(old) + 2), new)
		return
	}
	if (index(name, old "+") == 1) {
		second = words > 0 && word[1] == substr(name, length(old) + 2)
		drop_first()
		if (second)
			show(new, "")
		else
			whole_table = with_line(whole_table, form(new, ""))
	} else if (name == old && holds(condition))
		show(new, "")
}

# The words behind the old one, and the values of its options.
function take_words(letters,    i, letter) {
	split("", word)
	split("", option)
	words = dashed = 0
	for (i = 3; i < ARGC; i++) {
		letter = substr(ARGV[i], 2)
		dashed = dashed || ARGV[i] ~ /^-/
		if (ARGV[i] !~ /^-/)
			word[++words] = ARGV[i]
		else if (length(letter) == 1 && index(letters, letter))
			option[letter] = ARGV[++i]
	}
}

function drop_first(    i) {
	for (i = 1; i < words; i++)
		word[i] = word[i + 1]
	if (words)
		words--
}

function holds(condition,    letter) {
	if (condition == "!")
		return !dashed
	letter = substr(condition, 1, 1)
	return condition == "" || (letter in option) && option[letter] == substr(condition, 3)
}

# A setting that the user gave is shown with its value; where none was given, all are shown.
function look_at_setting(key, new,    i) {
	for (i = 1; i <= words; i++)
		if (index(word[i], key "=") == 1)
			show(new, substr(word[i], length(key) + 2))
	whole_table = with_line(whole_table, form(new, toupper(key)))
}

function show(new, value) {
	printed = with_line(printed, form(new, value))
}

function with_line(text, line) {
	return index("\n" text, "\n" line "\n") ? text : text line "\n"
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
	if (part ~ /^[{]-/)
		return (substr(part, 3, 1) in option) ? quoted(option[substr(part, 3, 1)]) : substr(part, 5, length(part) - 5)
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
