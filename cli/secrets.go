package cli

import (
	"fmt"
	"os"
	"reflect"
	"strings"

	"github.com/alecthomas/kong"

	"koppel/internal/config"
)

// secretFromFile reads a secret from the file that its variable with _FILE names, as orchestrators hand secrets out.
func secretFromFile(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
	if flag.Target.Type() != reflect.TypeFor[config.Secret]() {
		return nil, nil
	}
	for _, name := range flag.Envs {
		file := os.Getenv(name + "_FILE")
		if file == "" {
			continue
		}
		if os.Getenv(name) != "" {
			return nil, fmt.Errorf("both %s and %s_FILE are set: keep one", name, name)
		}
		text, err := os.ReadFile(file) //nolint:gosec // who sets the environment says where it is
		if err != nil {
			return nil, fmt.Errorf("%s_FILE: %w", name, err)
		}
		return strings.TrimRight(string(text), "\r\n"), nil
	}
	return nil, nil
}
