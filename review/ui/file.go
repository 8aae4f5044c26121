package ui

import (
	"bytes"
	"errors"
	"image"
	_ "image/gif" // decoders that picture uses
	"image/jpeg"
	_ "image/png"
	"net/http"
	"strconv"

	"github.com/gorilla/mux"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"peerwitness/review"
)

// pictures are the types that are shown, as their senders name them. What the
// bytes are is looked at again.
var pictures = []string{"image/jpeg", "image/png", "image/gif", "image/webp"}

// Limits on pictures: pixels that are decoded, and the longer side shown.
const (
	maxPixels = 40_000_000
	maxSide   = 2000
)

var errPicture = errors.New("not a picture that can be shown")

// decoding lets one picture at a time take memory.
var decoding = make(chan struct{}, 1)

// redraw decodes a picture within bounds and makes a new JPEG of its pixels,
// so that no byte that a sender chose reaches the browser.
func redraw(b []byte) ([]byte, error) {
	decoding <- struct{}{}
	defer func() { <-decoding }()
	conf, _, err := image.DecodeConfig(bytes.NewReader(b))
	if err != nil || conf.Width <= 0 || conf.Height <= 0 || conf.Width > maxPixels/conf.Height {
		return nil, errPicture
	}
	src, _, err := image.Decode(bytes.NewReader(b))
	if err != nil {
		return nil, errPicture
	}
	at := src.Bounds()
	width, height := at.Dx(), at.Dy()
	if long := max(width, height); long > maxSide {
		width, height = max(1, width*maxSide/long), max(1, height*maxSide/long)
	}
	dst := image.NewRGBA(image.Rect(0, 0, width, height))
	draw.Draw(dst, dst.Bounds(), image.White, image.Point{}, draw.Src)
	draw.ApproxBiLinear.Scale(dst, dst.Bounds(), src, at, draw.Over, nil)
	var out bytes.Buffer
	if err := jpeg.Encode(&out, dst, &jpeg.Options{Quality: 85}); err != nil {
		return nil, errPicture
	}
	return out.Bytes(), nil
}

// picture shows an attached picture, drawn anew.
func (s *Server) picture(w http.ResponseWriter, r *http.Request, d *desk) {
	b, _, _, ok := s.attachment(w, r, d)
	if !ok {
		return
	}
	jpg, err := redraw(b)
	if err != nil {
		http.Error(w, "This file is not a picture that can be shown. It can still be downloaded.", http.StatusUnsupportedMediaType)
		return
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Write(jpg)
}

// download hands out the file itself, under a name of ours and as bytes, so
// that no browser opens it here.
func (s *Server) download(w http.ResponseWriter, r *http.Request, d *desk) {
	b, c, a, ok := s.attachment(w, r, d)
	if !ok {
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", `attachment; filename="`+fileName(c, a)+`"`)
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Write(b)
}

// attachment opens the file of the address, or answers why it can't.
func (s *Server) attachment(w http.ResponseWriter, r *http.Request, d *desk) ([]byte, *review.Case, review.Attachment, bool) {
	c := s.find(w, r, d)
	if c == nil {
		return nil, nil, review.Attachment{}, false
	}
	n, err := strconv.Atoi(mux.Vars(r)["n"])
	if err != nil {
		s.notFound(w, r)
		return nil, nil, review.Attachment{}, false
	}
	ctx, cancel := timeoutOf(r)
	defer cancel()
	b, a, err := d.work.Attachment(ctx, c.ID, n)
	switch {
	case errors.Is(err, review.ErrNoCase):
		s.notFound(w, r)
	case errors.Is(err, review.ErrNotComplete):
		http.Error(w, "This file has not fully arrived yet.", http.StatusNotFound)
	case errors.Is(err, review.ErrOffline):
		http.Error(w, "Parts of this file are not on this computer, and the server was not reached.", http.StatusServiceUnavailable)
	case err != nil:
		http.Error(w, "The parts of this file do not make what was announced. It is not shown.", http.StatusUnprocessableEntity)
	default:
		return b, c, a, true
	}
	return nil, nil, review.Attachment{}, false
}

// extensions of the types that a download may be named for. Anything else is .bin.
var extensions = map[string]string{
	"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp", "image/heic": ".heic",
	"video/mp4": ".mp4", "video/quicktime": ".mov", "video/3gpp": ".3gp", "audio/mpeg": ".mp3", "audio/mp4": ".m4a",
	"audio/webm": ".webm", "audio/ogg": ".ogg", "application/pdf": ".pdf", "text/plain": ".txt",
}

// fileName is a name of our own making; the sender's is never used.
func fileName(c *review.Case, a review.Attachment) string {
	ext := extensions[a.Type]
	if ext == "" {
		ext = ".bin"
	}
	return "case-" + c.ID.String()[:8] + "-file-" + itoa(a.N+1) + ext
}
