package ui

import (
	"context"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"

	"peerwitness/review/sheet"
)

// uploadPath is the one address that takes a file.
const uploadPath = "/sheet"

const (
	maxUploadParts = 8
	maxUploadField = 4 << 10
)

var errUpload = errors.New("not a form with one file")

type uploadKey struct{}

// takeUpload reads a form with a file into memory; nothing of it goes to a disk,
// and the file's name is not looked at. Of a file that is too large it keeps one
// byte too many, which sheet.Read refuses.
func takeUpload(w http.ResponseWriter, r *http.Request) (*http.Request, error) {
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return r, errUpload
	}
	in := multipart.NewReader(http.MaxBytesReader(w, r.Body, 2*sheet.MaxFile), params["boundary"])
	fields, up := url.Values{}, upload{}
	for n := 0; ; n++ {
		p, err := in.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil || n == maxUploadParts {
			return r, errUpload
		}
		if p.FormName() != "file" {
			b, err := io.ReadAll(io.LimitReader(p, maxUploadField+1))
			if err != nil || len(b) > maxUploadField {
				return r, errUpload
			}
			fields.Add(p.FormName(), string(b))
			continue
		}
		b, err := io.ReadAll(io.LimitReader(p, sheet.MaxFile+1))
		if err != nil || up.bytes != nil {
			return r, errUpload
		}
		up.bytes = b
	}
	r.Form, r.PostForm = fields, fields
	return r.WithContext(context.WithValue(r.Context(), uploadKey{}, up)), nil
}

type upload struct{ bytes []byte }

// uploaded is the file that came with a form.
func uploaded(r *http.Request) []byte {
	up, _ := r.Context().Value(uploadKey{}).(upload)
	return up.bytes
}
