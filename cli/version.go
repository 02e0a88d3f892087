package cli

import "runtime/debug"

// BuildID names this build to Temporal: its version, and where it is known the commit that it was made of.
func BuildID() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Version
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return Version + "-" + s.Value[:12]
		}
	}
	return Version
}
