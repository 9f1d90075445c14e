# Reads the specification of the properties; prints NAME and `sign` for those in `sections` (where
# a value is to follow, those kept by chyves itself are left out). Behind NAME= it prints the
# values that the property may have, where they are few.
BEGIN {
	current = ENVIRON["current"]
	equals = sign == "=" ? index(current, "=") : 0
}
/^\[/ {
	wanted = index(" " sections " ", " " substr($0, 2, length($0) - 2) " ")
	managed = 0
}
/^#/ { managed = managed || /\[\[managed\]\]/ }
wanted && /^[a-z][a-z0-9_]* = / {
	if (!managed || sign == "")
		offer($1, $0)
}
!/^#/ { managed = 0 }

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
