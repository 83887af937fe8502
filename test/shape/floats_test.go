package shape

import "testing"

func TestFusable_Planted(t *testing.T) {
	all := planted{
		"partition/a.go": `package partition

import "math"

const twice = 2.0

type level []float64

func sums(a, b float64, n int, l level) float64 {
	c := a*b + 1
	c *= b
	c = math.Floor(a*l[0]) - float64(a*b*c)
	d := float64(n*3) * twice
	return c + half(a) + (b * d) + float64(n*n) + twice*twice
}

func half(a float64) float64 { return 0.5 * a }
`,
		"partition/a_test.go": "package partition\n\nvar x float64\n\nvar y = x*x + 1\n",
		"actors/a.go":         "package actors\n\nvar x float64\n\nvar y = x*x + 1\n",
	}
	expect(t, fusable(all.files(t)), "partition/a.go:10", "partition/a.go:11", "partition/a.go:12", "partition/a.go:13", "partition/a.go:14", "partition/a.go:17")
}
