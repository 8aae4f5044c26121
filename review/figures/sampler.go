package figures

import (
	"crypto/sha3"
	"errors"
	"math/bits"
)

// errFraction: a fraction of the sampler outgrew 64 bits. With the variances
// that a programme may have this needs noise of a magnitude that never comes;
// it is still an error and never a wrong draw.
var errFraction = errors.New("drawing noise: fraction over 64 bits")

// Sampler draws exact discrete noise from a stream of bytes that a seed fixes:
// the algorithms of Canonne, Kamath and Steinke (arXiv 2004.00010) in whole
// numbers and reduced fractions only, so that every machine draws the same.
// A Sampler is not safe for concurrent use.
type Sampler struct {
	stream *sha3.SHAKE
	read   int
	err    error
}

// NewSampler returns a sampler over SHAKE256(seed).
func NewSampler(seed []byte) *Sampler {
	h := sha3.NewSHAKE256()
	h.Write(seed) // never fails before the first Read
	return &Sampler{stream: h}
}

// BytesRead says how many bytes of the stream were used so far.
func (s *Sampler) BytesRead() int { return s.read }

// DGauss draws from the discrete Gaussian with parameter sigma2 (a whole number
// from 1 to 2^16) around 0.
func (s *Sampler) DGauss(sigma2 uint64) (int64, error) {
	if sigma2 == 0 || sigma2 > 1<<16 {
		return 0, errors.New("drawing noise: variance out of range")
	}
	t := floorSqrt(sigma2) + 1
	for {
		y := s.dlap(t)
		// accept with exp(-(|y| - sigma2/t)² / (2·sigma2))
		d := s.mul(abs(y), t)
		if d > sigma2 {
			d -= sigma2
		} else {
			d = sigma2 - d
		}
		bias := reduced(s.mul(d, d), s.mul(2*sigma2, t*t))
		ok := s.bernExp(bias)
		if s.err != nil {
			return 0, s.err
		}
		if ok {
			return y, nil
		}
	}
}

// dlap draws from the discrete Laplace distribution with scale t.
func (s *Sampler) dlap(t uint64) int64 {
	for s.err == nil {
		negative := s.bern(fraction{1, 2})
		u := s.uniform(t)
		for !s.bernExp(reduced(u, t)) && s.err == nil {
			u = s.uniform(t)
		}
		v := uint64(0)
		for s.bernExp(fraction{1, 1}) {
			v++
		}
		mag := s.mul(v, t) + u
		switch {
		case mag > 1<<31:
			s.err = errFraction
		case negative && mag == 0:
			// zero has one sign only, or it would come twice as often
		case negative:
			return -int64(mag)
		default:
			return int64(mag)
		}
	}
	return 0
}

// bernExp is true with probability exp(-x).
func (s *Sampler) bernExp(x fraction) bool {
	for x.p > x.q {
		if !s.bernExp1(fraction{1, 1}) {
			return false
		}
		x.p -= x.q
	}
	return s.bernExp1(x)
}

// bernExp1 is true with probability exp(-x), for 0 ≤ x ≤ 1.
func (s *Sampler) bernExp1(x fraction) bool {
	k := uint64(1)
	for s.bern(reduced(x.p, s.mul(x.q, k))) {
		k++
	}
	return k%2 == 1
}

// bern is true with probability x.p/x.q; x is reduced.
func (s *Sampler) bern(x fraction) bool {
	if s.err != nil {
		return false // ends every loop above
	}
	return s.uniform(x.q) < x.p
}

// uniform draws from 0 to m-1. m is at least 1.
func (s *Sampler) uniform(m uint64) uint64 {
	n := bits.Len64(m - 1)
	if n == 0 {
		return 0
	}
	var buf [8]byte
	b := buf[8-(n+7)/8:]
	for {
		s.stream.Read(b) // never fails
		s.read += len(b)
		var v uint64
		for _, c := range b {
			v = v<<8 | uint64(c)
		}
		if v &= 1<<n - 1; v < m {
			return v
		}
	}
}

// mul multiplies, and notes when the product leaves 64 bits.
func (s *Sampler) mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	if hi != 0 || lo > 1<<62 {
		s.err = errFraction
		return 1
	}
	return lo
}

// fraction is p/q in lowest terms, q ≥ 1. Lowest terms matter: they decide how
// many bytes of the stream a draw reads.
type fraction struct{ p, q uint64 }

func reduced(p, q uint64) fraction {
	a, b := p, q
	for b != 0 {
		a, b = b, a%b
	}
	return fraction{p / a, q / a}
}

func floorSqrt(n uint64) uint64 {
	r := uint64(0)
	for (r+1)*(r+1) <= n {
		r++
	}
	return r
}

func abs(n int64) uint64 {
	if n < 0 {
		return uint64(-n)
	}
	return uint64(n)
}
