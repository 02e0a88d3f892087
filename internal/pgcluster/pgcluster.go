// Package pgcluster runs a private PostgreSQL from the system's binaries, also for root (PostgreSQL itself
// refuses root): for koppel-standalone, and for tests.
package pgcluster

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrNoBinaries means that PostgreSQL is not installed.
var ErrNoBinaries = errors.New("PostgreSQL's programs (initdb, postgres, pg_ctl) are not installed: install the package postgresql, or set DATABASE_URL")

// Cluster is a running PostgreSQL.
type Cluster struct {
	bin, dir string
	account  *syscall.Credential
	url      string
}

// Options of a cluster.
type Options struct {
	Dir string // made when it does not exist
	// Programs is the folder of initdb, postgres and pg_ctl; by default it is looked for: of the version that made the data, or the newest.
	Programs string
	// Disposable turns off what keeps data safe through a power cut: for tests.
	Disposable bool
}

// Start brings the cluster in Dir up on a free loopback port. A server that a killed process left running on
// the same folder is stopped first.
func Start(ctx context.Context, o Options) (*Cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	if c.bin, err = programsFor(dir, o.Programs); err != nil {
		return nil, err
	}
	if c.account, err = Account(); err != nil {
		return nil, err
	}
	if err := c.prepare(ctx); err != nil {
		return nil, err
	}
	_ = c.Stop(ctx) // a left-over of a killed process; usually there is none
	port, err := c.startOnAPort(ctx, o.Disposable)
	if err != nil {
		return nil, fmt.Errorf("start PostgreSQL in %s: %w", c.dir, err)
	}
	password, err := os.ReadFile(c.passwordFile())
	if err != nil {
		return nil, fmt.Errorf("read PostgreSQL's password: %w", err)
	}
	c.url = fmt.Sprintf("postgres://koppel:%s@127.0.0.1:%s/postgres?sslmode=disable", strings.TrimSpace(string(password)), port)
	return c, nil
}

// ports is how many ports are tried: one that was free may be taken by the time that PostgreSQL listens.
const ports = 5

func (c *Cluster) startOnAPort(ctx context.Context, disposable bool) (port string, err error) {
	log := filepath.Join(c.data(), "server.log")
	for range ports {
		if port, err = freePort(ctx); err != nil {
			return "", err
		}
		settings := []string{
			"-c listen_addresses=127.0.0.1", "-p " + port, "-c unix_socket_directories=", "-c max_connections=200",
			"-c shared_buffers=256MB", "-c log_min_messages=warning", "-c timezone=UTC",
		}
		if disposable {
			settings = append(settings, "-c fsync=off", "-c synchronous_commit=off", "-c full_page_writes=off")
		}
		err = c.run(ctx, "pg_ctl", "-D", c.data(), "-w", "-t", "60", "-l", log, "-o", strings.Join(settings, " "), "start")
		if err == nil {
			return port, nil
		}
		said, unread := os.ReadFile(log)
		if unread != nil || !bytes.Contains(said, []byte(`could not bind IPv4 address "127.0.0.1": Address already in use`)) {
			return "", err
		}
	}
	return "", err
}

// URL is the address of the database postgres, as its owner.
func (c *Cluster) URL() string { return c.url }

// Stop ends the server in order, or does nothing when it does not run.
func (c *Cluster) Stop(ctx context.Context) error {
	if c.run(ctx, "pg_ctl", "-D", c.data(), "status") != nil {
		return nil // it does not run
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	return c.run(ctx, "pg_ctl", "-D", c.data(), "-m", "fast", "-w", "stop")
}

func (c *Cluster) data() string         { return filepath.Join(c.dir, "data") }
func (c *Cluster) passwordFile() string { return filepath.Join(c.dir, "password") }

// Account is the user that PostgreSQL runs as: ourselves (nil), or for root the user postgres or nobody.
func Account() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		account, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(account.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(account.Gid, 10, 32)
		if errUID == nil && errGID == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("PostgreSQL does not run as root, and there is no user postgres or nobody to run it as: start as another user, or set DATABASE_URL")
}

func (c *Cluster) prepare(ctx context.Context) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("make PostgreSQL's folder: %w", err)
	}
	if err := c.reachable(); err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(c.data(), "PG_VERSION")); err == nil {
		return nil
	}
	secret := make([]byte, 24)
	_, _ = rand.Read(secret) // never fails (crypto/rand)
	if err := os.WriteFile(c.passwordFile(), []byte(hex.EncodeToString(secret)+"\n"), 0o600); err != nil {
		return fmt.Errorf("write PostgreSQL's password: %w", err)
	}
	if err := c.own(c.dir, c.passwordFile()); err != nil {
		return err
	}
	// A folder without PG_VERSION is what a first start left that was interrupted.
	if err := os.RemoveAll(c.data()); err != nil {
		return fmt.Errorf("clear an unfinished PostgreSQL: %w", err)
	}
	err := c.run(ctx, "initdb", "-D", c.data(), "-U", "koppel", "-A", "scram-sha-256", "--pwfile", c.passwordFile(), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync")
	if err != nil {
		return fmt.Errorf("make a PostgreSQL in %s: %w", c.dir, err)
	}
	return nil
}

// reachable makes sure that the user PostgreSQL runs as can walk to the folder.
func (c *Cluster) reachable() error {
	if c.account == nil {
		return nil
	}
	for dir := filepath.Dir(c.dir); ; dir = filepath.Dir(dir) {
		info, err := os.Stat(dir)
		if err != nil {
			return err
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if ok && stat.Uid != c.account.Uid && info.Mode().Perm()&0o001 == 0 {
			return fmt.Errorf("PostgreSQL runs as another user than root, and that user cannot enter %s: choose a folder elsewhere (--data), allow entering (chmod o+x %s), start as an ordinary user, or set DATABASE_URL", dir, dir)
		}
		if dir == filepath.Dir(dir) {
			return nil
		}
	}
}

func (c *Cluster) own(paths ...string) error {
	if c.account == nil {
		return nil
	}
	for _, path := range paths {
		if err := os.Chown(path, int(c.account.Uid), int(c.account.Gid)); err != nil {
			return fmt.Errorf("give %s to PostgreSQL's user: %w", path, err)
		}
	}
	return nil
}

func (c *Cluster) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	// A group of its own: Ctrl-C in a terminal must stop the application first, the database after it.
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.account, Setpgid: true}
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	// The server inherits the output of pg_ctl; waiting for its end would wait for the server's.
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil && !errors.Is(err, exec.ErrWaitDelay) {
		return fmt.Errorf("%s: %w: %s", program, err, strings.TrimSpace(output.String()))
	}
	return nil
}

var freePort = func(ctx context.Context) (string, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close() //nolint:errcheck // the port was only asked for
	_, port, err := net.SplitHostPort(listener.Addr().String())
	return port, err
}

// Remove ends the server of a folder that is not wanted any more, if one was left running, and removes the folder.
func Remove(ctx context.Context, dir, programs string) error {
	made, err := MadeBy(dir)
	if err != nil {
		return err
	}
	c := &Cluster{dir: dir}
	c.bin, err = programsFor(dir, programs)
	if _, different := errors.AsType[*VersionError](err); made == 0 || different { // what cannot start it does not run it either
		return os.RemoveAll(dir)
	}
	if err != nil {
		return err
	}
	if c.account, err = Account(); err != nil {
		return err
	}
	return errors.Join(c.Stop(ctx), os.RemoveAll(dir))
}
