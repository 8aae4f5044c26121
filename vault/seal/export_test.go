package seal

// For the tests of what has no exported face of its own.
var (
	Pad       = pad
	Unpad     = unpad
	WordLists = func(lang string) []string { return wordLists[lang].words }
	Fold      = fold

	ParseReply = parseReply
)
