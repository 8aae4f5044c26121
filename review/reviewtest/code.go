package reviewtest

import (
	"context"

	"peerwitness/review"
	"peerwitness/vault"
	"peerwitness/vault/codebook"
)

// Book is the codebook that the program carries.
func (o *Org) Book() *codebook.Codebook {
	o.T.Helper()
	b, err := codebook.Parse(codebook.Default())
	o.must(err)
	return b
}

// Coding is a small coding with main as its main act, in the north.
func Coding(main string) review.Coding {
	return review.Coding{
		Acts:         []review.CodedAct{{Code: main, Kind: "commission", State: "ended", Main: true, Perpetrators: []string{"police"}}},
		Perpetrators: []review.Perpetrator{{Code: "police", Badge: "PRACTICE 17"}},
		People:       []review.CodedPerson{{Populations: []string{"uses-drugs"}, Age: "25-34", HowMany: "1"}},
		Region:       "north",
	}
}

// CodeCase codes a case with one act, in whatever state it is.
func (o *Org) CodeCase(w *review.Workstation, id vault.ID, main string) {
	o.T.Helper()
	o.must(w.SetCoding(context.Background(), id, Coding(main), o.Book(), nil))
}
