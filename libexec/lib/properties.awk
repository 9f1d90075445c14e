# Reads the specification of the properties; prints NAME and `sign` for those in `sections` (where
# a value is to follow, those kept by chyves itself are left out). Behind NAME= it prints the
# values that the property may have, where they are few.
#
# Where the scope is a guest, ENVIRON["own"] has NAME<tab>VALUE for each property of its own, and
# ENVIRON["disks"] its disks: a name with {n} is printed for those that there are, and with the
# next number where a new one is set. `unset` is told only what can be unset.
BEGIN {
	current = ENVIRON["current"]
	equals = sign == "=" ? index(current, "=") : 0
	owned = split(ENVIRON["own"], lines, "\n")
	for (i = 1; i <= owned; i++)
		own[substr(lines[i], 1, index(lines[i], "\t") - 1)] = 1
	disks = split(ENVIRON["disks"], disk, "\n")
}
/^\[/ {
	wanted = index(" " sections " ", " " substr($0, 2, length($0) - 2) " ")
	managed = 0
}
/^#/ { managed = managed || /\[\[managed\]\]/ }
wanted && /^[a-z][a-z0-9_{}:]* = / {
	if (verb == "unset") {
		if (sections != "guest" || ($0 !~ /default=/ && !managed))
			offer_own($1)
		# Several guests have different ones.
		if (!owned && sections == "guest" && $0 !~ /default=|[{]/)
			offer($1, "")
	} else if ($1 ~ /[{]/) {
		offer_own($1)
		if (sign == "=")
			offer_new($1)
	} else if (!managed || sign == "")
		offer($1, $0)
}
!/^#/ { managed = 0 }

# The names of the guest's own properties that a declared one stands for.
function offer_own(name,    pattern, each) {
	pattern = name
	gsub(/[{]n[}]/, "[0-9]+", pattern)
	for (each in own)
		if (each ~ ("^" pattern "$"))
			offer(each, "")
}

# What belongs to an interface is there as soon as the interface is.
function offer_new(name,    i, n, text) {
	if (name ~ /^(tap|vale|vlan)/)
		return
	if (name ~ /_disk[{]n[}]$/) {
		for (i = 1; i <= disks; i++)
			if (disk[i] ~ /^disk/)
				offer(substr(name, 1, length(name) - 7) disk[i], "")
		return
	}
	do {
		text = name
		sub(/[{]n[}]/, n + 0, text)
		n++
	} while (text in own)
	offer(text, "")
}

function offer(name, line,    values, n, i) {
	if (!equals) {
		print name sign
		return
	}
	if (name != substr(current, 1, equals - 1))
		return
	if (line ~ / = yesno\(/)
		line = "\"yes\", \"no\""
	else if (line !~ / = option\(/)
		return
	sub(/,? *default=.*/, "", line)
	n = split(line, values, "\"")
	for (i = 2; i <= n; i += 2)
		print name "=" values[i]
}
