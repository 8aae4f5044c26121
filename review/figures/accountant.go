package figures

import "math"

// Fixed parts of the method. They stand in every programme, so that a release
// made by other rules can't pass as one made by these.
const (
	Sigma2      = 16 // parameter of the discrete Gaussian noise
	MaskBelow   = 15 // noisy counts under this are masked
	RoundTo     = 5
	Whisker     = 10 // a published value is within this of the count at 98.7 % (98.1 % at worst)
	BudgetParts = 32 // budgets are counted in parts of 1/32: what one table costs
	LifeBudget  = 16 // parts that one person may cost in a lifetime: ρ = 1/2
)

// noiseSpan is where the tail of the noise is below the last bit of a float64.
const noiseSpan = 80

// noisePMF returns the probabilities of -noiseSpan … noiseSpan.
func noisePMF(sigma2 float64) []float64 {
	p := make([]float64, 2*noiseSpan+1)
	sum := 0.0
	for i := range p {
		x := float64(i - noiseSpan)
		p[i] = math.Exp(-x * x / (2 * sigma2))
		sum += p[i]
	}
	for i := range p {
		p[i] /= sum
	}
	return p
}

// Chance is one thing that may be published for a cell, and how likely it is.
type Chance struct {
	Masked bool
	Value  int // when not masked
	P      float64
}

// Chances returns what is published for a cell whose count is n: masked first,
// then the values upwards. It says what the figures can't tell apart.
func Chances(n int) []Chance {
	masked := Chance{Masked: true}
	by := map[int]float64{}
	top := 0
	for i, p := range noisePMF(Sigma2) {
		v, ok := maskRound(int64(n + i - noiseSpan))
		if !ok {
			masked.P += p
			continue
		}
		by[v] += p
		top = max(top, v)
	}
	out := []Chance{masked}
	for v := MaskBelow; v <= top; v += RoundTo {
		out = append(out, Chance{Value: v, P: by[v]})
	}
	return out
}

// maskRound is what happens to a noisy count: ok is false when it is masked.
func maskRound(noisy int64) (v int, ok bool) {
	if noisy < MaskBelow {
		return 0, false
	}
	return int((noisy + RoundTo/2) / RoundTo * RoundTo), true
}

// Delta returns the δ of (ε, δ) that a budget ρ gives at ε: the least over α > 1
// of exp((α−1)(αρ−ε) + α·ln(1−1/α)) / (α−1).
func Delta(rho, epsilon float64) float64 {
	if rho <= 0 {
		return 0
	}
	// The logarithm is convex in α; its slope's zero is found by halving.
	lo, hi := 1.0, (epsilon+1)/(2*rho)+2
	for range 200 {
		a := (lo + hi) / 2
		if (2*a-1)*rho-epsilon+math.Log1p(-1/a) < 0 {
			lo = a
		} else {
			hi = a
		}
	}
	a := (lo + hi) / 2
	return min(1, math.Exp((a-1)*(a*rho-epsilon)+a*math.Log1p(-1/a))/(a-1))
}

// Epsilon returns the least ε at which a budget ρ gives δ.
func Epsilon(rho, delta float64) float64 {
	lo, hi := 0.0, rho+2*math.Sqrt(rho*math.Log(1/delta))+1
	for range 200 {
		if e := (lo + hi) / 2; Delta(rho, e) > delta {
			lo = e
		} else {
			hi = e
		}
	}
	return hi
}

// Rho returns the largest budget that gives (ε, δ).
func Rho(epsilon, delta float64) float64 {
	lo, hi := 0.0, epsilon+1
	for range 200 {
		if r := (lo + hi) / 2; Delta(r, epsilon) <= delta {
			lo = r
		} else {
			hi = r
		}
	}
	return lo
}

// Advantage returns the largest true-positive rate less false-positive rate with
// which anybody, knowing all else, can tell whether a person was counted who is
// in one cell of each of so many tables, shift times (1 when her cases are
// linked). Exact for noise before masking, so a ceiling after it.
func Advantage(tables, shift int) float64 {
	// The sum over the tables is all that tells the two cases apart: it is what
	// the ratio of their probabilities depends on.
	one := noisePMF(Sigma2)
	sum := []float64{1}
	for range tables {
		next := make([]float64, len(sum)+len(one)-1)
		for i, a := range sum {
			for j, b := range one {
				next[i+j] += a * b
			}
		}
		sum = next
	}
	by, tv := tables*shift, 0.0
	at := func(i int) float64 {
		if i < 0 || i >= len(sum) {
			return 0
		}
		return sum[i]
	}
	for i := range len(sum) + by {
		tv += math.Abs(at(i)-at(i-by)) / 2
	}
	return tv
}
