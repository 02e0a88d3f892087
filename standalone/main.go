// Command koppel-standalone is koppel with everything embedded: PostgreSQL, Temporal's server and Web UI, the
// API and the worker in one process, with everything it keeps in one folder.
package main

import (
	"os"

	"koppel/cli"
	"koppel/internal/config"
)

type commands struct {
	cli.Commands
	Run            runCmd      `cmd:"" default:"withargs" help:"Run everything in this process (the default)."`
	Backup         backupCmd   `cmd:"" help:"Write a backup of everything that is kept, also while koppel-standalone runs."`
	Restore        restoreCmd  `cmd:"" help:"Restore a backup into an empty data folder."`
	Drill          drillCmd    `cmd:"" help:"Restore the last backup beside the running one, check it, and remove it again."`
	UpgradeData    upgradeCmd  `cmd:"" name:"upgrade-data" help:"Move the data to another version of PostgreSQL."`
	TemporalServer temporalCmd `cmd:"" name:"temporal-server" help:"Run only the embedded Temporal server."`
}

func main() {
	var c commands
	os.Exit(cli.Main(cli.Program{
		Name: "koppel-standalone", Description: "Koppel links sales environments; this program has everything embedded.",
		Commands: &c, Config: func() *config.Config { return &c.Config },
		// One machine for oneself: the throttles are there, and do not hinder.
		RequestsPerMinute: 60_000, PartnerRate: 500,
	}, os.Args[1:]))
}
