package shape

import "testing"

func TestGrammar_Planted(t *testing.T) {
	cases := map[string]struct {
		source string
		want   []string
	}{
		"command":       {"// Campaign asks the election to run.\ntype Campaign struct{}", nil},
		"event":         {"// LeadershipLost reports the end of a term.\ntype LeadershipLost struct{}", nil},
		"answer":        {"// Snapshot answers GetSnapshot.\ntype Snapshot struct{}", nil},
		"cargo":         {"// Mail carries another message.\ntype Mail struct{}", nil},
		"group":         {"type (\n\t// Campaign asks the election to run.\n\tCampaign struct{}\n)", nil},
		"no comment":    {"type Campaign struct{}", []string{`Campaign must begin with "Campaign" and a verb`}},
		"no name":       {"// Asks the election to run.\ntype Campaign struct{}", []string{"must begin with"}},
		"wrong verb":    {"// Campaign tells the election to run.\ntype Campaign struct{}", []string{"the first verb of a message must be one of asks, reports, answers, carries"}},
		"part":          {"// Snapshot answers GetSnapshot.\ntype Snapshot struct{ All []Member }\n// Member is one of the group.\ntype Member struct{}", nil},
		"no part":       {"// Member is one of the group.\ntype Member struct{ Next *Member }", []string{"the first verb of a message must be"}},
		"phrase":        {"// HandedOver reports the end.\ntype HandedOver struct{}", nil},
		"query":         {"// GetOwner answers who owns it.\ntype GetOwner struct{}", []string{"names with Get are queries"}},
		"present event": {"// LoseLeadership reports the end.\ntype LoseLeadership struct{}", []string{"named in the past"}},
		"regular event": {"// WindowElapsed reports the end.\ntype WindowElapsed struct{}", nil},
		"not a struct":  {"// State says where we are.\ntype State string", nil},
		"String":        {"type s struct{}\nfunc (s) String() string { return \"\" }", nil},
		"method":        {"type s struct{}\nfunc (s) Merge() {}", []string{"s has the method Merge"}},
		"pointer":       {"type s struct{}\nfunc (*s) String() string { return \"\" }", []string{"pointer receiver"}},
		"function":      {"func helper() {}", nil},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			source := "package messages\n\n" + c.source + "\n"
			expect(t, grammar(planted{"messages/a.go": source}.files(t)), c.want...)
			expect(t, grammar(planted{"partition/a.go": source, "messages/a_test.go": source}.files(t)))
		})
	}
}
