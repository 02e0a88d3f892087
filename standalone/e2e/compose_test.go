package e2e

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v3"

	"koppel/db/dbtest"
	"koppel/internal/vault"
)

// composed is what docker-compose.yml says of a service, as far as it can be had without containers.
type composed struct {
	Image       string
	Entrypoint  []string
	Command     []string
	Environment map[string]string
	HealthCheck struct{ Test []string }
	Volumes     []string
}

// variable is one of compose's: ${NAME}, with :-otherwise or :?a complaint.
var variable = regexp.MustCompile(`\$\{(\w+)(?::[-?]([^}]*))?\}`)

// composeFile reads docker-compose.yml with what an .env gives it.
func composeFile(t *testing.T, dotenv map[string]string) map[string]composed {
	t.Helper()
	text, err := os.ReadFile("../../docker-compose.yml")
	require.NoError(t, err)
	filled := variable.ReplaceAllStringFunc(string(text), func(found string) string {
		parts := variable.FindStringSubmatch(found)
		if value, set := dotenv[parts[1]]; set {
			return value
		}
		require.NotContains(t, found, ":?", "an .env must have it")
		return parts[2]
	})
	var file struct{ Services map[string]composed }
	require.NoError(t, yaml.Unmarshal([]byte(filled), &file))
	return file.Services
}

// temporalPrograms builds Temporal's own programs, of the version that compose names, as its images have them.
var temporalPrograms = sync.OnceValues(func() (folder string, err error) {
	folder = filepath.Join(filepath.Dir(binary), "temporal")
	for name, program := range map[string]string{"temporal-server": "server", "temporal-sql-tool": "tools/sql"} {
		build := exec.Command("go", "build", "-ldflags=-s -w", "-o", filepath.Join(folder, name), "go.temporal.io/server/cmd/"+program)
		if output, err := build.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w: %s", name, err, output)
		}
	}
	return folder, nil
})

// asComposed is the deployment of docker-compose.yml as processes, without a network of its own.
type asComposed struct {
	*deployment
	services map[string]composed
	here     *strings.Replacer // what is there by name, here by address
	programs string
}

func compose(t *testing.T) *asComposed {
	t.Helper()
	programs, err := temporalPrograms()
	require.NoError(t, err)
	o := dbtest.Rented(t, dbtest.PostgreSQL17, dbtest.Superuser)
	dbtest.Exec(t, dbtest.Server(t, dbtest.PostgreSQL17), "CREATE ROLE temporal LOGIN CREATEDB PASSWORD 'tweede'")
	database, err := url.Parse(o.URL)
	require.NoError(t, err)
	d := &deployment{t: t, databaseURL: o.URL, keys: vault.NewKey("k1"), base: "http://" + freeAddress(t), temporalAddress: freeAddress(t)}
	d.operators, d.workerHealth = "http://"+freeAddress(t), "http://"+freeAddress(t)
	c := &asComposed{deployment: d, programs: programs, services: composeFile(t, map[string]string{
		"KOPPEL_DATABASE_PASSWORD": o.Password, "TEMPORAL_DATABASE_PASSWORD": "tweede", "KOPPEL_ENCRYPTION_KEYS": d.keys, "KOPPEL_PUBLIC_URL": d.base,
	})}
	c.here = strings.NewReplacer(
		"postgres://koppel@postgres:5432/koppel?sslmode=disable", o.URL, "temporal-postgres", database.Hostname(), "5432", database.Port(), "temporal:7233", d.temporalAddress,
		"0.0.0.0:8080", strings.TrimPrefix(d.base, "http://"), "0.0.0.0:9081", strings.TrimPrefix(d.operators, "http://"), "0.0.0.0:9082", strings.TrimPrefix(d.workerHealth, "http://"),
		"0.0.0.0", "127.0.0.1", "/etc/koppel", "../../deploy/temporal",
	)
	d.env = c.env("server")
	return c
}

// env is a service's environment.
func (c *asComposed) env(service string) []string {
	env := []string{"KOPPEL_PARTNER_HOSTS=127.0.0.1"}
	for name, value := range c.services[service].Environment {
		env = append(env, name+"="+c.here.Replace(value))
	}
	return env
}

