# Reads "WORD<tab>FILE" lines; prints all commands that have a summary, in groups.
BEGIN {
	width = 10
	everyday = "create start console stop list info get set delete"
	n = split(everyday, order, " ")
	for (i = 1; i <= n; i++)
		is_everyday[order[i]] = 1
}
{
	tab = index($0, "\t")
	word = substr($0, 1, tab - 1)
	read_header(substr($0, tab + 1))
	if (summary == "")
		next
	text[word] = summary
	if (length(word) > width)
		width = length(word)
	if (index($0, "\t" own "/chyves-") == 0)
		add("plugins", word)
	else if (!(word in is_everyday))
		add(goes_behind("a guest") ? "guests" : "host", word)
}
END {
	print "chyves keeps virtual machines (guests) for bhyve in ZFS."
	print ""
	print "Usage: chyves GUEST COMMAND ...      chyves web1 start"
	print "       chyves COMMAND ...            chyves list"
	for (i = 1; i <= n; i++)
		if (order[i] in text)
			add("everyday", order[i])
	group("Every day", "everyday")
	group("More for guests", "guests")
	group("Host and chyves itself", "host")
	group("Plugins", "plugins")
	print ""
	print "GUEST is a guest's name, several with commas, a group (:web), or all."
	print "chyves help COMMAND explains one; most take -n, to show what they would do."
	print "First steps: chyves dataset POOL install, then chyves web1 create"
}

function add(kind, word) {
	members[kind, ++count[kind]] = word
}

function group(title, kind,    i) {
	if (!count[kind])
		return
	print "\n" title
	for (i = 1; i <= count[kind]; i++)
		row(members[kind, i])
}

function row(word) {
	printf "  %-" width "s %s\n", word, text[word]
}
