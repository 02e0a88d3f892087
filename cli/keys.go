package cli

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"koppel/sealing"
)

// KeysCmd is koppel keys.
type KeysCmd struct {
	Rotate KeysRotateCmd `cmd:"" help:"Seal with the first encryption key whatever an earlier one sealed, while everything runs; after it the earlier ones can go."`
}

// KeysRotateCmd is koppel keys rotate.
type KeysRotateCmd struct {
	JSON bool `help:"Print JSON."`
}

// rotation is what came of it.
type rotation struct {
	Key       string            `json:"key"`
	Sealed    []sealing.Rotated `json:"sealed"`
	Removable []string          `json:"removable"`
}

// Run seals anew. Broken off, or done again, it goes on with what is left.
func (c *KeysRotateCmd) Run(r *Run) error {
	parts, err := Open(r.Ctx, r.Config, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	keys, told := parts.keys(), false
	err = keys.Unused(r.Ctx, func(use *sealing.InUseError) {
		if !told && !c.JSON {
			fmt.Fprintf(r.Out, "A process sealed with key %s %s ago. Waiting for a minute, whether one does so still.\n", use.Name, use.Ago.Round(time.Second)) //nolint:errcheck // the terminal
		}
		told = true
	})
	if err != nil {
		return err
	}
	sealed, err := keys.Rotate(r.Ctx)
	if err == nil {
		err = keys.Forget(r.Ctx)
	}
	if !c.JSON {
		for _, kind := range sealed {
			fmt.Fprintf(r.Out, "%-36s %8d sealed anew\n", kind.Kind, kind.Sealed) //nolint:errcheck // the terminal
		}
	}
	if err != nil {
		return err
	}
	uses, err := keys.Uses(r.Ctx)
	if err != nil {
		return err
	}
	done := rotation{Key: parts.Vault.Sealing(), Sealed: sealed, Removable: []string{}}
	for _, use := range uses {
		switch {
		case use.Gone():
			done.Removable = append(done.Removable, use.Key)
		case !use.Seals: // a process that began meanwhile
			return sealing.ErrNotAll
		}
	}
	if c.JSON {
		return json.NewEncoder(r.Out).Encode(done)
	}
	_, err = fmt.Fprintf(r.Out, "Everything is sealed with key %s.%s\n", done.Key, removable(done.Removable))
	return err
}

func removable(names []string) string {
	if len(names) == 0 {
		return ""
	}
	return " Nothing is with " + strings.Join(names, ", ") + " any more: it can be removed from KOPPEL_ENCRYPTION_KEYS of every process."
}

// checkSealed says what is sealed with which key, and which can go.
func checkSealed(r *Run, parts *Parts, report reporting) {
	uses, err := parts.keys().Uses(r.Ctx)
	if err != nil {
		report("what is sealed", err, "is the database migrated? koppel migrate")
		return
	}
	for _, use := range uses {
		sealed := fmt.Sprintf("sealed with key %s: %d rows", use.Key, use.Values)
		switch {
		case !use.Known && use.Key == "":
			report("what is sealed", fmt.Errorf("%d rows are damaged: they name no key (%s)", use.Values, kindsOf(use)), "restore these rows from a backup, or enter the tokens and secrets again")
		case !use.Known:
			report(sealed, fmt.Errorf("%s is not among KOPPEL_ENCRYPTION_KEYS", use.Key), "put it back, with the secret that it had")
		case use.Seals:
			report(sealed+", which seals from now on", nil, "")
		case use.Gone():
			report(fmt.Sprintf("nothing is sealed with key %s any more: it can be removed (unless it is new, and has not been put first yet)", use.Key), nil, "")
		case use.Values > 0:
			report(sealed+"; run koppel keys rotate", nil, "")
		default:
			report(fmt.Sprintf("nothing is sealed with key %s, but a process that seals with it was there %s ago; run koppel keys rotate once none does", use.Key, time.Duration(*use.Seen*float64(time.Second)).Round(time.Second)), nil, "")
		}
	}
}

func kindsOf(use sealing.Use) string {
	var kinds []string
	for _, kind := range sealing.Kinds() {
		if n := use.Kinds[kind]; n > 0 {
			kinds = append(kinds, fmt.Sprintf("%s: %d", kind, n))
		}
	}
	return strings.Join(kinds, ", ")
}
