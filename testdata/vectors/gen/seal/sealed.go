package main

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"

	"filippo.io/age"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

// bare hides a recipient's label, so that age mixes kinds it would not mix.
type bare struct{ age.Recipient }

// lowOrderStanza is a recipient whose stanza nobody can unwrap.
type lowOrderStanza struct{}

func (lowOrderStanza) Wrap([]byte) ([]*age.Stanza, error) {
	enc, body := make([]byte, 1120), make([]byte, 32)
	rand.Read(enc[:1088]) // the X25519 part stays zero
	rand.Read(body)
	return []*age.Stanza{{Type: "mlkem768x25519", Args: []string{base64.RawStdEncoding.EncodeToString(enc)}, Body: body}}, nil
}

func hybrid(n byte) age.Recipient {
	return bare{must(age.ParseHybridRecipient(seal.IdentityFromSeed(seed(n)).Recipient()))}
}

// ageFile seals plain to the given recipients in that order, with age itself.
func ageFile(plain []byte, to ...age.Recipient) []byte {
	var b bytes.Buffer
	w := must(age.Encrypt(&b, to...))
	must(w.Write(plain))
	check(w.Close())
	return b.Bytes()
}

func padded(text []byte, length, size int) []byte {
	b := make([]byte, size)
	binary.BigEndian.PutUint32(b, uint32(length))
	copy(b[4:], text)
	return b
}

func sealed() {
	// A case is the file, less its last cut bytes, with append after it, and
	// the lowest bit changed of the byte at flip where that is not -1.
	type sealedCase struct {
		Name     string `json:"name"`
		File     string `json:"file"`
		Cut      int    `json:"cut"`
		Append   string `json:"append"` // hex
		Flip     int    `json:"flip"`
		Slots    int    `json:"slots"`
		Identity string `json:"identity"`
		Error    string `json:"error"` // empty when it opens
		JSON     string `json:"json,omitempty"`
	}
	text := must(sample().Encode())
	me, stranger := seal.IdentityFromSeed(seed(1)), seal.IdentityFromSeed(seed(99))
	var cases []sealedCase
	add := func(name, file string, slots int, id seal.Identity, bad string) *sealedCase {
		c := sealedCase{Name: name, File: file, Flip: -1, Slots: slots, Identity: id.Reveal(), Error: bad}
		if bad == "" {
			c.JSON = string(text)
		}
		cases = append(cases, c)
		return &cases[len(cases)-1]
	}
	put := func(file string, b []byte) { writeBytes(file, b) }
	plain := padded(text, len(text), 32<<10)
	slots := func(n int) (to []age.Recipient) {
		for i := range n {
			to = append(to, hybrid(byte(i)))
		}
		return to
	}

	to := []string{seal.IdentityFromSeed(seed(0)).Recipient(), me.Recipient(), seal.IdentityFromSeed(seed(2)).Recipient()}
	put("sealed/report-8.age", must(seal.SealReport(text, to, 8)))
	put("sealed/report-16.age", must(seal.SealReport(text, to, 16)))
	size := len(must(seal.SealReport(text, to, 8)))
	payload := 16 + 32<<10 + 16
	add("8 slots", "sealed/report-8.age", 8, me, "")
	add("8 slots, another of the desk", "sealed/report-8.age", 8, seal.IdentityFromSeed(seed(2)), "")
	add("16 slots", "sealed/report-16.age", 16, me, "")
	add("8 slots where the desk has 16", "sealed/report-8.age", 16, me, "shape")
	add("16 slots where the desk has 8", "sealed/report-16.age", 8, me, "shape")
	add("not sealed to this identity", "sealed/report-8.age", 8, stranger, "not-for-us")
	add("last byte missing", "sealed/report-8.age", 8, me, "shape").Cut = 1
	add("payload missing", "sealed/report-8.age", 8, me, "shape").Cut = payload
	add("a byte after the end", "sealed/report-8.age", 8, me, "shape").Append = "00"
	add("payload altered", "sealed/report-8.age", 8, me, "damaged").Flip = size - 1000
	add("nonce altered", "sealed/report-8.age", 8, me, "damaged").Flip = size - payload
	add("length of a second chunk, not one", "sealed/report-8.age", 8, me, "shape").Append = hex.EncodeToString(make([]byte, 16))

	put("sealed/seven.age", ageFile(plain, slots(7)...))
	add("7 stanzas", "sealed/seven.age", 8, me, "shape")
	put("sealed/nine.age", ageFile(plain, slots(9)...))
	add("9 stanzas", "sealed/nine.age", 8, me, "shape")
	put("sealed/classic.age", ageFile(plain, append(slots(7), bare{must(age.GenerateX25519Identity()).Recipient()})...))
	add("one classic stanza", "sealed/classic.age", 8, me, "shape")
	put("sealed/low-order.age", ageFile(plain, append(slots(7), lowOrderStanza{})...))
	add("one stanza that nobody can unwrap", "sealed/low-order.age", 8, me, "stanza")
	put("sealed/odd-size.age", ageFile(padded(text, len(text), 33<<10), slots(8)...))
	add("padded to 33 KiB", "sealed/odd-size.age", 8, me, "shape")
	dirty := padded(text, len(text), 32<<10)
	dirty[len(dirty)-1] = 1
	put("sealed/padding-not-zero.age", ageFile(dirty, slots(8)...))
	add("padding not zero", "sealed/padding-not-zero.age", 8, me, "padding")
	put("sealed/length-too-large.age", ageFile(padded(text, 32<<10-3, 32<<10), slots(8)...))
	add("length that does not fit", "sealed/length-too-large.age", 8, me, "padding")
	write("sealed.json", cases)
}

