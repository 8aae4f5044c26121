package intake

import (
	"bytes"
	"compress/gzip"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"

	"peerwitness/vault"
)

// cache keeps what is public and the same for everybody in its compressed
// forms, by the hash of its bytes. Each is compressed once, at the highest
// level: phones pay for every byte.
type cache struct {
	mu    sync.Mutex // guards items
	items map[vault.ID]*item

	// squeezing lets one at a time compress: it takes tens of megabytes.
	squeezing sync.Mutex
}

// maxItems is more than an organisation publishes. What was superseded goes
// when it is reached.
const maxItems = 256

type item struct {
	once     sync.Once
	br, gzip []byte // nil when it would not be shorter
}

func newCache() *cache { return &cache{items: map[vault.ID]*item{}} }

// forms returns the compressed forms of body.
func (c *cache) forms(sum vault.ID, body []byte) *item {
	c.mu.Lock()
	it := c.items[sum]
	if it == nil {
		if len(c.items) >= maxItems {
			clear(c.items)
		}
		it = &item{}
		c.items[sum] = it
	}
	c.mu.Unlock()
	it.once.Do(func() {
		c.squeezing.Lock()
		defer c.squeezing.Unlock()
		var b bytes.Buffer
		bw := brotli.NewWriterOptions(&b, brotli.WriterOptions{Quality: brotli.BestCompression, LGWin: 18})
		bw.Write(body) // to memory: none of these fails
		bw.Close()
		if b.Len() < len(body) {
			it.br = bytes.Clone(b.Bytes())
		}
		b.Reset()
		gw, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
		gw.Write(body)
		gw.Close()
		if b.Len() < len(body) {
			it.gzip = bytes.Clone(b.Bytes())
		}
	})
	return it
}

// serve answers body in the form that the client takes, or 304 when it has it.
func (c *cache) serve(w http.ResponseWriter, r *http.Request, body []byte, media, keep string) error {
	sum := vault.Sum(body)
	tag := sum.String()[:32]
	h := w.Header()
	if compressible(media) {
		h.Add("Vary", "Accept-Encoding")
		it := c.forms(sum, body)
		br, gz := accepts(r.Header.Get("Accept-Encoding"))
		switch {
		case br && it.br != nil:
			body, tag = it.br, tag+"-br"
			h.Set("Content-Encoding", "br")
		case gz && it.gzip != nil:
			body, tag = it.gzip, tag+"-gz"
			h.Set("Content-Encoding", "gzip")
		}
	}
	tag = `"` + tag + `"`
	h.Set("Etag", tag)
	h.Set("Cache-Control", keep)
	for _, held := range strings.Split(r.Header.Get("If-None-Match"), ",") {
		if strings.TrimPrefix(strings.TrimSpace(held), "W/") == tag {
			h.Del("Content-Encoding")
			w.WriteHeader(http.StatusNotModified)
			return nil
		}
	}
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.Write(body)
	return nil
}

func compressible(media string) bool {
	if media == "application/octet-stream" {
		return false // it may be anything, and large
	}
	return strings.HasPrefix(media, "text/") || strings.HasPrefix(media, "application/") || media == "image/svg+xml"
}

// accepts reads an Accept-Encoding header.
func accepts(header string) (br, gz bool) {
	for _, item := range strings.Split(header, ",") {
		name, params, _ := strings.Cut(item, ";")
		if q, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			if v, err := strconv.ParseFloat(q, 64); err != nil || v <= 0 {
				continue
			}
		}
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "br":
			br = true
		case "gzip":
			gz = true
		}
	}
	return br, gz
}
