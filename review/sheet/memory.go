package sheet

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"sync"

	"peerwitness/review"
	"peerwitness/vault/roster"
	"peerwitness/vault/seal"
)

// Memory remembers mappings by their forms' fingerprints, so that the next file
// of a form needs no work. A mapping holds headings and words of cells that stand
// for codes, and such a word can be a person's own: so the file is sealed to the
// person's key, and only somebody who unlocked it reads it. All forms are in one
// file, padded: its name and size tell no form that was brought in.
type Memory struct {
	mu   sync.Mutex
	path string
	key  seal.KeyFile
}

// NewMemory keeps mappings in the file at path, sealed to a person's own key.
func NewMemory(path string, key seal.KeyFile) *Memory {
	return &Memory{path: path, key: key}
}

// Bounds of what is remembered; the form used longest ago goes first.
const (
	maxForms  = 40
	maxMemory = 4 << 20 // bytes of JSON
)

// purpose is what the file is sealed for.
const purpose = "sheets"

type remembered struct {
	V     int    `json:"v"`
	Forms []form `json:"forms"` // used last first
}

type form struct {
	Form    string          `json:"form"`
	Mapping json.RawMessage `json:"mapping"`
}

// ErrMemory: what was remembered can't be read, and counts as forgotten.
var ErrMemory = errors.New("the remembered columns can't be read")

// Recall returns the mapping of a form; ok is false when none is remembered.
// ErrMemory.
func (m *Memory) Recall(header []string) (got Mapping, ok bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all, err := m.load()
	if err != nil {
		return Mapping{}, false, err
	}
	want := Fingerprint(header)
	for _, f := range all.Forms {
		if f.Form != want {
			continue
		}
		got, err := ParseMapping(f.Mapping)
		if err != nil || !got.fits(header) {
			return Mapping{}, false, ErrMemory
		}
		return got, true, nil
	}
	return Mapping{}, false, nil
}

// Keep remembers a mapping. A file that can't be read is replaced.
func (m *Memory) Keep(mapping Mapping) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	b, err := mapping.Encode()
	if err != nil {
		return err
	}
	header := make([]string, len(mapping.Columns))
	for i, c := range mapping.Columns {
		header[i] = c.Name
	}
	all, err := m.load()
	if err != nil && !errors.Is(err, ErrMemory) {
		return err
	}
	name := Fingerprint(header)
	all.V, all.Forms = 1, slices.DeleteFunc(all.Forms, func(f form) bool { return f.Form == name })
	all.Forms = slices.Insert(all.Forms, 0, form{name, b})
	for {
		if len(all.Forms) > maxForms {
			all.Forms = all.Forms[:maxForms]
		}
		var plain bytes.Buffer
		e := json.NewEncoder(&plain)
		e.SetEscapeHTML(false) // the mapping's bytes stay as they are
		if err := e.Encode(all); err != nil {
			return fmt.Errorf("remembering columns: %w", errMapping)
		}
		if plain.Len() > maxMemory && len(all.Forms) > 1 {
			all.Forms = all.Forms[:len(all.Forms)-1]
			continue
		}
		sealed, err := m.key.SealOwn(purpose, bytes.TrimSuffix(plain.Bytes(), []byte("\n")))
		if err != nil {
			return fmt.Errorf("remembering columns: %w", err)
		}
		return review.WriteFile(m.path, sealed)
	}
}

// load reads the file. One that is not there remembers nothing.
func (m *Memory) load() (remembered, error) {
	info, err := os.Stat(m.path)
	if errors.Is(err, fs.ErrNotExist) {
		return remembered{}, nil
	}
	if err != nil || info.Size() > 2*maxMemory {
		return remembered{}, ErrMemory
	}
	b, err := os.ReadFile(m.path)
	if err != nil {
		return remembered{}, ErrMemory
	}
	plain, err := m.key.OpenOwn(purpose, b, maxMemory)
	if err != nil {
		return remembered{}, ErrMemory
	}
	return parseRemembered(plain)
}

func parseRemembered(plain []byte) (remembered, error) {
	var all remembered
	d := json.NewDecoder(bytes.NewReader(plain))
	d.DisallowUnknownFields()
	if roster.StrictJSON(plain) != nil || d.Decode(&all) != nil || all.V != 1 || len(all.Forms) > maxForms {
		return remembered{}, ErrMemory
	}
	return all, nil
}
