package pgcluster

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// VersionError is of data that another version of PostgreSQL made than there are programs of: it starts on data of its own version alone.
type VersionError struct {
	Dir  string
	Made int   // the version of the data
	Here []int // the versions that there are programs of
}

func (e *VersionError) Error() string {
	here := make([]string, len(e.Here))
	for i, version := range e.Here {
		here[i] = strconv.Itoa(version)
	}
	return fmt.Sprintf("the data in %s was made by PostgreSQL %d, and the programs here are of PostgreSQL %s", e.Dir, e.Made, strings.Join(here, ", "))
}

// Programs are initdb, postgres and pg_ctl of one version.
type Programs struct {
	Dir     string
	Version int // such as 17
}

// Installed lists the programs that this machine has, the newest first.
func Installed() (list []Programs) {
	var folders []string
	for _, pattern := range []string{"/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/opt/homebrew/opt/postgresql*/bin", "/usr/local/opt/postgresql*/bin"} {
		found, _ := filepath.Glob(pattern)
		folders = append(folders, found...)
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		folders = append(folders, filepath.Dir(path))
	}
	for _, folder := range folders {
		if programs, err := ProgramsIn(folder); err == nil {
			list = append(list, programs)
		}
	}
	slices.SortStableFunc(list, func(a, b Programs) int { return b.Version - a.Version })
	return list
}

var versionSaid = regexp.MustCompile(`\(PostgreSQL\) (\d+)`)

// ProgramsIn says of which version the programs in a folder are.
func ProgramsIn(folder string) (Programs, error) {
	for _, name := range []string{"initdb", "postgres", "pg_ctl"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			return Programs{}, fmt.Errorf("%s has not got PostgreSQL's programs: %w", folder, err)
		}
	}
	output, err := exec.Command(filepath.Join(folder, "postgres"), "--version").CombinedOutput() //nolint:noctx // it prints a line
	said := versionSaid.FindSubmatch(output)
	if err != nil || said == nil {
		return Programs{}, fmt.Errorf("%s does not say its version: %w: %s", filepath.Join(folder, "postgres"), err, output)
	}
	version, err := strconv.Atoi(string(said[1]))
	return Programs{folder, version}, err
}

// MadeBy is the version of PostgreSQL that made the data in a cluster's folder; 0 where there is none yet.
func MadeBy(dir string) (int, error) {
	text, err := os.ReadFile(filepath.Join(dir, "data", "PG_VERSION"))
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("read the version of PostgreSQL's data: %w", err)
	}
	version, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		return 0, fmt.Errorf("read the version of PostgreSQL's data: %w", err)
	}
	return version, nil
}

// programsFor finds the folder of programs that can start on a cluster's data.
func programsFor(dir, given string) (string, error) {
	made, err := MadeBy(dir)
	if err != nil {
		return "", err
	}
	here := Installed()
	if given != "" {
		programs, err := ProgramsIn(given)
		if err != nil {
			return "", err
		}
		here = []Programs{programs}
	}
	if len(here) == 0 {
		return "", ErrNoBinaries
	}
	if made == 0 {
		return here[0].Dir, nil
	}
	different := &VersionError{Dir: dir, Made: made}
	for _, programs := range here {
		if programs.Version == made {
			return programs.Dir, nil
		}
		different.Here = append(different.Here, programs.Version)
	}
	return "", different
}
