package access

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"time"

	"peerwitness/vault"
)

const (
	maxFrameHeader = 1 << 10
	maxFrameObject = vault.MaxAppend + 64<<10 // the largest object, and room
)

type frameHeader struct {
	Pos    uint64 `json:"pos"`
	Kind   string `json:"kind"`
	ID     string `json:"id"`
	Day    string `json:"day"`
	Author string `json:"author"`
	Hash   string `json:"hash"`
}

// WriteFrame writes one feed record and its object (PROTOCOL.md §10).
func WriteFrame(w io.Writer, r vault.Record, object []byte) error {
	h, err := json.Marshal(frameHeader{
		r.Pos, string(r.Kind), r.ID.String(), r.Day.String(), r.Author, r.Hash.String(),
	})
	if err != nil {
		return fmt.Errorf("writing frame: %w", err)
	}
	head := vault.AppendLP(nil, h)
	head = binary.BigEndian.AppendUint32(head, uint32(len(object)))
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("writing frame: %w", err)
	}
	if _, err := w.Write(object); err != nil {
		return fmt.Errorf("writing frame: %w", err)
	}
	return nil
}

// ReadFrame reads one frame. It returns io.EOF when none begins, and an error
// matching vault.ErrMalformed or vault.ErrTooLarge for anything that
// WriteFrame does not write. No hash is checked here.
func ReadFrame(rd io.Reader) (vault.Record, []byte, error) {
	h, err := readLP(rd, maxFrameHeader)
	if err == io.EOF {
		return vault.Record{}, nil, io.EOF
	}
	if err != nil {
		return vault.Record{}, nil, fmt.Errorf("reading frame: %w", err)
	}
	r, err := parseFrameHeader(h)
	if err != nil {
		return vault.Record{}, nil, fmt.Errorf("reading frame: %w", err)
	}
	object, err := readLP(rd, maxFrameObject)
	if err == io.EOF {
		err = fmt.Errorf("%w: no object", vault.ErrMalformed)
	}
	if err != nil {
		return vault.Record{}, nil, fmt.Errorf("reading frame: %w", err)
	}
	return r, object, nil
}

// readLP reads a length and as many bytes, without trusting the length for
// more memory than has arrived.
func readLP(rd io.Reader, limit int64) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(rd, size[:]); err == io.EOF {
		return nil, io.EOF
	} else if err != nil {
		return nil, cutShort(err)
	}
	n := int64(binary.BigEndian.Uint32(size[:]))
	if n > limit {
		return nil, fmt.Errorf("%w: a part of %d bytes", vault.ErrTooLarge, n)
	}
	var b bytes.Buffer
	if _, err := io.CopyN(&b, rd, n); err != nil {
		return nil, cutShort(err)
	}
	return b.Bytes(), nil
}

func cutShort(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return fmt.Errorf("%w: cut short", vault.ErrMalformed)
	}
	return err
}

// parseFrameHeader takes only the very bytes that WriteFrame makes.
func parseFrameHeader(b []byte) (vault.Record, error) {
	var h frameHeader
	if err := json.Unmarshal(b, &h); err != nil {
		return vault.Record{}, fmt.Errorf("%w: header", vault.ErrMalformed)
	}
	if again, err := json.Marshal(h); err != nil || !bytes.Equal(again, b) {
		return vault.Record{}, fmt.Errorf("%w: header not in its one form", vault.ErrMalformed)
	}
	id, err := vault.ParseID(h.ID)
	if err != nil {
		return vault.Record{}, err
	}
	hash, err := vault.ParseID(h.Hash)
	if err != nil {
		return vault.Record{}, err
	}
	day, err := time.Parse(time.DateOnly, h.Day)
	if err != nil || day.Unix() < 0 {
		return vault.Record{}, fmt.Errorf("%w: day", vault.ErrMalformed)
	}
	return vault.Record{
		Pos: h.Pos, Kind: vault.Kind(h.Kind), ID: id, Day: vault.DayOf(day), Author: h.Author, Hash: hash,
	}, nil
}
