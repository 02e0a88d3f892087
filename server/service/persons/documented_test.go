package persons_test

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"koppel/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }

// The titles of docs/personal-data.md.
const (
	ofPersons = "What is a person's"
	ofWorkers = "What is of people who work here"
	ofNobody  = "What is nobody's"
)

// documented reads which columns are under a title of docs/personal-data.md, as table.column, with the row's last cell.
func documented(t *testing.T, title string) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../docs/personal-data.md")
	require.NoError(t, err)
	_, section, found := strings.Cut(string(text), "\n## "+title+"\n")
	require.True(t, found, title)
	section, _, _ = strings.Cut(section, "\n## ")
	columns := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| (`[^|]*`) \\|(?:(.*)\\|)?$").FindAllStringSubmatch(section, -1) {
		cells := strings.Split(row[3], "|")
		for _, column := range regexp.MustCompile("`(\\w+)`").FindAllStringSubmatch(row[2], -1) {
			name := row[1] + "." + column[1]
			require.NotContains(t, columns, name)
			columns[name] = strings.TrimSpace(cells[len(cells)-1])
		}
	}
	require.NotEmpty(t, columns)
	return columns
}

// Each column that can hold a text is documented, as a person's or as nobody's: a column that is added later and forgotten fails here.
func TestEveryColumnIsSomebodysOrNobodys(t *testing.T) {
	t.Parallel()
	written := map[string]string{}
	for _, title := range []string{ofPersons, ofWorkers, ofNobody} {
		for column := range documented(t, title) {
			require.NotContains(t, written, column, "twice")
			written[column] = title
		}
	}
	conn, err := pgx.Connect(t.Context(), dbtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	rows, err := conn.Query(t.Context(), `SELECT c.table_name || '.' || c.column_name FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
		WHERE c.table_schema = 'public' AND t.table_type = 'BASE TABLE' AND c.table_name <> 'goose_db_version'
		AND (c.data_type IN ('text', 'character varying', 'json', 'jsonb', 'bytea', 'inet', 'tsvector', 'hstore') OR c.data_type = 'ARRAY' AND c.udt_name <> '_int8' OR c.data_type = 'USER-DEFINED')`)
	require.NoError(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	for _, column := range columns {
		require.NotEmpty(t, written[column], "docs/personal-data.md says whose %s is", column)
		delete(written, column)
	}
	require.Empty(t, written, "and of nothing that is not there")
}
