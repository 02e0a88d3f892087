package e2e

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// packaged builds a Debian package as a release does, of a program, and installs it in a folder of its own:
// files, settings and scripts, but for what systemd does, which does not run here.
func packaged(t *testing.T, name, program string) (root string) {
	t.Helper()
	for _, program := range []string{"dpkg", "systemd-sysusers", "systemd-analyze"} {
		_, err := exec.LookPath(program)
		require.NoError(t, err, "the tests of packages need Debian's dpkg and systemd")
	}
	say := func(folder string, env []string, command ...string) string {
		cmd := exec.Command(command[0], command[1:]...)
		cmd.Dir, cmd.Env = folder, append(os.Environ(), env...)
		output, err := cmd.CombinedOutput()
		require.NoError(t, err, "%v: %s", command, output)
		return string(output)
	}
	programs, target, root := t.TempDir(), t.TempDir(), t.TempDir()
	say("", nil, "cp", "--dereference", program, filepath.Join(programs, name))
	require.NoError(t, os.WriteFile(filepath.Join(programs, name+"-licences.txt"), []byte("none\n"), 0o600))
	tool := strings.TrimSpace(say("../../tools/release", nil, "go", "tool", "-n", "nfpm"))
	say("../..", []string{"ARCH=amd64", "VERSION=1.2.3", "PROGRAMS=" + programs}, tool, "package", "--config", "deploy/debian/"+name+".yaml", "--packager", "deb", "--target", target+"/")
	deb, err := filepath.Glob(target + "/*.deb")
	require.NoError(t, err)
	require.Len(t, deb, 1)
	for _, folder := range []string{"etc", "var/lib/dpkg/updates", "var/lib/dpkg/info", "var/lib/dpkg/triggers"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, folder), 0o755))
	}
	say("", nil, "mkdir", "--parents", root+"/usr/lib/systemd")
	say("", nil, "cp", "--recursive", "/usr/lib/systemd/system", root+"/usr/lib/systemd/") // what units stand on
	for _, file := range []string{"etc/passwd", "etc/group", "var/lib/dpkg/status"} {
		require.NoError(t, os.WriteFile(filepath.Join(root, file), nil, 0o600))
	}
	say("", nil, "dpkg", "--root="+root, "--force-depends", "--force-script-chrootless", "--force-not-root", "--install", deb[0])
	return root
}

// The packages can be installed; their units are what systemd takes, and let a service do little but its work; their program
// starts with the settings that come with it.
func TestDebianPackages(t *testing.T) {
	t.Parallel()
	for name, units := range map[string][]string{"koppel": {"koppel-server", "koppel-worker"}, "koppel-standalone": {"koppel-standalone", "koppel-standalone-backup", "koppel-standalone-drill"}} {
		program := "/bin/true" // small; the other one is started
		if name == "koppel-standalone" {
			program = binary
		}
		root := packaged(t, name, program)
		settings, err := os.Stat(filepath.Join(root, "etc/koppel", name+".env"))
		require.NoError(t, err)
		require.Equal(t, os.FileMode(0o640), settings.Mode().Perm(), "secrets are in it")
		users, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
		require.NoError(t, err)
		require.Contains(t, string(users), "koppel:", "the user that it runs as")
		for _, unit := range units {
			files, err := filepath.Glob(filepath.Join(root, "usr/lib/systemd/system", unit+".*")) // its timer, too
			require.NoError(t, err)
			output, err := exec.Command("systemd-analyze", append([]string{"verify", "--root=" + root, "--man=no"}, basenames(files)...)...).CombinedOutput()
			require.NoError(t, err, "%s", output)
			require.NotContains(t, string(output), unit, "systemd has nothing to say about it")
			output, err = exec.Command("systemd-analyze", "security", "--root="+root, "--offline=yes", "--threshold=30", "--no-pager", unit+".service").CombinedOutput()
			require.NoError(t, err, "exposed more than 3.0 of 10: %s", output)
		}
		if name == "koppel-standalone" {
			startsAsInstalled(t, root)
		}
	}
}

func basenames(files []string) (names []string) {
	for _, file := range files {
		names = append(names, filepath.Base(file))
	}
	return names
}

// startsAsInstalled starts the standalone with the command and settings of its unit, but for where its folder and its ports are.
func startsAsInstalled(t *testing.T, root string) {
	t.Helper()
	unit, err := os.ReadFile(filepath.Join(root, "usr/lib/systemd/system/koppel-standalone.service"))
	require.NoError(t, err)
	command := strings.Fields(regexp.MustCompile(`(?m)^ExecStart=(.*)$`).FindStringSubmatch(string(unit))[1])
	require.Equal(t, []string{"/usr/bin/koppel-standalone", "--data", "/var/lib/koppel"}, command)
	folder := scratch(t)
	require.NoError(t, os.Chmod(folder, 0o711)) // PostgreSQL's user must be able to enter
	data := filepath.Join(folder, "koppel")
	settings, err := os.ReadFile(filepath.Join(root, "etc/koppel/koppel-standalone.env"))
	require.NoError(t, err)
	env := os.Environ()
	for line := range strings.Lines(string(settings)) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			env = append(env, line)
		}
	}
	d := &deployment{t: t, base: "http://" + freeAddress(t)}
	ready := filepath.Join(t.TempDir(), "ready.json")
	d.server = d.startProgram(filepath.Join(root, command[0]), "", append(env, "KOPPEL_LISTEN="+strings.TrimPrefix(d.base, "http://")), command[1], data,
		"--temporal-listen", freeAddress(t), "--temporal-ui", freeAddress(t), "--operators-listen", freeAddress(t), "--ready-file", ready)
	d.eventually("it is ready", func() bool {
		select {
		case <-d.server.done:
			t.Fatal("it ended")
		default:
		}
		_, err := os.Stat(ready)
		return err == nil
	})
	requireOwnersOnly(t, data)
	list := exec.Command(filepath.Join(root, command[0]), "environment", "list", "--json")
	list.Env = append(os.Environ(), "DATABASE_URL_FILE="+filepath.Join(data, "database-url"), "KOPPEL_ENCRYPTION_KEYS_FILE="+filepath.Join(data, "encryption-keys"))
	output, err := list.CombinedOutput()
	require.NoError(t, err, "%s", output)
	require.JSONEq(t, "[]", string(output), "commands find it beside the running one")
}

// requireOwnersOnly demands that nobody else can read anything in a folder, or look what is in it.
func requireOwnersOnly(t *testing.T, folder string) {
	t.Helper()
	seen := 0
	require.NoError(t, filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // a database removes what it has done with
			return nil
		}
		require.NoError(t, err)
		info, err := entry.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		require.NoError(t, err)
		others := info.Mode().Perm() & 0o077
		if path == folder {
			others &^= 0o011 // where root starts it, PostgreSQL's user must be able to enter
		}
		require.Zero(t, others, "%s is %s", path, info.Mode())
		seen++
		return nil
	}))
	require.Greater(t, seen, 100, "PostgreSQL's files are there")
}
