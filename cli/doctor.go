package cli

import (
	"errors"
	"fmt"

	"koppel/internal/vault"
)

// DoctorCmd is koppel doctor.
type DoctorCmd struct{}

var errUnhealthy = errors.New("not everything is in order; see above")

// Run checks what a deployment needs, part by part, and says what to do about what is wrong. It writes nothing.
func (*DoctorCmd) Run(r *Run) error {
	healthy := true
	report := func(part string, err error, advice string) bool {
		if err == nil {
			fmt.Fprintf(r.Out, "ok     %s\n", part) //nolint:errcheck // a report
			return true
		}
		healthy = false
		fmt.Fprintf(r.Out, "wrong  %s: %v\n       %s\n", part, err, advice) //nolint:errcheck // a report
		return false
	}
	cfg := r.Config
	if !report("configuration", cfg.Check(), "see koppel --help") {
		return errUnhealthy
	}
	_, err := vault.New(string(cfg.EncryptionKeys))
	report("encryption keys are readable", err, "KOPPEL_ENCRYPTION_KEYS is id:base64 of 32 bytes")
	if !checkDatabase(r, report) {
		return errUnhealthy
	}
	parts, err := open(r.Ctx, cfg, r.Log, false)
	if !report("encryption keys fit the database", err, "put the key back that the data was written with") {
		return errUnhealthy
	}
	defer parts.Close()
	checkSealed(r, parts, report)
	checkTemporal(r, parts, report)
	checkMail(r, cfg, report)
	if !healthy {
		return errUnhealthy
	}
	return nil
}
