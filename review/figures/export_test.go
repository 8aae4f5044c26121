package figures

import "peerwitness/vault"

// What the tests need to see of the inside.
var NoisePMF = noisePMF

const NoiseSpan = noiseSpan

// Counts are the true counts of a batch, by table and cell.
func Counts(p Programme, b Batch, records []Record) [][]int {
	groups, err := resolve(p, b, records)
	if err != nil {
		panic(err)
	}
	counts, err := count(p, groups)
	if err != nil {
		panic(err)
	}
	return counts
}

// Noise is the noise that each cell of a batch gets.
func Noise(p Programme, b Batch, key Key, records []Record) []int64 {
	groups, err := resolve(p, b, records)
	if err != nil {
		panic(err)
	}
	var out []int64
	for _, t := range p.Tables {
		for _, codes := range p.cells(t) {
			z, err := noisyCount(0, key, p, t.ID, b.Period, codes, digest(groups))
			if err != nil {
				panic(err)
			}
			out = append(out, z)
		}
	}
	return out
}

// Rank is by what the record's main act is chosen in a table.
func Rank(table string, r Record) [32]byte {
	c := counter{tag: vault.LP(table)}
	return c.rank(&r, nil)
}

// Repack writes a body from files as they are, signed or not.
func Repack(files []File, sigs []Signature) []byte {
	b, err := pack(files, sigs)
	if err != nil {
		panic(err)
	}
	return b
}

// Statement is what a signature of a release is over.
var Statement = statement

// AddSignature signs without looking.
var AddSignature = addSignature

// Headline is made from a release's values.
var Headline = headline

// HMACSum is this package's HMAC-SHA256.
var HMACSum = hmacSum
