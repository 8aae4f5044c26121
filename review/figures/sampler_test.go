package figures_test

import (
	"math"
	"slices"
	"testing"

	"peerwitness/review/figures"
)

func seed() []byte {
	b := make([]byte, 32)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// The answers are those of IBM's reference implementation driven by the same stream.
func TestSamplerKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		sigma2 uint64
		want   []int64
		read   int
	}{
		{16, []int64{0, 1, 3, 3, -1, -3, 4, -1, -2, -3, 5, 0, 6, 2, -8, 4, 0, 1, -3, 0, -10, -4, 4, -3}, 349},
		{4, []int64{0, 0, 1, -4, -2, -1, 2, 2, -3, -1, -1, 3, -4, 1, 2, 0}, 0},
	} {
		s := figures.NewSampler(seed())
		var got []int64
		for range c.want {
			v, err := s.DGauss(c.sigma2)
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("σ²=%d: got %v, want %v", c.sigma2, got, c.want)
		}
		if c.read != 0 && s.BytesRead() != c.read {
			t.Errorf("σ²=%d: read %d bytes of the stream, want %d", c.sigma2, s.BytesRead(), c.read)
		}
	}
}

func TestSamplerRefusesOtherVariances(t *testing.T) {
	for _, v := range []uint64{0, 1<<16 + 1, math.MaxUint64} {
		if _, err := figures.NewSampler(seed()).DGauss(v); err == nil {
			t.Errorf("drew with variance %d", v)
		}
	}
}

// χ² of 60,000 draws against the exact distribution. The seed is fixed, so this
// passes or fails the same way each time; the bound is the quantile at 1e-4.
func TestSamplerFollowsTheDistribution(t *testing.T) {
	const n, span = 60_000, 13
	for _, c := range []struct {
		sigma2 uint64
		shape  float64 // of the distribution that is expected
		good   bool
	}{{16, 16, true}, {4, 4, true}, {16, 17, false}} {
		s := figures.NewSampler([]byte("chi squared, a fixed seed"))
		edge := span
		if c.sigma2 == 4 {
			edge = 7
		}
		got := make([]float64, 2*edge+1) // tails join the outermost
		for range n {
			v, err := s.DGauss(c.sigma2)
			if err != nil {
				t.Fatal(err)
			}
			got[min(max(int(v), -edge), edge)+edge]++
		}
		want := make([]float64, 2*edge+1)
		for i, p := range figures.NoisePMF(c.shape) {
			want[min(max(i-figures.NoiseSpan, -edge), edge)+edge] += p * n
		}
		chi := 0.0
		for i := range got {
			chi += (got[i] - want[i]) * (got[i] - want[i]) / want[i]
		}
		// Wilson and Hilferty's approximation of the quantile at 1-1e-4
		df := float64(len(got) - 1)
		limit := df * math.Pow(1-2/(9*df)+3.719*math.Sqrt(2/(9*df)), 3)
		if (chi <= limit) != c.good {
			t.Errorf("σ²=%d against the distribution of %v: χ² = %.1f with %v degrees of freedom, limit %.1f", c.sigma2, c.shape, chi, df, limit)
		}
	}
}
