// Command koppel links sales environments.
package main

import (
	"os"

	"koppel/internal/cli"
	"koppel/internal/config"
)

func main() {
	var commands cli.Commands
	os.Exit(cli.Main("koppel", "Koppel links sales environments.", &commands, func() config.Config { return commands.Config }, os.Args[1:]))
}
