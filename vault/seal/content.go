package seal

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// Report is what a peer sends, PROTOCOL.md §4. Codes are the codebook's and
// are not checked here: a report with a code that we don't know is still a
// report. Raw is the JSON as it was sealed, unknown fields and all.
type Report struct {
	V           int          `json:"v"`
	Kind        string       `json:"kind"`
	ID          string       `json:"report"` // 32 hex digits
	Desk        string       `json:"desk"`
	Lang        string       `json:"lang,omitempty"`
	Made        string       `json:"made,omitempty"` // day, by the phone's clock
	Build       string       `json:"build,omitempty"`
	Practice    bool         `json:"practice,omitempty"`
	Flags       []string     `json:"flags,omitempty"`
	Answers     Answers      `json:"answers"`
	Contact     *Contact     `json:"contact,omitempty"`
	Consent     []string     `json:"consent,omitempty"`
	Thread      Thread       `json:"thread"`
	Roster      string       `json:"roster"` // hex hash of the note it was sealed with
	Attachments []Attachment `json:"attachments,omitempty"`
	// Imported is there when somebody at the desk made the report of a row of a
	// spreadsheet.
	Imported *Imported `json:"imported,omitempty"`

	Raw json.RawMessage `json:"-"`
}

// Imported says where a report that nobody sent by a phone came from.
type Imported struct {
	Source string `json:"source"` // as the importer calls it
	Mark   string `json:"mark"`   // of the row, see ImportMark
}

// Answers is the form. Every part may be missing.
type Answers struct {
	Groups       []string `json:"groups,omitempty"`
	Acts         []string `json:"acts,omitempty"`
	Who          []string `json:"who,omitempty"`
	WhoText      string   `json:"who_text,omitempty"`
	Where        Where    `json:"where,omitzero"`
	When         When     `json:"when,omitzero"`
	Teller       string   `json:"teller,omitempty"`
	Asked        string   `json:"asked,omitempty"`
	Affected     Affected `json:"affected,omitzero"`
	Grounds      []string `json:"grounds,omitempty"`
	Consequences []string `json:"consequences,omitempty"`
	Urgency      string   `json:"urgency,omitempty"`
	Need         []string `json:"need,omitempty"`
	Custody      *Custody `json:"custody,omitempty"`
	Story        string   `json:"story,omitempty"`
}

// Where names a region and a part of it by the roster's ids, and a place in the peer's words.
type Where struct {
	Region string `json:"region,omitempty"`
	Part   string `json:"part,omitempty"`
	Place  string `json:"place,omitempty"`
}

// When is date, about or not-sure; Clock says whose clock a date came from.
type When struct {
	Kind  string `json:"kind,omitempty"`
	Date  string `json:"date,omitempty"`
	Hour  *int   `json:"hour,omitempty"`
	Clock string `json:"clock,omitempty"`
}

// Affected says who it happened to, by codes.
type Affected struct {
	Populations []string `json:"populations,omitempty"`
	Gender      string   `json:"gender,omitempty"`
	Age         string   `json:"age,omitempty"`
	HowMany     string   `json:"how_many,omitempty"`
}

// Custody is asked when somebody is held now.
type Custody struct {
	Name     string `json:"name,omitempty"`
	Place    string `json:"place,omitempty"`
	Since    string `json:"since,omitempty"`
	Hearing  string `json:"hearing,omitempty"`
	Medicine string `json:"medicine,omitempty"`
}

// Contact is how to reach the peer other than by her receipt.
type Contact struct {
	Name  string `json:"name,omitempty"`
	Reach string `json:"reach,omitempty"`
	Times string `json:"times,omitempty"`
	Not   string `json:"not,omitempty"` // what not to do or say
}

// Thread is the public side of a receipt.
type Thread struct {
	ID     string `json:"id"`     // 32 hex digits, made from Key
	Key    string `json:"key"`    // base64 of the Ed25519 public key
	Reply  string `json:"reply"`  // recipient for answers
	Bucket string `json:"bucket"` // 64 hex digits
}

