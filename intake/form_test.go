package intake

import (
	"bytes"
	"io"
	"mime/multipart"
	"testing"
)

// What is accepted, mime/multipart reads the same way.
func FuzzForm(f *testing.F) {
	part := "--b\r\nContent-Disposition: form-data; name=\"desk\"\r\n\r\nstreet\r\n"
	file := "--b\r\ncontent-disposition: form-data; name=report; filename=\"x\"\r\nContent-Type: a/b\r\n\r\n\x00\r\n-\r\n"
	for _, s := range []string{
		part + file + "--b--\r\n", file + part + "--b--", "--b--", part, part + "--b", part + "--bb--", "\r\n" + part + "--b--",
		"--b\r\n\r\n\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n--b--", "--b\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--b--",
		"--b\r\nA: b\r\n c\r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--", part + part + part + part + "--b--",
		"--b \r\nContent-Disposition: form-data; name=a\r\n\r\nx\r\n--b--", part + "--b--after",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		got, err := splitForm(body, "b")
		if err != nil {
			return
		}
		if len(got) == 0 {
			return // mime/multipart knows no form without parts
		}
		rd := multipart.NewReader(bytes.NewReader(body), "b")
		for i, g := range got {
			p, err := rd.NextRawPart()
			if err != nil {
				t.Fatalf("part %d of %q: %v", i, body, err)
			}
			content, err := io.ReadAll(p)
			if err != nil || p.FormName() != g.name || !bytes.Equal(content, g.content) {
				t.Fatalf("part %d of %q: %q %q, not %q %q (%v)", i, body, g.name, g.content, p.FormName(), content, err)
			}
		}
		if _, err := rd.NextRawPart(); err != io.EOF {
			t.Fatalf("after %q: %v", body, err)
		}
	})
}
