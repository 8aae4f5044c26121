package figures_test

import (
	"math"
	"testing"

	"peerwitness/review/figures"
)

func near(t *testing.T, what string, got, want, within float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > within {
		t.Errorf("%s = %.10f, want %.10f", what, got, want)
	}
}

func TestNoiseProbabilities(t *testing.T) {
	p := figures.NoisePMF(16)
	near(t, "Z", 1/p[figures.NoiseSpan], 10.0265130985, 5e-11)
	for x, want := range []float64{.0997355701, .0966670292, .0880163317, .0752843580} {
		near(t, "p", p[figures.NoiseSpan+x], want, 5e-11)
		near(t, "p", p[figures.NoiseSpan-x], want, 5e-11)
	}
}

func TestAccountant(t *testing.T) {
	near(t, "ε(.025, 1e-6)", figures.Epsilon(.025, 1e-6), 1.0140743, 5e-8)
	near(t, "ε(1/8, 1e-6)", figures.Epsilon(.125, 1e-6), 2.4190932, 5e-8)
	near(t, "ε(3/16, 1e-6)", figures.Epsilon(3./16, 1e-6), 3.022, 5e-4)
	near(t, "ε(1/2, 1e-6)", figures.Epsilon(.5, 1e-6), 5.222, 5e-4)
	near(t, "ρ(1, 1e-6)", figures.Rho(1, 1e-6), .0243559704, 5e-11)
	near(t, "δ(ρ(1, 1e-6), 1)", figures.Delta(figures.Rho(1, 1e-6), 1), 1e-6, 1e-12)
	near(t, "δ(0, 1)", figures.Delta(0, 1), 0, 0)
	near(t, "lifetime", float64(figures.LifeBudget)/figures.BudgetParts, .5, 0)
	near(t, "a table", 1./figures.BudgetParts, 1./(2*figures.Sigma2), 0)
}

func TestAdvantage(t *testing.T) {
	for _, c := range []struct {
		tables, shift int
		want          float64
	}{
		{1, 1, .0997}, {3, 1, .1716}, {4, 1, .1972}, {6, 1, .2403},
		{1, 3, .2931}, {3, 3, .4844}, {4, 3, .5462}, {6, 3, .6413},
	} {
		near(t, "advantage", figures.Advantage(c.tables, c.shift), c.want, 5e-5)
	}
}

func TestWhatIsPublishedOfTwenty(t *testing.T) {
	want := map[int]float64{0: .08401, 15: .18144, 20: .46910, 25: .23539, 30: .02920, 35: .00086}
	sum := 0.0
	for _, c := range figures.Chances(20) {
		sum += c.P
		if w, ok := want[c.Value]; ok {
			near(t, "chance", c.P, w, 5e-6)
			delete(want, c.Value)
		}
		if c.Masked != (c.Value == 0) {
			t.Errorf("%+v", c)
		}
	}
	near(t, "sum", sum, 1, 1e-12)
	if len(want) != 0 {
		t.Errorf("missing: %v", want)
	}
}

// The whiskers say ±10 at 98.7 %: that is the mean over the last digits that a
// count may have; no count falls under 98.1 %.
func TestWhiskersHold(t *testing.T) {
	worst, mean := 1.0, 0.0
	for n := 40; n < 45; n++ {
		in := 0.0
		for _, c := range figures.Chances(n) {
			if !c.Masked && c.Value >= n-figures.Whisker && c.Value <= n+figures.Whisker {
				in += c.P
			}
		}
		worst = min(worst, in)
		mean += in / 5
	}
	near(t, "coverage", mean, .987, 5e-4)
	if worst < .981 {
		t.Errorf("coverage at worst is %v", worst)
	}
}