// Attachment describes a file that follows a report, and holds the key to it.
type Attachment struct {
	N      int    `json:"n"`
	SHA256 string `json:"sha256"` // hex, of the file as the peer chose it
	Size   int64  `json:"size"`   // of the file as the peer chose it
	// SealedSHA256 is the hex hash of what was sealed, when that is a cleaned copy.
	SealedSHA256 string   `json:"sealed_sha256,omitempty"`
	Type         string   `json:"type,omitempty"`
	Identity     Identity `json:"identity"`
	SealedSize   int64    `json:"sealed_size"` // of the age file, all blobs together
	Cleaned      bool     `json:"cleaned,omitempty"`
}

// NewReportID makes a random id for a report or follow-up.
func NewReportID() (string, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return "", fmt.Errorf("making a report id: %w", err)
	}
	return hex.EncodeToString(b[:]), nil
}

// ParseReport reads the JSON that OpenReport gives. It is bounded: 2 MiB,
// MaxDepth, MaxText, MaxAttachments; keys of one kind only and none twice. The
// fields that everything rests on must be right: v, kind, report, desk,
// thread (whose id must be its key's), roster, and every attachment.
// ErrContent, ErrTooLarge, ErrRecipient (the thread's reply).
//
// The caller compares Desk with the desk it was deposited for.
func ParseReport(plain []byte) (Report, error) {
	if err := checkJSON(plain, MaxPadded, MaxText, MaxDepth); err != nil {
		return Report{}, err
	}
	var r Report
	if err := decode(plain, &r); err != nil {
		return Report{}, err
	}
	if err := r.check(); err != nil {
		return Report{}, err
	}
	r.Raw = append(json.RawMessage(nil), plain...)
	return r, nil
}

// Encode writes r as the JSON to seal, with V and Kind filled in, and refuses
// one that ParseReport would refuse. Raw is not looked at.
func (r Report) Encode() ([]byte, error) {
	r.V, r.Kind = 1, "report"
	b, err := encode(r)
	if err != nil {
		return nil, err
	}
	if _, err := ParseReport(b); err != nil {
		return nil, err
	}
	return b, nil
}

func (r *Report) check() error {
	switch {
	case r.V != 1:
		return fmt.Errorf("%w: not version 1", ErrContent)
	case r.Kind != "report":
		return fmt.Errorf("%w: not a report", ErrContent)
	case !isHex(r.ID, 16):
		return fmt.Errorf("%w: bad report id", ErrContent)
	case !isID(r.Desk):
		return fmt.Errorf("%w: bad desk", ErrContent)
	case !isHex(r.Roster, 32):
		return fmt.Errorf("%w: bad roster hash", ErrContent)
	case len(r.Attachments) > MaxAttachments:
		return fmt.Errorf("%w: over %d attachments", ErrTooLarge, MaxAttachments)
	}
	if err := r.Thread.check(); err != nil {
		return err
	}
	seen := map[int]bool{}
	for _, a := range r.Attachments {
		if seen[a.N] {
			return fmt.Errorf("%w: two attachments with one number", ErrContent)
		}
		seen[a.N] = true
		if err := a.check(); err != nil {
			return err
		}
	}
	return nil
}

func (t Thread) check() error {
	key, ok := unb64(t.Key, 32)
	switch {
	case !ok:
		return fmt.Errorf("%w: bad thread key", ErrContent)
	case t.ID != ThreadID(key):
		return fmt.Errorf("%w: thread id is not its key's", ErrContent)
	case !isHex(t.Bucket, 32):
		return fmt.Errorf("%w: bad bucket", ErrContent)
	}
	if err := CheckRecipient(t.Reply); err != nil {
		return fmt.Errorf("reply: %w", err)
	}
	return nil
}

func (a Attachment) check() error {
	switch {
	case a.N < 0 || a.N >= MaxAttachments:
		return fmt.Errorf("%w: bad number of an attachment", ErrContent)
	case !isHex(a.SHA256, 32), a.SealedSHA256 != "" && !isHex(a.SealedSHA256, 32):
		return fmt.Errorf("%w: bad hash of an attachment", ErrContent)
	case a.Cleaned && a.SealedSHA256 == "":
		return fmt.Errorf("%w: a cleaned attachment without its sealed hash", ErrContent)
	case a.Size < 0 || a.Size > MaxFile, a.SealedSize <= 0 || a.SealedSize > maxSealedFile:
		return fmt.Errorf("%w: bad size of an attachment", ErrContent)
	}
	if _, err := ParseIdentity(string(a.Identity)); err != nil {
		return fmt.Errorf("%w: bad identity of an attachment", ErrContent)
	}
	return nil
}
