package shape

import "testing"

func TestMetrics(t *testing.T) { holds(t, foreignMetrics(here(t).files, here(t).documents)) }

func TestMetrics_Planted(t *testing.T) {
	all := planted{
		"bridge/observe/a.go": `package observe
var a = desc("told", "Help.")
var b = desc("untold", "Help.")
func f() {
	named := func(name, help string) Opts { return Opts{Name: "troupe_" + name} }
	c, d := named("counted", "Help."), named("lost", "Help.")
	e := Opts{Name: "troupe_seconds", Help: "Help."}
}
`,
		"bridge/observe/a_test.go": "package observe\nvar x = desc(\"tests may\", \"Help.\")\n",
		"docs/operations.md": "# Operations\n\n## Metrics\n\n| metric | labels | what |\n|---|---|---|\n| `told`, `counted` | `state` | what |\n" +
			"| `seconds` | | what |\n| `never` | | what |\n\n## Next\n",
		"docs/monitoring/alerts.yml":     "expr: troupe_told > 0 and troupe_seconds_bucket > 1 and troupe_gone > 2\n",
		"docs/monitoring/dashboard.json": `{"expr": "sum(troupe_missing)"}`,
	}.repository(t)
	expect(t, foreignMetrics(all.files, all.documents), `the metric "untold"`, `the metric "lost"`, `there is no metric "never"`,
		"docs/monitoring/alerts.yml: asks for troupe_gone", "docs/monitoring/dashboard.json: asks for troupe_missing")
}
