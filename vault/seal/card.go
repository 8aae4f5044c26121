package seal

import (
	"crypto/ed25519"
	"fmt"
	"unicode"
	"unicode/utf8"
)

const (
	maxCard = 16 << 10
	maxName = 80 // characters
)

// Card is what a person hands to whoever makes the roster. It is public.
type Card struct {
	V        int    `json:"v"`
	Person   string `json:"person"`
	Name     string `json:"name"`
	Personal string `json:"personal"` // recipient
	Signing  string `json:"signing"`  // base64 public key
}

// Card returns the public side of a person's keys. ErrContent for the keys of
// anything else.
func (k KeyFile) Card() (Card, error) {
	if k.Kind != KindPerson {
		return Card{}, fmt.Errorf("%w: not the keys of a person", ErrContent)
	}
	if err := k.check(); err != nil {
		return Card{}, err
	}
	c := Card{V: 1, Person: k.Person, Name: k.Name, Personal: k.Personal.Recipient(),
		Signing: b64.EncodeToString(k.Signing.Public().(ed25519.PublicKey))}
	return c, c.check()
}

// Encode writes the card as JSON.
func (c Card) Encode() ([]byte, error) {
	if err := c.check(); err != nil {
		return nil, err
	}
	return encode(c)
}

// ParseCard reads a card. ErrContent, ErrRecipient, ErrTooLarge.
func ParseCard(b []byte) (Card, error) {
	if err := checkJSON(b, maxCard, maxCard, MaxDepth); err != nil {
		return Card{}, err
	}
	var c Card
	if err := decode(b, &c); err != nil {
		return Card{}, err
	}
	return c, c.check()
}

func (c Card) check() error {
	switch {
	case c.V != 1:
		return fmt.Errorf("%w: not version 1", ErrContent)
	case !isPerson(c.Person), c.Person == "recovery":
		return fmt.Errorf("%w: bad person id on a card", ErrContent)
	case !isName(c.Name):
		return fmt.Errorf("%w: bad name on a card", ErrContent)
	}
	if _, ok := unb64(c.Signing, ed25519.PublicKeySize); !ok {
		return fmt.Errorf("%w: bad signing key on a card", ErrContent)
	}
	return CheckRecipient(c.Personal)
}

// isName holds to what can be shown on one line without deceiving: no control
// or format characters, such as those that turn the direction of writing.
func isName(s string) bool {
	if s == "" || !utf8.ValidString(s) || utf8.RuneCountInString(s) > maxName {
		return false
	}
	for _, c := range s {
		// Joiners are letters' glue in Persian and Indic scripts.
		if unicode.IsControl(c) || unicode.Is(unicode.Cf, c) && c != '\u200c' && c != '\u200d' ||
			c == '\u2028' || c == '\u2029' {
			return false
		}
	}
	return true
}
