package actors

import (
	"bytes"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// A build is named by what it is of, whether this module is the program's own or not.
func TestBuildOf(t *testing.T) {
	main := debug.Module{Path: modulePath, Version: "v1.2.0"}
	user := debug.Module{Path: "example.com/app", Version: "v9.0.0"}
	commit := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.modified", Value: "false"}}
	dirty := []debug.BuildSetting{{Key: "vcs.revision", Value: "0123abcd"}, {Key: "vcs.modified", Value: "true"}}
	replaced := func(with debug.Module) []*debug.Module {
		return []*debug.Module{{Path: modulePath, Version: "v1.2.0", Replace: &with}}
	}
	for want, info := range map[string]*debug.BuildInfo{
		"v1.2.0":                 {Main: user, Deps: []*debug.Module{{Path: "example.com/lib", Version: "v3.0.0"}, {Path: modulePath, Version: "v1.2.0"}}, Settings: commit},
		"v1.2.1":                 {Main: user, Deps: replaced(debug.Module{Path: "example.com/fork", Version: "v1.2.1"})},
		"v1.2.0 0123abcd":        {Main: main, Settings: commit},
		"v1.2.0 0123abcd+dirty":  {Main: main, Settings: dirty},
		"(devel) 0123abcd+dirty": {Main: debug.Module{Path: modulePath}, Settings: dirty},
	} {
		require.Equal(t, want, buildOf(info, true))
	}
	for _, info := range []*debug.BuildInfo{{Main: user}, {Main: debug.Module{Path: modulePath}}, {Main: user, Deps: replaced(debug.Module{Path: "../troupe"})}} {
		require.Equal(t, unversioned, buildOf(info, true))
	}
	require.Equal(t, unversioned, buildOf(nil, false))
}

// What another build has recorded, or one of before builds were named, is told as that. If
// it cannot be told whether it is another one, it is tried.
func TestReplay_AnotherBuild(t *testing.T) {
	file := published(t)
	named := []byte(`"build":"` + thisBuild + `"`)
	require.Equal(t, 1, bytes.Count(file, named))
	replayed := func(as string) (Replayed, error) {
		return replayAs(bytes.NewReader(bytes.Replace(file, named, []byte(`"build":"v1.2.0"`), 1)), nil, as)
	}
	r, err := replayed("v1.2.1")
	require.ErrorIs(t, err, ErrOtherBuild)
	require.EqualError(t, err, "actors: line 1: another build has recorded this: it was v1.2.0, and is v1.2.1")
	require.Equal(t, "v1.2.0", r.Build)
	for _, as := range []string{"v1.2.0", unversioned} {
		r, err = replayed(as)
		require.NoError(t, err)
		require.Equal(t, 4, r.Publishes)
	}
	_, err = Replay(bytes.NewReader(bytes.Replace(file, append(named, ','), nil, 1)), nil)
	require.ErrorIs(t, err, ErrOtherBuild)
	require.ErrorContains(t, err, "it was one that does not name itself, and is "+thisBuild)
}
