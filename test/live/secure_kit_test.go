package live

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"
	"github.com/stretchr/testify/require"
)

// safe is where a test keeps its keys, as files: the seeds of users, credentials, and
// certificates by an authority of the test's own.
type safe struct {
	t       *testing.T
	dir     string
	ca      *x509.Certificate
	key     *ecdsa.PrivateKey
	secrets []string // what nobody may read anywhere
}

func newSafe(t *testing.T) *safe {
	t.Helper()
	s := &safe{t: t, dir: t.TempDir()}
	s.ca, s.key = s.certify("ca")
	return s
}

func (s *safe) path(name string) string { return filepath.Join(s.dir, name) }

func (s *safe) write(name string, data []byte) string {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.path(name), data, 0o600))
	return s.path(name)
}

// certify makes name.pem and name.key, for a server on this machine or for a user. The
// first certificate is the authority's.
func (s *safe) certify(name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	s.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(s.t, err)
	made := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	by, with := s.ca, s.key
	if by == nil {
		made.IsCA, made.BasicConstraintsValid, made.KeyUsage = true, true, x509.KeyUsageCertSign
		by, with = made, key
	}
	der, err := x509.CreateCertificate(rand.Reader, made, by, key.Public(), with)
	require.NoError(s.t, err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(s.t, err)
	s.write(name+".pem", pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})
	s.write(name+".key", text)
	s.secrets = append(s.secrets, string(text[30:90]))
	cert, err := x509.ParseCertificate(der)
	require.NoError(s.t, err)
	return cert, key
}

// tls is how a server proves who it is.
func (s *safe) tls() *tls.Config {
	s.t.Helper()
	s.certify("server")
	own, err := tls.LoadX509KeyPair(s.path("server.pem"), s.path("server.key"))
	require.NoError(s.t, err)
	return &tls.Config{Certificates: []tls.Certificate{own}, MinVersion: tls.VersionTLS12}
}

// authority is whose certificates are believed.
func (s *safe) authority() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(s.ca)
	return pool
}

// pair makes a pair of keys. Its seed is a secret.
func (s *safe) pair(kind nkeys.PrefixByte) (pair nkeys.KeyPair, public string, seed []byte) {
	s.t.Helper()
	pair, err := nkeys.CreatePair(kind)
	require.NoError(s.t, err)
	public, err = pair.PublicKey()
	require.NoError(s.t, err)
	seed, err = pair.Seed()
	require.NoError(s.t, err)
	s.secrets = append(s.secrets, string(seed))
	return pair, public, seed
}

// nkey makes the seed of a user, name.nk, and returns what the server knows of it.
func (s *safe) nkey(name string) *server.NkeyUser {
	s.t.Helper()
	_, public, seed := s.pair(nkeys.PrefixByteUser)
	s.write(name+".nk", seed)
	return &server.NkeyUser{Nkey: public}
}

// operator is one whose accounts the server trusts, with one account for groups.
type operator struct {
	safe    *safe
	account nkeys.KeyPair
	key     string // of the account, public
	options func(*server.Options)
}

func (s *safe) operator() *operator {
	s.t.Helper()
	above, public, _ := s.pair(nkeys.PrefixByteOperator)
	resolver := &server.MemAccResolver{}
	issued := func(name string, limits jwt.JetStreamLimits) (nkeys.KeyPair, string) {
		pair, key, _ := s.pair(nkeys.PrefixByteAccount)
		claims := jwt.NewAccountClaims(key)
		claims.Name, claims.Limits.JetStreamLimits = name, limits
		text, err := claims.Encode(above)
		require.NoError(s.t, err)
		require.NoError(s.t, resolver.Store(key, text))
		return pair, key
	}
	_, system := issued("SYS", jwt.JetStreamLimits{})
	op := &operator{safe: s}
	op.account, op.key = issued("orders", jwt.JetStreamLimits{
		MemoryStorage: jwt.NoLimit, DiskStorage: jwt.NoLimit, Streams: jwt.NoLimit, Consumer: jwt.NoLimit,
	})
	op.options = func(o *server.Options) {
		o.TrustedKeys, o.AccountResolver, o.SystemAccount = []string{public}, resolver, system
	}
	return op
}

// user makes the credentials of a user, name.creds, which end at this time; never if it
// is zero.
func (o *operator) user(name string, until time.Time) {
	o.safe.t.Helper()
	_, public, seed := o.safe.pair(nkeys.PrefixByteUser)
	claims := jwt.NewUserClaims(public)
	claims.Name, claims.IssuerAccount = name, o.key
	if !until.IsZero() {
		claims.Expires = until.Unix()
	}
	text, err := claims.Encode(o.account)
	require.NoError(o.safe.t, err)
	creds, err := jwt.FormatUserConfig(text, seed)
	require.NoError(o.safe.t, err)
	o.safe.write(name+".creds", creds)
	o.safe.secrets = append(o.safe.secrets, text)
}
