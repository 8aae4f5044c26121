package bundle

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"peerwitness/vault/seal"
)

func (v *verifier) signer(person string, version uint64) (ed25519.PublicKey, bool) {
	r := v.rosters[version]
	if r == nil {
		return nil, false
	}
	p, ok := r.Person(person)
	return p.Key(), ok
}

// announced is what a report says of a file. Keys are gone from it.
type announced struct {
	SHA256       string `json:"sha256"`
	SealedSHA256 string `json:"sealed_sha256"`
}

// claimed is what of a claim or join entry's data is looked at.
type claimed struct {
	Desk   string `json:"desk"`
	Report struct {
		Thread      seal.Thread `json:"thread"`
		Attachments []announced `json:"attachments"`
	} `json:"report"`
	FollowUps []json.RawMessage `json:"follow_ups"`
}

// signed counts an entry that held, and looks at what the person sent in it.
func (v *verifier) signed(body seal.EntryBody, e EntryFile) {
	v.c.Signed++
	if p, ok := v.rosters[body.Roster].Person(body.Author); ok {
		if name := fmt.Sprintf("%s (%s)", line(p.Name, 400), p.ID); !slices.Contains(v.c.Authors, name) {
			v.c.Authors = append(v.c.Authors, name)
		}
	}
	if body.Kind != "claim" && body.Kind != "join" {
		return
	}
	var d claimed
	if json.Unmarshal(body.Data, &d) != nil {
		v.s.fault(e.Path, "is signed and can't be read")
		return
	}
	if body.Kind == "claim" {
		v.desk, v.thread = d.Desk, d.Report.Thread.ThreadKey()
	}
	v.files = append(v.files, d.Report.Attachments...)
	for _, raw := range d.FollowUps {
		v.message(raw, e)
	}
}

// message checks that the holder of the person's words wrote a later message.
func (v *verifier) message(raw json.RawMessage, e EntryFile) {
	var m seal.FollowUp
	if json.Unmarshal(raw, &m) != nil {
		v.c.Unsaid++ // the desk shows such a one as not readable
		return
	}
	var said struct {
		Attachments []struct {
			New *announced `json:"new"`
		} `json:"attachments"`
	}
	if json.Unmarshal([]byte(m.Body), &said) == nil {
		for _, a := range said.Attachments {
			if a.New != nil {
				v.files = append(v.files, *a.New)
			}
		}
	}
	switch {
	case v.thread == nil || strings.Contains(m.Body, "withheld:"):
		v.c.Unsaid++
	case m.Verify(v.desk, v.thread) != nil:
		v.c.Unsaid++
		v.c.Forged = append(v.c.Forged, e)
	default:
		v.c.Said++
	}
}

// attachments compares the files with the record, and with what an advocate signed of them.
func (v *verifier) attachments() {
	for _, f := range v.c.Record.Files {
		sum, listed := v.sums[f.Path]
		switch {
		case !listed:
			v.s.fault(f.Path, "is missing")
		case sum.String() != f.SHA256 || v.s.sizes[f.Path] != f.Size:
			v.s.fault(f.Path, "is not the file that %s names", nameRecord)
		case slices.ContainsFunc(v.files, func(a announced) bool {
			return a.SealedSHA256 == f.SHA256 || a.SealedSHA256 == "" && a.SHA256 == f.SHA256
		}):
			v.c.Traced++
		}
	}
}
