package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/server/common/log"

	"koppel/db/dbtest"
	"koppel/internal/vault"
	"koppel/standalone/embedded"
)

// certificates are an authority and a certificate and key of it, for localhost and for a client.
type certificates struct{ ca, cert, key string }

func newCertificates(t *testing.T) certificates {
	t.Helper()
	folder := t.TempDir()
	write := func(name, kind string, der []byte) string {
		path := filepath.Join(folder, name)
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600))
		return path
	}
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "koppel test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	authorityDER, err := x509.CreateCertificate(rand.Reader, authority, authority, authorityKey.Public(), authorityKey)
	require.NoError(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "localhost"}, NotBefore: authority.NotBefore, NotAfter: authority.NotAfter,
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	leafDER, err := x509.CreateCertificate(rand.Reader, leaf, authority, key.Public(), authorityKey)
	require.NoError(t, err)
	keyDER, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	return certificates{write("ca.pem", "CERTIFICATE", authorityDER), write("cert.pem", "CERTIFICATE", leafDER), write("key.pem", "EC PRIVATE KEY", keyDER)}
}

// serverArgs have Temporal let in nobody without a certificate.
func (c certificates) serverArgs() []string {
	return []string{"--tls-cert", c.cert, "--tls-key", c.key, "--tls-client-ca", c.ca}
}

// command runs a command as the deployment is set, and gives what it says.
func (d *deployment) command(more []string, args ...string) (output string, fine bool) {
	d.t.Helper()
	cmd := exec.Command(binary, args...)
	env := append(os.Environ(), "DATABASE_URL="+d.databaseURL, "KOPPEL_ENCRYPTION_KEYS="+d.keys, "TEMPORAL_ADDRESS="+d.temporalAddress, "KOPPEL_PUBLIC_URL="+d.base)
	cmd.Env = append(append(env, d.env...), more...)
	said, err := cmd.CombinedOutput()
	return string(said), err == nil
}

func (d *deployment) doctor(env ...string) (report string, healthy bool) {
	d.t.Helper()
	return d.command(env, "doctor")
}

// inOrder waits until doctor finds everything in order: the partners' limits are set some seconds after the start.
func (d *deployment) inOrder() (report string) {
	d.t.Helper()
	d.eventually("everything is in order", func() (healthy bool) {
		report, healthy = d.doctor()
		return healthy
	})
	return report
}

// TestMutualTLS is the main job against a Temporal that lets in nobody without a certificate: how to reach it is read from
// Temporal's own profile file.
func TestMutualTLS(t *testing.T) {
	t.Parallel()
	c := newCertificates(t)
	profile := filepath.Join(t.TempDir(), "temporal.toml")
	require.NoError(t, os.WriteFile(profile, []byte(`[profile.zaak]
namespace = "default"
[profile.zaak.tls]
server_name = "localhost"
server_ca_cert_path = "`+c.ca+`"
client_cert_path = "`+c.cert+`"
client_key_path = "`+c.key+`"
`), 0o600))
	d := deployBeside(t, c.serverArgs(), "TEMPORAL_CONFIG_FILE="+profile, "TEMPORAL_PROFILE=zaak")
	l := newLink(d, 1, d.base)
	l.importAll(1)
	l.mapAll()
	l.forwardAutomatically()
	l.sell(1)
	l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	d.inOrder()
	report, healthy := d.doctor("TEMPORAL_CONFIG_FILE=/dev/null", "TEMPORAL_PROFILE=")
	require.False(t, healthy)
	require.Contains(t, report, "wrong  Temporal at "+d.temporalAddress)
}

// TestANamespaceOfOthers has one of our search attributes as another type: everything goes, without search attributes, and
// doctor says what to do.
func TestANamespaceOfOthers(t *testing.T) {
	t.Parallel()
	d := &deployment{t: t, databaseURL: dbtest.URL(t), keys: vault.NewKey("k1"), base: "http://" + freeAddress(t), temporalAddress: freeAddress(t)}
	d.operators, d.workerHealth = "http://"+freeAddress(t), "http://"+freeAddress(t)
	temporal, err := embedded.StartTemporal(t.Context(), embedded.TemporalConfig{
		File: filepath.Join(scratch(t), "temporal.db"), Listen: d.temporalAddress, Namespace: "default", Log: log.NewNoopLogger(),
		SearchAttributes: map[string]enums.IndexedValueType{"KoppelReason": enums.INDEXED_VALUE_TYPE_INT},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = temporal.Stop() })
	d.startServer()
	d.startWorker()
	d.waitReady()
	l := newLink(d, 1, d.base)
	l.importAll(1)
	l.forwardAutomatically()
	l.sell(1)
	l.eventually("it waits for a person", func() bool { return l.forwardings("action_required") == 1 })
	l.mapAll()
	l.eventually("the sale is forwarded", func() bool { return l.forwardings("forwarded") == 1 })
	report, healthy := d.doctor()
	require.False(t, healthy)
	require.Contains(t, report, "KoppelReason is Int in this namespace, and must be Keyword")
	require.True(t, strings.Contains(d.server.log.String(), "relay.search_attributes.refused"), "the log says so")
}

// TestTemporalPrepare makes what a namespace lacks, and doctor, which makes nothing, sees it.
func TestTemporalPrepare(t *testing.T) {
	t.Parallel()
	d := &deployment{t: t, databaseURL: dbtest.URL(t), keys: vault.NewKey("k1"), temporalAddress: freeAddress(t)}
	temporal, err := embedded.StartTemporal(t.Context(), embedded.TemporalConfig{
		File: filepath.Join(scratch(t), "temporal.db"), Listen: d.temporalAddress, Namespace: "default", Log: log.NewNoopLogger(),
		SearchAttributes: map[string]enums.IndexedValueType{"KoppelSale": enums.INDEXED_VALUE_TYPE_INT},
	})
	require.NoError(t, err)
	t.Cleanup(func() { _ = temporal.Stop() })
	report, healthy := d.doctor()
	require.False(t, healthy)
	require.Contains(t, report, "koppel temporal prepare")
	for range 2 {
		output, fine := d.command(nil, "temporal", "prepare")
		require.True(t, fine, output)
	}
	d.eventually("doctor sees them", func() bool {
		report, _ := d.doctor()
		return strings.Contains(report, "ok     Temporal search attributes")
	})
}
