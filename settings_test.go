package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"koppel/internal/config"
)

// Variables that are no setting of ours: the compose file's own, Temporal's server's and those that its SDK reads.
var othersVariables = []string{
	"KOPPEL_VERSION", "KOPPEL_PORT", "TEMPORAL_VERSION", "TEMPORAL_DATABASE_PASSWORD",
	"TEMPORAL_API_KEY", "TEMPORAL_TLS", "TEMPORAL_CONFIG_FILE", "TEMPORAL_PROFILE",
	"TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_NAME",
}

// Every variable that a deployment sets is one that something reads: a name with a mistake would do nothing, silently.
func TestDeploymentsSetWhatIsRead(t *testing.T) {
	t.Parallel()
	known := slices.Clone(othersVariables)
	for field := range fields(reflect.TypeFor[config.Config]()) {
		name := field.Tag.Get("env")
		known = append(known, name)
		if field.Type == reflect.TypeFor[config.Secret]() {
			known = append(known, name+"_FILE")
		}
	}
	places := []string{"docker-compose.yml", ".env.example"}
	require.NoError(t, filepath.Walk("deploy", func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && !strings.HasSuffix(path, ".json") {
			places = append(places, path)
		}
		return err
	}))
	read := 0
	for _, place := range places {
		text, err := os.ReadFile(place)
		require.NoError(t, err)
		for _, name := range regexp.MustCompile(`\b(?:KOPPEL|TEMPORAL|DATABASE|OTEL)_[A-Z_]+\b`).FindAllString(string(text), -1) {
			read++
			require.Contains(t, known, name, "%s sets it", place)
		}
	}
	require.Greater(t, read, 50)
}

// fields are a struct's, those of embedded structs among them.
func fields(of reflect.Type) func(yield func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for _, field := range reflect.VisibleFields(of) {
			if !field.Anonymous && !yield(field) {
				return
			}
		}
	}
}
