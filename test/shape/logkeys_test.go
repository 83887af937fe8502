package shape

import "testing"

func TestLogKeys(t *testing.T) { holds(t, foreignKeys(here(t).files, here(t).documents)) }

func TestLogKeys_Planted(t *testing.T) {
	all := planted{
		"actors/a.go": `package a
func f() {
	ctx.Logger().Error("text", "worker", w, "foreign", 1)
	o.log.Log(ctx, level, "text", slog.String("session", s), "late", 2)
	o.cfg.Logger.With("group", g).Info("text", name, 3)
	p.cfg.Logger.With(more...).Warn("text", slog.Any("own", 4))
	err.Error()
	t.Error("worker", "no key")
}
`,
		"actors/a_test.go": "package a\nfunc g() { log.Info(\"text\", \"tests may\", 1) }\n",
		"examples/main.go": "package main\nfunc g() { log.Info(\"text\", \"examples may\", 1) }\n",
		"docs/operations.md": "# Operations\n\n## The log\n\n| key | what |\n|---|---|\n| `worker`, `session` | who |\n" +
			"| `group` | which |\n| `never` | what |\n\n## Next\n\n| `other` | no key |\n",
	}.repository(t)
	expect(t, foreignKeys(all.files, all.documents),
		`actors/a.go:3: key "foreign"`, `actors/a.go:4: key "late"`, "actors/a.go:5: a key of the log is no literal", `actors/a.go:6: key "own"`,
		`nothing is logged under "never"`)
}
