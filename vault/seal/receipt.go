package seal

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	_ "embed" // the Portuguese list
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"strings"
	"unicode"

	"github.com/tyler-smith/go-bip39/wordlists"

	"peerwitness/vault"
)

const (
	infoReply  = "peerwitness/receipt/v1/reply-identity"
	infoThread = "peerwitness/receipt/v1/thread-key"
	infoBucket = "peerwitness/receipt/v1/bucket"
	tagDigits  = "peerwitness/digits/v1"

	receiptWords  = 12
	receiptDigits = 40
)

// Receipt is the 128 bits with which a peer finds her answers and proves that
// a later message is hers. It formats and logs as the word "receipt".
type Receipt [16]byte

// NewReceipt makes a random receipt.
func NewReceipt() (Receipt, error) {
	var r Receipt
	if _, err := rand.Read(r[:]); err != nil {
		return Receipt{}, fmt.Errorf("making a receipt: %w", err)
	}
	return r, nil
}

// String gives the word "receipt", whatever it is.
func (r Receipt) String() string { return "receipt" }

// Format writes the word "receipt" for every verb.
func (r Receipt) Format(f fmt.State, _ rune) { io.WriteString(f, "receipt") }

// LogValue keeps the receipt out of structured logs.
func (r Receipt) LogValue() slog.Value { return slog.StringValue("receipt") }

// MarshalText refuses: a receipt is only ever written down as words or digits.
func (r Receipt) MarshalText() ([]byte, error) {
	return nil, fmt.Errorf("%w: not to be written as text", ErrReceipt)
}

// wordList is one BIP39 list and where each of its words is, by folded form.
type wordList struct {
	words []string
	index map[string]int
}

// The official lists, in NFKD; unique without accents too, a test holds that.
var wordLists = map[string]wordList{
	"en": newWordList(wordlists.English),
	"es": newWordList(wordlists.Spanish),
	"fr": newWordList(wordlists.French),
	"pt": newWordList(strings.Fields(portuguese)),
}

// portuguese is the official list of BIP-39, which the library lacks.
//
//go:embed portuguese.txt
var portuguese string

func newWordList(words []string) wordList {
	l := wordList{words: words, index: make(map[string]int, len(words))}
	for i, w := range words {
		l.index[fold(w)] = i
	}
	return l
}

// Words returns the receipt as 12 BIP39 words of lang (en, es, fr, pt), accents in
// NFKD as the lists have them. ErrReceipt for a language without a list.
func (r Receipt) Words(lang string) ([]string, error) {
	list, ok := wordLists[lang]
	if !ok {
		return nil, fmt.Errorf("%w: no word list for this language", ErrReceipt)
	}
	sum := sha256.Sum256(r[:])
	n := new(big.Int).SetBytes(r[:])
	n.Lsh(n, 4).Or(n, big.NewInt(int64(sum[0]>>4)))
	words, low := make([]string, receiptWords), big.NewInt(2047)
	for i := receiptWords - 1; i >= 0; i-- {
		words[i] = list.words[new(big.Int).And(n, low).Int64()]
		n.Rsh(n, 11)
	}
	return words, nil
}

// Digits returns the receipt as eight groups of five digits, a space between.
func (r Receipt) Digits() string {
	n := new(big.Int).SetBytes(r[:])
	n.Lsh(n, 4).Or(n, big.NewInt(int64(r.digitCheck())))
	s := fmt.Sprintf("%040d", n)
	var groups []string
	for i := 0; i < receiptDigits; i += 5 {
		groups = append(groups, s[i:i+5])
	}
	return strings.Join(groups, " ")
}

func (r Receipt) digitCheck() byte { return vault.Sum(vault.LP(tagDigits, r[:]))[0] >> 4 }

