// Package demo seeds a provider and a reseller through the public API, by the calls a user would make, and
// keeps them moving a little.
package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"koppel/server/service/services"
	"koppel/states"
)

// Environment is a demo environment with its logins.
type Environment struct {
	Account       string `json:"account"`
	Name          string `json:"name"`
	OwnerEmail    string `json:"owner_email"`
	OwnerPassword string `json:"owner_password"`
	OwnerToken    string `json:"owner_token"`
}

// Accounts of the demo.
const (
	Provider = "voltera"
	Reseller = "zonwijs"
)

// Environments makes the two environments the first time, as `koppel environment create` does, and keeps
// their logins in a file of the data folder.
func Environments(ctx context.Context, svc *services.Services, file string) ([]Environment, error) {
	data, err := os.ReadFile(file)
	if err == nil {
		var kept []Environment
		if err := json.Unmarshal(data, &kept); err != nil {
			return nil, fmt.Errorf("read the demo's logins from %s: %w", file, err)
		}
		return kept, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("read the demo's logins: %w", err)
	}
	var made []Environment
	for _, e := range []Environment{
		{Account: Provider, Name: "Voltera Energie", OwnerEmail: "eigenaar@voltera.example"},
		{Account: Reseller, Name: "Zonwijs Verkoop", OwnerEmail: "eigenaar@zonwijs.example"},
	} {
		created, err := svc.Access.CreateEnvironment(ctx, e.Account, e.Name, e.OwnerEmail, states.Dutch)
		if err != nil {
			return nil, fmt.Errorf("make the demo environment: %w", err)
		}
		e.OwnerPassword, e.OwnerToken = created.OwnerPassword, created.OwnerToken
		made = append(made, e)
	}
	if data, err = json.MarshalIndent(made, "", "  "); err != nil {
		return nil, err
	}
	if err := os.WriteFile(file, data, 0o600); err != nil {
		return nil, fmt.Errorf("keep the demo's logins: %w", err)
	}
	return made, nil
}
