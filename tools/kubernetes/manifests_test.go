package kubernetes

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

const folder = "../../deploy/kubernetes"

func TestManifests(t *testing.T) {
	t.Parallel()
	for _, f := range []string{folder + "/base", folder + "/workers-by-backlog"} {
		if err := Check(filesys.MakeFsOnDisk(), f); err != nil {
			t.Errorf("%s: %v", f, err)
		}
	}
}

// The check is seen to find what it is for.
func TestCheckFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	for says, planted := range map[string]struct{ file, what, instead string }{
		"unknown field":           {"base/server.yaml", "automountServiceAccountToken: false", "automountServiceAccountTokens: false"},
		"may be root":             {"base/worker.yaml", "runAsNonRoot: true", "runAsNonRoot: false"},
		"cut off while it stops":  {"base/worker.yaml", "terminationGracePeriodSeconds: 35", "terminationGracePeriodSeconds: 30"},
		"selects no pod":          {"base/server.yaml", "selector: {app.kubernetes.io/name: koppel,", "selector: {app.kubernetes.io/name: kopel,"},
		"asks 0.0.0.0:9083":       {"base/worker.yaml", "containerPort: 9082", "containerPort: 9083"},
		"does not say what it ":   {"base/server.yaml", "requests: {cpu: 250m, ", "requests: {"},
		"more than its work":      {"base/prepare.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"},
		"has no readinessProbe":   {"base/server.yaml", "readinessProbe:", "# readinessProbe:"},
		"said twice, or by nobod": {"workers-by-backlog/scale.yaml", "scaleTargetRef: {name: koppel-worker}", "scaleTargetRef: {name: koppel-server}"},
	} {
		files := filesys.MakeFsInMemory()
		copied := func(path string) error {
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			name, err := filepath.Rel(folder, path)
			if err != nil {
				return err
			}
			if name == planted.file {
				if !strings.Contains(string(text), planted.what) {
					t.Fatalf("%s does not say %q", name, planted.what)
				}
				text = []byte(strings.ReplaceAll(string(text), planted.what, planted.instead))
			}
			return files.WriteFile("/"+name, text)
		}
		if err := filepath.Walk(folder, func(path string, info os.FileInfo, err error) error {
			if err != nil || info.IsDir() {
				return err
			}
			return copied(path)
		}); err != nil {
			t.Fatal(err)
		}
		err := Check(files, "/base")
		if err == nil {
			err = Check(files, "/workers-by-backlog")
		}
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %s was not found: %v", planted.file, says, err)
		}
	}
}
