package bundle

import (
	"archive/zip"
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"peerwitness/vault"
	"peerwitness/vault/seal"
)

const declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

// start is what somebody reads who unpacks the bundle and knows nothing.
const start = `This folder is an evidence bundle made with Peerwitness.

1. Read it: open the folder "data", then the file "index.html", in any browser.
   It needs no internet and runs nothing.

2. Check that nothing was changed, on Linux or another system with sha256sum.
   Open a terminal in this folder and type:

   sha256sum --strict -c manifest-sha256.txt tagmanifest-sha256.txt

   On a Mac: shasum -a 256 -c manifest-sha256.txt tagmanifest-sha256.txt
   Every line must end with OK. Any program that checks bags (BagIt, RFC 8493)
   does the same.

3. Check the signatures as well, with the free program "peerwitness":

   peerwitness verify-bundle .

Do not open the attached files on a computer that matters before somebody has
looked at them: they are as their senders made them.
`

// sums writes lines as sha256sum reads and writes them.
func sums(list []item) []byte {
	var b bytes.Buffer
	for _, i := range list {
		fmt.Fprintf(&b, "%s  %s\n", i.sum, i.path)
	}
	return b.Bytes()
}

func (b *Bundle) manifest() []byte { return sums(b.items) }

// bagInfo follows from the record and the payload, so that a checker can tell a
// changed one.
func bagInfo(r Record, files int, bytes int64) []byte {
	var b strings.Builder
	put := func(label, value string) { fmt.Fprintf(&b, "%s: %s\n", label, value) }
	put("Source-Organization", r.Organisation)
	put("External-Identifier", "case "+r.Case)
	put("External-Description", "Evidence bundle of one case, "+variantWords(r))
	put("Internal-Sender-Identifier", r.Journal)
	put("Bagging-Date", r.Made.Format("2006-01-02"))
	put("Payload-Oxum", fmt.Sprintf("%d.%d", bytes, files))
	put("Bag-Software-Agent", "peerwitness, bundle version 1")
	if r.Practice {
		put("Practice", "yes: not a real case")
	}
	return []byte(b.String())
}

func variantWords(r Record) string {
	if r.Variant == Full {
		return "everything"
	}
	parts := "parts"
	if len(r.LeftOut) == 1 {
		parts = "part"
	}
	return fmt.Sprintf("with %d %s left out by hand", len(r.LeftOut), parts)
}

// tags are the files beside data/, sorted, the tag manifest last.
func (b *Bundle) tags(export []byte) []item {
	var list []item
	for name, text := range map[string][]byte{
		nameBagit: []byte(declaration), nameInfo: bagInfo(b.record, len(b.items), b.bytes), nameManifest: b.manifest(),
		nameStart: []byte(start), nameExport: export,
	} {
		list = append(list, item{path: name, size: int64(len(text)), sum: vault.Sum(text), text: text})
	}
	slices.SortFunc(list, func(a, b item) int { return strings.Compare(a.path, b.path) })
	return append(list, item{path: nameTags, text: sums(list)})
}

// WriteZip writes the bundle as one zip file with one folder in it. recorded is
// the entry by which the case remembers that it left, as RecordExport gave it.
// An attachment is opened again and compared; ErrChanged when it is another by now.
func (b *Bundle) WriteZip(ctx context.Context, w io.Writer, recorded seal.Shown) error {
	export, err := encode(exportFile{recorded.Text, recorded.Sig})
	if err != nil {
		return err
	}
	z := zip.NewWriter(w)
	for _, i := range append(b.tags(export), b.items...) {
		if err := ctx.Err(); err != nil {
			return err
		}
		text := i.text
		if i.open != nil {
			if text, err = i.open(ctx); err != nil {
				return fmt.Errorf("writing bundle: %w", err)
			}
			if vault.Sum(text) != i.sum {
				return ErrChanged
			}
		}
		// Stored, not compressed: what takes part is named by its bytes, and most of it is pictures.
		h := &zip.FileHeader{Name: b.base + "/" + i.path, Method: zip.Store, Modified: b.made}
		h.SetMode(0o644)
		f, err := z.CreateHeader(h)
		if err == nil {
			_, err = f.Write(text)
		}
		if err != nil {
			return fmt.Errorf("writing bundle: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("writing bundle: %w", err)
	}
	return nil
}
