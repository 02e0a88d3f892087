package config

// Database is what says where the database is, and as whom it is worked in.
type Database struct {
	DatabaseURL        Secret `help:"PostgreSQL's address, or its pooler's: postgres://user@host/database." env:"DATABASE_URL" placeholder:"URL"`
	DatabaseDirectURL  Secret `name:"database-direct-url" help:"PostgreSQL's own address, where the other one is a pooler's: for migrations, and to be told of commits at once." env:"KOPPEL_DATABASE_DIRECT_URL" placeholder:"URL"`
	DatabasePassword   Secret `help:"PostgreSQL's password, of any characters; counts instead of one in an address." env:"KOPPEL_DATABASE_PASSWORD" placeholder:"PASSWORD"`
	DatabaseAppRole    string `help:"The role that sees one environment at a time. Roles are one for a whole server: two deployments on it have names of their own." env:"KOPPEL_DATABASE_APP_ROLE" default:"koppel_app"`
	DatabaseSystemRole string `help:"The role that sees every environment, for what runs by itself." env:"KOPPEL_DATABASE_SYSTEM_ROLE" default:"koppel_system"`
	DatabaseConns      int32  `help:"Connections to PostgreSQL, at most." env:"KOPPEL_DATABASE_CONNS" default:"24"`
}