// run runs a service's program until it ends.
func (c *asComposed) run(service string, command ...string) (output string, err error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), append(c.env(service), "PATH="+c.programs+":"+os.Getenv("PATH"))...)
	said, err := cmd.CombinedOutput()
	return string(said), err
}

// job runs a service that ends well.
func (c *asComposed) job(service string, command ...string) string {
	c.t.Helper()
	output, err := c.run(service, command...)
	require.NoError(c.t, err, "%s: %s", service, output)
	return output
}

// healthy runs a service's health check.
func (c *asComposed) healthy(service string) (output string, err error) {
	check := c.services[service].HealthCheck.Test
	require.Equal(c.t, []string{"CMD", "/koppel"}, check[:2])
	return c.run(service, append([]string{binary}, check[2:]...)...)
}

// startTemporal makes Temporal's databases and starts its server.
func (c *asComposed) startTemporal() {
	c.t.Helper()
	schema := c.services["temporal-schema"]
	for range 2 { // an upgrade runs it again
		c.job("temporal-schema", schema.Entrypoint[0], c.here.Replace(schema.Entrypoint[1]))
	}
	env := append(os.Environ(), c.env("temporal")...)
	for _, name := range []string{"FRONTEND_MEMBERSHIP", "FRONTEND_HTTP", "MATCHING_GRPC", "MATCHING_MEMBERSHIP", "HISTORY_GRPC", "HISTORY_MEMBERSHIP", "WORKER_GRPC", "WORKER_MEMBERSHIP"} {
		env = append(env, name+"_PORT="+portOf(freeAddress(c.t)))
	}
	c.temporal = c.startProgram(filepath.Join(c.programs, "temporal-server"), "", append(env, "FRONTEND_GRPC_PORT="+portOf(c.temporalAddress)), "start")
}

// TestComposeDeployment is the main job on the services of docker-compose.yml: their commands, variables and order, with
// Temporal's own server on a PostgreSQL. Only the containers and their networks are left out.
func TestComposeDeployment(t *testing.T) {
	t.Parallel()
	c := compose(t)
	for _, name := range []string{"temporal-schema", "temporal"} {
		require.Contains(t, c.services[name].Volumes, "./deploy/temporal:/etc/koppel:ro")
		require.True(t, strings.HasSuffix(c.services[name].Image, ":"+temporalVersion(t)), "%s is the version that is tried here", c.services[name].Image)
	}
	c.startTemporal()
	ours := func(service string) []string { return append([]string{binary}, c.services[service].Command...) }
	c.job("migrate", ours("migrate")...)
	c.eventually("Temporal is prepared", func() bool { // a job that fails is started again
		_, err := c.run("temporal-prepare", ours("temporal-prepare")...)
		return err == nil
	})
	require.Contains(t, c.job("temporal-prepare", ours("temporal-prepare")...), "0 of them are new")
	for service, process := range map[string]**process{"server": &c.server, "worker": &c.worker} {
		*process = c.startIn("", append(os.Environ(), c.env(service)...), c.services[service].Command...)
	}
	c.waitReady()
	for _, service := range []string{"server", "worker"} {
		c.eventually(service+" is well", func() bool { _, err := c.healthy(service); return err == nil })
	}
	c.inOrder()

	mainJob(t, readyOn(c.deployment, 1))

	c.worker.stop(syscall.SIGTERM)
	output, err := c.healthy("worker")
	require.Error(t, err)
	require.Contains(t, output, "the worker does not answer")
}

// temporalVersion is the version of Temporal that is built in.
func temporalVersion(t *testing.T) string {
	t.Helper()
	output, err := exec.Command("go", "list", "-m", "-f", "{{.Version}}", "go.temporal.io/server").Output()
	require.NoError(t, err)
	return strings.TrimPrefix(strings.TrimSpace(string(output)), "v")
}

func portOf(address string) string { return address[strings.LastIndex(address, ":")+1:] }
