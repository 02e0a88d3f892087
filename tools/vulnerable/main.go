// Command vulnerable looks for known vulnerabilities in what programs were built from, as govulncheck finds them: vulnerable PROGRAM…
// Where their database cannot be reached it says so and nothing is held; one that is found is an error.
package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"time"
)

// database is where the Go team publishes what it knows; GOVULNDB names a mirror.
const database = "https://vuln.go.dev"

func main() {
	from := os.Getenv("GOVULNDB")
	if from == "" {
		from = database
	}
	if err := run(context.Background(), from, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, from string, programs []string, out io.Writer) error {
	if err := reach(ctx, from); err != nil {
		_, err = fmt.Fprintf(out, "NOT LOOKED FOR VULNERABILITIES: their database at %s cannot be reached (%v). Do it where it can, or name a mirror in GOVULNDB.\n", from, err)
		return err
	}
	for _, program := range programs {
		check := exec.CommandContext(ctx, "go", "tool", "govulncheck", "-db", from, "-mode", "binary", program)
		check.Stdout, check.Stderr = out, out
		if err := check.Run(); err != nil {
			return fmt.Errorf("%s: %w: upgrade what is named above", program, err)
		}
	}
	return nil
}

// reach asks the database for its smallest file. An answer of any sort that is no such file counts as not reached: a network that
// lets nothing out often answers itself.
func reach(ctx context.Context, from string) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimRight(from, "/")+"/index/db.json", nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	switch {
	case err != nil:
		return err
	case response.StatusCode != http.StatusOK || !strings.Contains(string(body), `"modified"`):
		return fmt.Errorf("it answered with status %d, and no index", response.StatusCode)
	}
	return nil
}
