// Command koppel links sales environments.
package main

import (
	"os"

	"koppel/cli"
	"koppel/internal/config"
)

func main() {
	var commands cli.Commands
	os.Exit(cli.Main(cli.Program{
		Name: "koppel", Description: "Koppel links sales environments.",
		Commands: &commands, Config: func() *config.Config { return &commands.Config },
		// What a stock Salesdock account allows, and the rate that stays just below it.
		RequestsPerMinute: 120, PartnerRate: 1.9,
	}, os.Args[1:]))
}
