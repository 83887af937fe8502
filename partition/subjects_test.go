package partition

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSubjects_Validate(t *testing.T) {
	for _, s := range []Subjects{"work.{partition}", "orders.{partition}.>", "a.*.{partition}.x.*", "a.{partition}.b", "$SRV.{partition}"} {
		require.NoError(t, s.Validate(), s)
	}
	for s, rule := range map[Subjects]string{
		"":                          "must have no empty token",
		"a..{partition}":            "must have no empty token",
		"a.{partition}.":            "must have no empty token",
		"a b.{partition}":           "must have no spaces and no control characters",
		"a.>":                       "must have {partition} once, as a token of its own",
		"a.x{partition}":            "must have {partition} once, as a token of its own",
		"a.{partition}x":            "must have {partition} once, as a token of its own",
		"a.{partition}.{partition}": "must have {partition} once, as a token of its own",
		"{partition}.a":             "must begin with a token that is the same for all partitions",
		"*.{partition}":             "must begin with a token that is the same for all partitions",
		"a.{partition}.b*":          "must have wildcards only as tokens of their own",
		"a.>.{partition}":           "must have > only at the end",
	} {
		require.ErrorContains(t, s.Validate(), rule, s)
	}
}

// No wildcard comes from a partition, whatever its keys are, and two partitions never
// have the same subject.
//
// hazard 51
func TestSubjects_OfNeverSaysMoreThanTheTemplate(t *testing.T) {
	key := rapid.OneOf(rapid.StringN(1, 8, MaxKeyBytes), rapid.SampledFrom([]string{"*", ">", ".", "a.b", "a", "a.>", "%2A", " ", "$JS", "{partition}"}))
	templates := rapid.SampledFrom([]Subjects{"work.{partition}", "orders.{partition}.>", "a.*.{partition}.b"})
	rapid.Check(t, func(r *rapid.T) {
		s := templates.Draw(r, "template")
		p := Partition{Keys: rapid.SliceOfN(key, 1, 3).Draw(r, "keys")}
		q := Partition{Keys: rapid.SliceOfN(key, 1, 3).Draw(r, "others")}
		if p.Validate() != nil || q.Validate() != nil {
			return
		}
		require.NoError(r, s.Validate())
		one, err := s.Of(p.ID())
		require.NoError(r, err)
		two, err := s.Of(q.ID())
		require.NoError(r, err)
		require.Equal(r, p.ID() == q.ID(), one == two)
		for _, wild := range []string{"*", ">", " "} {
			require.Equal(r, strings.Count(string(s), wild), strings.Count(one, wild), one)
		}
		require.Equal(r, strings.Count(string(s), ".")+len(p.Keys)-1, strings.Count(one, "."), "a token for each key")
	})
}

// An ID that no keys give, as from a damaged record, has no subject.
//
// hazard 51
func TestSubjects_OfRefusesWhatIsNoID(t *testing.T) {
	for _, id := range []PartitionID{"", "*", ">", "a.*", "a..b", "a b", "%2a"} {
		subject, err := Subjects("work.{partition}").Of(id)
		require.Error(t, err, id)
		require.Empty(t, subject)
	}
}