// ParseReceipt reads what somebody typed: 12 words of lang (en, es, fr, pt; any
// case, with or without accents), or, in any language, 40 digits, of any of the
// scripts that the phone speaks. Spaces, line ends, commas, full stops and
// hyphens between them don't matter. ErrReceipt, without what was typed: an
// unknown or missing word, or a check that fails.
func ParseReceipt(text, lang string) (Receipt, error) {
	if len(text) > 4096 {
		return Receipt{}, fmt.Errorf("%w: too long", ErrReceipt)
	}
	parts := strings.FieldsFunc(strings.Map(ascii, text), func(c rune) bool {
		return unicode.IsSpace(c) || strings.ContainsRune(",.;-–—،؛၊။\u200b\ufeff", c)
	})
	if digits := strings.Join(parts, ""); digits != "" && strings.Trim(digits, "0123456789") == "" {
		return parseDigits(digits)
	}
	list, ok := wordLists[lang]
	if !ok {
		return Receipt{}, fmt.Errorf("%w: no word list for this language", ErrReceipt)
	}
	if len(parts) != receiptWords {
		return Receipt{}, fmt.Errorf("%w: %d words where there must be %d", ErrReceipt, len(parts), receiptWords)
	}
	n := new(big.Int)
	for i, w := range parts {
		at, ok := list.index[fold(w)]
		if !ok {
			return Receipt{}, fmt.Errorf("%w: word %d is not on the list", ErrReceipt, i+1)
		}
		n.Lsh(n, 11).Or(n, big.NewInt(int64(at)))
	}
	r, check := cutCheck(n)
	if sum := sha256.Sum256(r[:]); sum[0]>>4 != check {
		return Receipt{}, fmt.Errorf("%w: the words don't fit together", ErrReceipt)
	}
	return r, nil
}

func parseDigits(digits string) (Receipt, error) {
	if len(digits) != receiptDigits {
		return Receipt{}, fmt.Errorf("%w: %d digits where there must be %d", ErrReceipt, len(digits), receiptDigits)
	}
	n, ok := new(big.Int).SetString(digits, 10)
	if !ok || n.BitLen() > 132 {
		return Receipt{}, fmt.Errorf("%w: the digits don't fit together", ErrReceipt)
	}
	r, check := cutCheck(n)
	if r.digitCheck() != check {
		return Receipt{}, fmt.Errorf("%w: the digits don't fit together", ErrReceipt)
	}
	return r, nil
}

// cutCheck splits 132 bits into the receipt and its last 4.
func cutCheck(n *big.Int) (r Receipt, check byte) {
	check = byte(new(big.Int).And(n, big.NewInt(15)).Int64())
	new(big.Int).Rsh(n, 4).FillBytes(r[:])
	return r, check
}

// ascii turns the digits of Arabic, Persian and Burmese into 0 to 9.
func ascii(c rune) rune {
	for _, zero := range "٠۰၀" {
		if c >= zero && c <= zero+9 {
			return '0' + c - zero
		}
	}
	return c
}

// accents are the letters of French and Spanish that have one, composed.
var accents = strings.NewReplacer("à", "a", "á", "a", "í", "i", "ó", "o", "ú", "u", "ñ", "n", "â", "a", "ä", "a", "ç", "c", "é", "e", "è", "e", "ê", "e", "ë", "e",
	"î", "i", "ï", "i", "ô", "o", "ö", "o", "ù", "u", "û", "u", "ü", "u", "ÿ", "y", "œ", "oe", "æ", "ae")

// fold is lower case without accents, composed or not.
func fold(w string) string {
	w = accents.Replace(strings.ToLower(w))
	return strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Mn, c) {
			return -1
		}
		return c
	}, w)
}

// derive is HKDF-SHA256 over the receipt, without salt.
func (r Receipt) derive(info string) (out [32]byte) {
	b, err := hkdf.Key(sha256.New, r[:], nil, info, len(out))
	if err != nil {
		panic("seal: HKDF refused 32 bytes") // it refuses lengths over 8,160 only
	}
	copy(out[:], b)
	return out
}

// ReplyIdentity opens the answers.
func (r Receipt) ReplyIdentity() Identity { return IdentityFromSeed(r.derive(infoReply)) }

// ThreadKey signs follow-ups.
func (r Receipt) ThreadKey() ed25519.PrivateKey {
	seed := r.derive(infoThread)
	return ed25519.NewKeyFromSeed(seed[:])
}

// ThreadID names the thread.
func (r Receipt) ThreadID() string { return ThreadID(r.ThreadKey().Public().(ed25519.PublicKey)) }

// Bucket says where answers are put; its first bits are public in a fetch.
func (r Receipt) Bucket() [32]byte { return r.derive(infoBucket) }

// Thread is the public side, for the report.
func (r Receipt) Thread() Thread {
	bucket := r.Bucket()
	return Thread{
		ID:     r.ThreadID(),
		Key:    b64.EncodeToString(r.ThreadKey().Public().(ed25519.PublicKey)),
		Reply:  r.ReplyIdentity().Recipient(),
		Bucket: hex.EncodeToString(bucket[:]),
	}
}
