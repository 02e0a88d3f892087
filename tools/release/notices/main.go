// Command notices writes the licences of what a Go program was built from, as their owners ask of whoever hands it on:
// notices PROGRAM prints, for each module that is inside, its name, its version and the text of its licence.
package main

import (
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime/debug"
	"strings"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "notices PROGRAM")
		os.Exit(2)
	}
	if err := notices(os.Args[1], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// licence is what a file with a licence, or with what goes with one, is called.
var licence = regexp.MustCompile(`(?i)^(un)?(licen[cs]e|copying|notice|patents)([.-].*)?$`)

func notices(program string, out io.Writer) error {
	built, err := buildinfo.ReadFile(program)
	if err != nil {
		return fmt.Errorf("read what %s was built from: %w", program, err)
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	if err := texts("Go", built.GoVersion, strings.TrimSpace(string(root)), out); err != nil {
		return err
	}
	for _, module := range built.Deps {
		if module.Replace != nil {
			module = module.Replace
		}
		if strings.HasPrefix(module.Path, ".") { // ours, from the folder beside
			continue
		}
		if err := notice(module, out); err != nil {
			return err
		}
	}
	return nil
}

func notice(module *debug.Module, out io.Writer) error {
	answer, err := exec.Command("go", "mod", "download", "-json", module.Path+"@"+module.Version).Output()
	if err != nil {
		return fmt.Errorf("find %s %s: %w", module.Path, module.Version, err)
	}
	var there struct{ Dir string }
	if err := json.Unmarshal(answer, &there); err != nil {
		return err
	}
	return texts(module.Path, module.Version, there.Dir, out)
}

// texts prints the files with licences in a folder.
func texts(name, version, folder string, out io.Writer) error {
	files, err := os.ReadDir(folder)
	if err != nil {
		return err
	}
	found := false
	for _, file := range files {
		if file.IsDir() || !licence.MatchString(file.Name()) {
			continue
		}
		text, err := os.ReadFile(filepath.Join(folder, file.Name()))
		if err != nil {
			return err
		}
		found = true
		if _, err := fmt.Fprintf(out, "==== %s %s: %s\n\n%s\n\n", name, version, file.Name(), text); err != nil {
			return err
		}
	}
	if !found { // to be asked for, by who hands the program on
		fmt.Fprintf(os.Stderr, "%s %s has no licence with it: ask its owner\n", name, version)
		_, err = fmt.Fprintf(out, "==== %s %s has no licence with it\n\n", name, version)
	}
	return err
}
