package partition

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWindow_End(t *testing.T) {
	const s = time.Second
	opened := time.Unix(100, 0)
	for name, tc := range map[string]struct {
		changed, length, settle, want time.Duration
	}{
		"quiet for the settle time":         {0, 10 * s, 2 * s, 2 * s},
		"a change begins the quiet again":   {5 * s, 10 * s, 2 * s, 7 * s},
		"at most twice the length":          {19 * s, 10 * s, 2 * s, 20 * s},
		"settling off: the whole length":    {0, 10 * s, Off, 10 * s},
		"settling off: begun again":         {8 * s, 10 * s, Off, 18 * s},
		"settling off: at most twice":       {15 * s, 10 * s, Off, 20 * s},
		"settling longer than the window":   {0, 10 * s, 30 * s, 10 * s},
		"window off":                        {0, Off, 2 * s, 0},
		"window off, both":                  {0, Off, Off, 0},
		"a change at the very end":          {20 * s, 10 * s, 2 * s, 20 * s},
		"a settle time of nothing is quiet": {3 * s, 10 * s, 0, 3 * s},
	} {
		t.Run(name, func(t *testing.T) {
			w := Window{Opened: opened, Changed: opened.Add(tc.changed), Length: tc.length, Settle: tc.settle}
			require.Equal(t, tc.want, w.End().Sub(opened))
		})
	}
}
