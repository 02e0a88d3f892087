package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"koppel/salesdock"
	"koppel/server/httperr"
	"koppel/server/service"
	"koppel/server/service/access"
	"koppel/server/service/services"
	"koppel/states"
)

// asOperator opens what a command works with. Whatever it changes, the audit log says that it was an operator.
func asOperator(r *Run, do func(svc *services.Services) error) error {
	parts, err := Open(r.Ctx, r.Config, r.Log)
	if err != nil {
		return err
	}
	defer parts.Close()
	svc := parts.Service()
	svc.Operator = operatorName()
	return inEnglish(r, do(svc))
}

// operatorName is whose command it is, as the machine knows them.
func operatorName() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if known, err := user.Current(); err == nil {
		return known.Username
	}
	return "user " + strconv.Itoa(os.Getuid())
}

// inEnglish says why the service refused something, as it says it to its other callers.
func inEnglish(r *Run, err error) error {
	var refusal *service.Error
	if !errors.As(err, &refusal) {
		return err
	}
	failure := httperr.From(r.Ctx, states.English, err)
	text := failure.Message
	for _, field := range slices.Sorted(maps.Keys(failure.Fields)) {
		text += fmt.Sprintf("; %s: %s", field, strings.Join(failure.Fields[field], " "))
	}
	return errors.New(text)
}

// inAccount finds the environment that a command is about.
func inAccount(r *Run, svc *services.Services, account string) (service.Actor, error) {
	actor, err := svc.Access.OperatorIn(r.Ctx, account)
	var refusal *service.Error
	if errors.As(err, &refusal) && refusal.Kind == service.KindNotFound {
		return actor, fmt.Errorf("there is no environment %q: koppel environment list shows those that there are", account)
	}
	return actor, err
}

// told prints JSON, or lines for people in columns.
func (r *Run) told(asJSON bool, value any, lines ...string) error {
	if asJSON {
		return json.NewEncoder(r.Out).Encode(value)
	}
	table := tabwriter.NewWriter(r.Out, 0, 0, 2, ' ', 0)
	for _, line := range lines {
		fmt.Fprintln(table, line) //nolint:errcheck // Flush says it
	}
	return table.Flush()
}

// EnvironmentCmd is koppel environment.
type EnvironmentCmd struct {
	Create EnvironmentCreateCmd `cmd:"" help:"Make an environment and its owner; prints the owner's password and token, once."`
	List   EnvironmentListCmd   `cmd:"" help:"List environments."`
}

// EnvironmentCreateCmd is koppel environment create.
type EnvironmentCreateCmd struct {
	Account    string          `required:"" help:"The environment's account name, a slug such as testomgeving."`
	Name       string          `required:"" help:"Its name, for people."`
	OwnerEmail string          `required:"" help:"The owner's e-mail address."`
	Language   states.Language `default:"nl" enum:"nl,en" help:"Language of its messages."`
	JSON       bool            `help:"Print JSON."`
}

// Run makes an environment.
func (c *EnvironmentCreateCmd) Run(r *Run) error {
	return asOperator(r, func(svc *services.Services) error {
		created, err := svc.Access.CreateEnvironment(r.Ctx, c.Account, c.Name, c.OwnerEmail, c.Language)
		if err != nil {
			return err
		}
		return r.told(c.JSON, created, "account\t"+created.Account, "owner\t"+created.OwnerEmail, "password\t"+created.OwnerPassword, "token\t"+created.OwnerToken,
			"The password and the token are shown this once.")
	})
}

// EnvironmentListCmd is koppel environment list.
type EnvironmentListCmd struct {
	JSON bool `help:"Print JSON."`
}

type listedEnvironment struct {
	Account      string          `json:"account"`
	Name         string          `json:"name"`
	Language     states.Language `json:"language"`
	CreatedAt    salesdock.Stamp `json:"created_at"`
	Users        int64           `json:"active_users"`
	Integrations int64           `json:"integrations"`
}

// Run lists them.
func (c *EnvironmentListCmd) Run(r *Run) error {
	return asOperator(r, func(svc *services.Services) error {
		rows, err := svc.Access.Environments(r.Ctx)
		if err != nil {
			return err
		}
		list, lines := []listedEnvironment{}, []string{"ACCOUNT\tNAME\tLANGUAGE\tMADE\tACTIVE USERS\tINTEGRATIONS"}
		for _, e := range rows {
			list = append(list, listedEnvironment{e.Account, e.Name, e.Language, salesdock.Stamp{Time: e.CreatedAt}, e.Users, e.Integrations})
			lines = append(lines, fmt.Sprintf("%s\t%s\t%s\t%s\t%d\t%d", e.Account, e.Name, e.Language, salesdock.FormatStamp(e.CreatedAt), e.Users, e.Integrations))
		}
		return r.told(c.JSON, list, lines...)
	})
}

// TokenCmd is koppel token.
type TokenCmd struct {
	Create TokenCreateCmd `cmd:"" help:"Make a token for a user; prints it, once."`
}

// TokenCreateCmd is koppel token create.
type TokenCreateCmd struct {
	ofUser
	Name string `default:"command line" help:"What the token is for."`
	JSON bool   `help:"Print JSON."`
}

// Run makes a token.
func (c *TokenCreateCmd) Run(r *Run) error {
	return c.do(r, func(svc *services.Services, a service.Actor, person listedUser) error {
		token, text, err := svc.Access.CreateToken(r.Ctx, a, person.ID, access.TokenInput{Name: c.Name})
		if err != nil {
			return err
		}
		return r.told(c.JSON, map[string]any{"id": token.ID, "token": text}, text)
	})
}
