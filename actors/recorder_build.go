package actors

import (
	"cmp"
	"runtime/debug"
)

const (
	// modulePath is how a program's build names this module.
	modulePath = "github.com/troupe-actors/troupe"
	// unversioned is the version of a module that was not built from a version.
	unversioned = "(devel)"
)

// thisBuild names the build of this module in the program.
var thisBuild = buildOf(debug.ReadBuildInfo())

// buildOf is the version of this module, as the main module, with its commit, or as one that
// the program depends on, with what replaces it. It is unversioned if nothing tells.
func buildOf(info *debug.BuildInfo, told bool) string {
	if !told {
		return unversioned
	}
	if info.Main.Path == modulePath {
		return versionOf(info)
	}
	for _, d := range info.Deps {
		switch {
		case d.Path != modulePath:
		case d.Replace == nil:
			return cmp.Or(d.Version, unversioned)
		default:
			return cmp.Or(d.Replace.Version, unversioned) // a folder has none
		}
	}
	return unversioned
}

// versionOf is that of the main module, with the commit that it was built from.
func versionOf(info *debug.BuildInfo) string {
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = " " + s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = "+dirty"
		}
	}
	if commit == "" {
		return cmp.Or(info.Main.Version, unversioned)
	}
	return cmp.Or(info.Main.Version, unversioned) + commit + dirty
}

// otherBuild reports whether a build certainly is another than this. One that names none is
// older than names of builds are; two of which one has no version cannot be compared.
func otherBuild(was, is string) bool {
	return was == "" || was != is && was != unversioned && is != unversioned
}
