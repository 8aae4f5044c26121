package figures

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"slices"
)

// A keyed is the place of something in a list, with the first bytes of the key
// that it is to be sorted by.
type keyed struct {
	first uint64
	at    int32
}

// sortKeyed returns list by key; compare tells apart two places with one first. Keys
// are random, so that their top bits share them out evenly into small parts,
// which fit a processor's cache where a map of a million does not.
func sortKeyed(list []keyed, compare func(a, b int32) int) []keyed {
	shift, start := shares(len(list))
	for _, k := range list {
		start[k.first>>shift+1]++
	}
	for i := 1; i < len(start); i++ {
		start[i] += start[i-1]
	}
	out, next := make([]keyed, len(list)), slices.Clone(start)
	for _, k := range list {
		i := k.first >> shift
		out[next[i]] = k
		next[i]++
	}
	share(len(start)-1, func(from, to int) error {
		for i := from; i < to; i++ {
			slices.SortFunc(out[start[i]:start[i+1]], func(a, b keyed) int {
				switch {
				case a.first < b.first:
					return -1
				case a.first > b.first:
					return 1
				}
				return compare(a.at, b.at)
			})
		}
		return nil
	})
	return out
}

// shares returns by how much a first is shifted to say in which part it goes,
// and room for where the parts begin.
func shares(n int) (shift uint, start []int32) {
	top := min(bits.Len(uint(n/16)), 20)
	return uint(64 - top), make([]int32, 1<<top+1)
}

func (k Key) first() uint64 { return binary.BigEndian.Uint64(k[:8]) }

func compareKeys(a, b Key) int { return bytes.Compare(a[:], b[:]) }

// personFirst is the first of a person's key, which is hex.
func personFirst(p string) uint64 {
	var v uint64
	for i := range min(len(p), 16) {
		c := p[i]
		if c >= 'a' {
			c -= 'a' - '9' - 1
		}
		v = v<<4 | uint64(c-'0')&15
	}
	return v
}
