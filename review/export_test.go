package review

// What external tests reach of the parsers.
var (
	ParsePerson     = parsePerson
	ParseWithdrawal = parseWithdrawal
	Canonical       = encode
)
