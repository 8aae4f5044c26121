package vault

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"time"
)

// ID is a SHA-256 that names what is stored; the zero ID names nothing.
type ID [sha256.Size]byte

// ParseID reads 64 lower-case hex digits. ErrMalformed.
func ParseID(s string) (ID, error) {
	var id ID
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(id) || hex.EncodeToString(b) != s {
		return ID{}, fmt.Errorf("%w: id must be 64 lower-case hex digits", ErrMalformed)
	}
	copy(id[:], b)
	return id, nil
}

func (id ID) String() string { return hex.EncodeToString(id[:]) }

// MarshalText gives what String does.
func (id ID) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, id[:]), nil }

// UnmarshalText reads what ParseID reads.
func (id *ID) UnmarshalText(text []byte) error {
	read, err := ParseID(string(text))
	if err != nil {
		return err
	}
	*id = read
	return nil
}

// IsZero reports whether id names nothing.
func (id ID) IsZero() bool { return id == ID{} }

// Day counts days since 1970-01-01 UTC. Nothing finer is kept of an arrival.
type Day uint32

// DayOf returns t's day, UTC.
func DayOf(t time.Time) Day { return Day(t.UTC().Unix() / 86400) }

// String writes YYYY-MM-DD.
func (d Day) String() string { return time.Unix(int64(d)*86400, 0).UTC().Format(time.DateOnly) }

// LP returns lp(tag) followed by lp of each field: the form under every hash
// and signature, so that no two meanings share bytes.
func LP(tag string, fields ...[]byte) []byte {
	n := 4 + len(tag)
	for _, f := range fields {
		n += 4 + len(f)
	}
	var last []byte
	if len(fields) > 0 {
		last = fields[len(fields)-1]
	}
	b := make([]byte, 0, n-len(last))
	b = AppendLP(b, []byte(tag))
	for i, f := range fields {
		if i == len(fields)-1 {
			b = binary.BigEndian.AppendUint32(b, uint32(len(f)))
		} else {
			b = AppendLP(b, f)
		}
	}
	// The last field is the large one: growing by it spares the clearing of
	// what is about to be written, a good part of an object's cost.
	return append(b, last...)
}

// AppendLP appends lp(field) to b.
func AppendLP(b, field []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(len(field)))
	return append(b, field...)
}

// CutLP splits the first lp-coded field off b. The parts alias b. ErrMalformed.
func CutLP(b []byte) (field, rest []byte, err error) {
	if len(b) < 4 {
		return nil, nil, fmt.Errorf("%w: cut short in a length", ErrMalformed)
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if uint64(len(b)-4) < n {
		return nil, nil, fmt.Errorf("%w: cut short in a field", ErrMalformed)
	}
	return b[4 : 4+n], b[4+n:], nil
}

// Sum is the SHA-256 of b.
func Sum(b []byte) ID { return sha256.Sum256(b) }

// U32 and U64 are the big-endian bytes of n.
func U32(n uint32) []byte { return binary.BigEndian.AppendUint32(nil, n) }
func U64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }
