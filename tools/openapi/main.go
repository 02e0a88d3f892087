// Command openapi writes the OpenAPI document as JSON, the form in which it is served, with the errors that
// operations share added to each.
package main

import (
	"encoding/json"
	"fmt"
	"os"

	"go.yaml.in/yaml/v3"
)

func main() {
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(source, target string) error {
	data, err := os.ReadFile(source)
	if err != nil {
		return err
	}
	var document map[string]any
	if err := yaml.Unmarshal(data, &document); err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	addSharedErrors(document)
	out, err := json.MarshalIndent(document, "", " ")
	if err != nil {
		return fmt.Errorf("%s: %w", source, err)
	}
	return os.WriteFile(target, append(out, '\n'), 0o644)
}

// shared are the errors of every operation that takes a token.
var shared = map[string]string{
	"400": "Invalid", "401": "Unauthorized", "403": "Forbidden", "404": "NotFound", "429": "Throttled", "500": "Internal", "503": "Away",
}

func addSharedErrors(document map[string]any) {
	for _, item := range document["paths"].(map[string]any) {
		for _, member := range item.(map[string]any) {
			operation, isOperation := member.(map[string]any)
			if _, ownSecurity := operation["security"]; !isOperation || ownSecurity {
				continue
			}
			responses := operation["responses"].(map[string]any)
			for status, name := range shared {
				responses[status] = map[string]any{"$ref": "#/components/responses/" + name}
			}
		}
	}
}
