# Reads "WORD<tab>FILE" lines; prints the word that `typed` is a slip of, if there is one:
# at most two letters missing, too many, wrong or swapped, and at most one in short words; capital
# letters are no slip.
BEGIN { FS = "\t"; least = length(typed) < 4 ? 1 : 2; least++ }
{
	distance = slips(tolower(typed), tolower($1))
	if (distance < least) {
		least = distance
		best = $1
	}
}
END { if (best != "") print best }

function slips(a, b,    i, j, d, cost) {
	for (i = 0; i <= length(a); i++)
		d[i, 0] = i
	for (j = 0; j <= length(b); j++)
		d[0, j] = j
	for (i = 1; i <= length(a); i++)
		for (j = 1; j <= length(b); j++) {
			cost = substr(a, i, 1) != substr(b, j, 1)
			d[i, j] = smaller(d[i - 1, j] + 1, smaller(d[i, j - 1] + 1, d[i - 1, j - 1] + cost))
			if (i > 1 && j > 1 && substr(a, i - 1, 2) == substr(b, j, 1) substr(b, j - 1, 1))
				d[i, j] = smaller(d[i, j], d[i - 2, j - 2] + 1)
		}
	return d[length(a), length(b)]
}

function smaller(x, y) { return x < y ? x : y }
