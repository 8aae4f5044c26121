package seal

import (
	"crypto/ed25519"
	"fmt"

	"peerwitness/vault"
)

const (
	tagGrantBody = "peerwitness/grant-body/v1"
	maxGrant     = 16 << 10
	maxGrantText = 8 << 10
)

// grantBody is the JSON inside a grant object.
type grantBody struct {
	Journal       string `json:"journal"`
	Epoch         uint32 `json:"epoch"`
	To            string `json:"to"`
	ToRecipient   string `json:"to_recipient"` // hex H of the text
	CaseRecipient string `json:"case_recipient"`
	By            string `json:"by"`
	Sealed        string `json:"sealed"`
	Sig           string `json:"sig"`
}

func (g grantBody) statement(journal, toRecipient, sealed vault.ID) []byte {
	return vault.LP(tagGrantBody, journal[:], vault.U32(g.Epoch), []byte(g.To), toRecipient[:],
		[]byte(g.CaseRecipient), sealed[:])
}

// SealGrant gives an epoch's case identity to one person (or recovery), signed
// by the granter. toRecipient is the addressee's personal (or the recovery)
// recipient from the roster.
func SealGrant(journal vault.ID, epoch uint32, to, toRecipient string, caseID Identity, by string, key ed25519.PrivateKey) (vault.Grant, error) {
	if epoch == 0 || !isPerson(to) || !isPerson(by) || by == "recovery" {
		return vault.Grant{}, fmt.Errorf("%w: bad epoch or person", ErrContent)
	}
	if err := checkKey(key); err != nil {
		return vault.Grant{}, err
	}
	r, err := parseRecipient(toRecipient)
	if err != nil {
		return vault.Grant{}, err
	}
	if _, err := caseID.age(); err != nil {
		return vault.Grant{}, err
	}
	sealed, err := encrypt([]byte(caseID), r)
	if err != nil {
		return vault.Grant{}, err
	}
	sum := vault.Sum([]byte(toRecipient))
	g := grantBody{Journal: journal.String(), Epoch: epoch, To: to, ToRecipient: sum.String(),
		CaseRecipient: caseID.Recipient(), By: by, Sealed: b64.EncodeToString(sealed)}
	g.Sig = b64.EncodeToString(ed25519.Sign(key, g.statement(journal, sum, vault.Sum(sealed))))
	body, err := encode(g)
	if err != nil {
		return vault.Grant{}, err
	}
	return vault.Grant{Journal: journal, Epoch: epoch, To: to, Body: body}, nil
}

// OpenGrant opens a grant made to me (a person id, or recovery) with my
// personal (or the recovery) identity, and returns the case identity. granter
// gives the signing key of a person who may grant, from the roster. Order of
// checks: shape, place (ErrPlace: inside and outside differ, or it is for
// somebody else or another recipient), ErrAuthor, ErrSignature; only then is anything
// opened, and what comes out must be the identity of the case recipient named
// (ErrContent). So nothing is ever sealed to a recipient that no granter signed.
func OpenGrant(g vault.Grant, id Key, me string, granter func(person string) (ed25519.PublicKey, bool)) (Identity, error) {
	b, sealed, err := checkGrant(g, me, id.Recipient(), granter)
	if err != nil {
		return "", err
	}
	if err := checkOne(sealed); err != nil {
		return "", err
	}
	text, err := decryptWith(sealed, 256, untried{id})
	if err != nil {
		return "", err
	}
	caseID, err := Identity(text).Ready()
	if err != nil {
		return "", fmt.Errorf("%w: grant holds no identity", ErrContent)
	}
	if caseID.Recipient() != b.CaseRecipient {
		return "", fmt.Errorf("%w: grant holds another identity than it names", ErrContent)
	}
	return caseID.Identity, nil
}

// CheckGrant makes every check on a grant that can be made without opening it:
// those of OpenGrant up to the signature. toRecipient is the recipient that its
// addressee has on the roster. It returns the case recipient that the granter
// signed; whether what is sealed inside belongs to it only the addressee learns.
func CheckGrant(g vault.Grant, toRecipient string, granter func(person string) (ed25519.PublicKey, bool)) (caseRecipient string, err error) {
	b, _, err := checkGrant(g, g.To, toRecipient, granter)
	return b.CaseRecipient, err
}

// checkGrant is what OpenGrant checks before it opens anything.
func checkGrant(g vault.Grant, to, toRecipient string, granter func(person string) (ed25519.PublicKey, bool)) (grantBody, []byte, error) {
	b, sealed, err := parseGrant(g.Body)
	if err != nil {
		return grantBody{}, nil, err
	}
	sum := vault.Sum([]byte(toRecipient))
	switch {
	case b.Journal != g.Journal.String(), b.Epoch != g.Epoch, b.To != g.To:
		return grantBody{}, nil, fmt.Errorf("%w: grant differs inside and outside", ErrPlace)
	case b.To != to:
		return grantBody{}, nil, fmt.Errorf("%w: grant to somebody else", ErrPlace)
	case b.ToRecipient != sum.String():
		return grantBody{}, nil, fmt.Errorf("%w: grant to another recipient", ErrPlace)
	}
	key, ok := granter(b.By)
	if !ok || len(key) != ed25519.PublicKeySize {
		return grantBody{}, nil, fmt.Errorf("grant: %w", ErrAuthor)
	}
	sig, ok := unb64(b.Sig, ed25519.SignatureSize)
	if !ok || !ed25519.Verify(key, b.statement(g.Journal, sum, vault.Sum(sealed)), sig) {
		return grantBody{}, nil, fmt.Errorf("grant: %w", ErrSignature)
	}
	return b, sealed, nil
}

// GrantRecipient reads who granted, and the case recipient named, from a grant
// body without opening it; that is a claim until the signature is checked.
func GrantRecipient(g vault.Grant) (by, caseRecipient string, err error) {
	b, _, err := parseGrant(g.Body)
	return b.By, b.CaseRecipient, err
}

// parseGrant reads a grant's body and what is sealed in it.
func parseGrant(body []byte) (grantBody, []byte, error) {
	if err := checkJSON(body, maxGrant, maxGrantText, MaxDepth); err != nil {
		return grantBody{}, nil, err
	}
	var b grantBody
	if err := decode(body, &b); err != nil {
		return grantBody{}, nil, err
	}
	sealed, ok := unb64(b.Sealed, -1)
	if !ok || b.Epoch == 0 || !isPerson(b.To) || !isPerson(b.By) || b.By == "recovery" ||
		!isHex(b.Journal, 32) || !isHex(b.ToRecipient, 32) {
		return grantBody{}, nil, fmt.Errorf("%w: not a grant", ErrContent)
	}
	if b.Sig == "" {
		return grantBody{}, nil, fmt.Errorf("grant is not signed: %w", ErrSignature)
	}
	if err := CheckRecipient(b.CaseRecipient); err != nil {
		return grantBody{}, nil, fmt.Errorf("case: %w", err)
	}
	return b, sealed, nil
}