func attachments() {
	type attachmentCase struct {
		Name       string          `json:"name"`
		Attachment seal.Attachment `json:"attachment"`
		File       string          `json:"file"`  // of the only blob
		Cut        int             `json:"cut"`   // bytes off its end
		Blobs      []string        `json:"blobs"` // names, after the cut
		Content    string          `json:"content"`
		Error      string          `json:"error"`
	}
	// Byte i of the content is i·7 mod 251.
	content := make([]byte, 70000)
	for i := range content {
		content[i] = byte(i * 7 % 251)
	}
	var cases []attachmentCase
	add := func(name, file string, b []byte, cut int, a seal.Attachment, bad string) {
		b = b[:len(b)-cut]
		cases = append(cases, attachmentCase{name, a, file, cut, []string{vault.Sum(b).String()}, vault.Sum(content).String(), bad})
	}
	key, blobs, err := seal.SealAttachment(bytes.NewReader(content), int64(len(content)))
	check(err)
	writeBytes("attachments/good.blob", blobs[0])
	good := key.Attachment(0, "image/jpeg")
	add("good", "attachments/good.blob", blobs[0], 0, good, "")
	cleaned := good
	cleaned.SealedSHA256, cleaned.SHA256, cleaned.Size, cleaned.Cleaned = good.SHA256, fmt.Sprintf("%064x", 1), 71234, true
	add("good, a cleaned copy", "attachments/good.blob", blobs[0], 0, cleaned, "")
	lastChunk := int(seal.Padme(int64(8+len(content)))) - 64<<10 + 16
	short := good
	short.SealedSize -= int64(lastChunk)
	add("last chunk missing", "attachments/good.blob", blobs[0], lastChunk, good, "damaged")
	add("last chunk missing, size said so", "attachments/good.blob", blobs[0], lastChunk, short, "damaged")
	short.SealedSize = good.SealedSize - 1
	add("last byte missing, size said so", "attachments/good.blob", blobs[0], 1, short, "damaged")
	wrong := good
	wrong.SHA256 = fmt.Sprintf("%064x", 1)
	add("wrong hash", "attachments/good.blob", blobs[0], 0, wrong, "damaged")
	wrong = good
	wrong.Size++
	add("wrong size", "attachments/good.blob", blobs[0], 0, wrong, "damaged")

	id := seal.IdentityFromSeed(seed(7))
	odd := func(name, file string, length uint64, size int, dirty bool, bad string) {
		p := make([]byte, size)
		binary.BigEndian.PutUint64(p, length)
		copy(p[8:], content[:100])
		if dirty {
			p[size-1] = 1
		}
		b := ageFile(p, must(age.ParseHybridRecipient(id.Recipient())))
		writeBytes(file, b)
		a := seal.Attachment{SHA256: vault.Sum(content[:100]).String(), Size: 100, Identity: id, SealedSize: int64(len(b))}
		add(name, file, b, 0, a, bad)
	}
	full := int(seal.Padme(108))
	odd("padding not zero", "attachments/padding-not-zero.blob", 100, full, true, "padding")
	odd("length that does not fit", "attachments/length.blob", 1<<63, full, false, "padding")
	odd("padded to another size", "attachments/odd-size.blob", 100, 200, false, "padding")
	write("attachments.json", cases)
}

// journal writes grants.json and entries.json: one good one each, which only
// the workstation reads. What it must refuse, its tests make from these.
func journal() {
	s := seed(20)
	key := ed25519.NewKeyFromSeed(s[:])
	pub := base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
	const author, addressee = "p-0000000000000001", "p-0000000000000002"
	j := vault.ID(seed(21))
	personal, caseID := seal.IdentityFromSeed(seed(22)), seal.IdentityFromSeed(seed(23))
	g := must(seal.SealGrant(j, 1, addressee, personal.Recipient(), caseID, author, key))
	write("grants.json", []map[string]any{{"journal": j.String(), "epoch": 1, "to": addressee, "body": string(g.Body), "by": author,
		"signing": pub, "personal": personal.Reveal(), "case": caseID.Reveal()}})
	effects := vault.Append{Grants: []vault.Grant{g}}.Effects()
	body := seal.EntryBody{Journal: j.String(), Epoch: 1, Prev: vault.ID{}.String(), Author: author, Roster: 1,
		Time: time.Date(2026, 11, 23, 9, 15, 0, 0, time.UTC), Kind: "note", Effects: effects.String(), Data: []byte(`{"text":"a note"}`)}
	e := vault.Entry{Journal: j, Epoch: 1, Sealed: must(seal.SealEntry(body, caseID.Recipient(), key))}
	write("entries.json", []map[string]any{{"object": base64.StdEncoding.EncodeToString(vault.EntryObject(e)), "id": e.ID().String(),
		"effects": effects.String(), "case": caseID.Reveal(), "author": author, "signing": pub, "kind": "note", "data": `{"text":"a note"}`}})
}
