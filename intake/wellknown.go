package intake

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"sync"

	"peerwitness/vault"
)

// File is one file of the app, by its path on the server.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"` // hex
	Size   int    `json:"size"`
}

// AppFiles lists the files of an app, the page itself as "/", sorted by path.
// Whoever builds the same sources gets the same list.
func AppFiles(app fs.FS) ([]File, error) {
	var list []File
	err := fs.WalkDir(app, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := fs.ReadFile(app, name)
		if err != nil {
			return err
		}
		path := "/" + name
		if name == "index.html" {
			path = "/"
		}
		list = append(list, File{path, vault.Sum(b).String(), len(b)})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing the app's files: %w", err)
	}
	return list, nil
}

// appManifest is the list as it is served.
type appManifest struct {
	V     int    `json:"v"`
	Files []File `json:"files"`
}

// serveBuild answers what the app consists of, so that anybody can compare it
// with what they have built.
func (s *server) serveBuild(w http.ResponseWriter, r *http.Request) error {
	b, err := s.build()
	if err != nil {
		return err
	}
	return s.cache.serve(w, r, b, "application/json", fresh)
}

func buildOf(app fs.FS) func() ([]byte, error) {
	return sync.OnceValues(func() ([]byte, error) {
		files, err := AppFiles(app)
		if err != nil {
			return nil, err
		}
		return json.Marshal(appManifest{1, files})
	})
}

// PageHeaders are what every page of the app is sent with, for who checks a
// server from outside.
func PageHeaders() http.Header {
	h := http.Header{}
	for _, list := range [][]header{headers, documentHeaders, {embedder}} {
		for _, d := range list {
			h[d.name] = d.value
		}
	}
	return h
}
