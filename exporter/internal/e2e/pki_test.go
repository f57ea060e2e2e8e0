package e2e

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
	"path/filepath"
	"testing"
	"time"
)

// pki is a certificate authority, and the files of a server on this machine.
type pki struct {
	t    *testing.T
	dir  string // holds ca.crt, server.crt and server.key
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newPKI(t *testing.T) *pki {
	t.Helper()
	p := &pki{t: t, dir: t.TempDir()}
	template := p.template("authority of the test")
	template.IsCA, template.BasicConstraintsValid, template.KeyUsage = true, true, x509.KeyUsageCertSign
	p.key = p.newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, template, p.key.Public(), p.key)
	if err == nil {
		p.cert, err = x509.ParseCertificate(der)
	}
	if err != nil {
		t.Fatal(err)
	}
	p.write("ca.crt", "CERTIFICATE", der)

	p.writeKeyPair("server", p.issue("server"))
	return p
}

// writeKeyPair writes the files of a certificate.
func (p *pki) writeKeyPair(name string, c tls.Certificate) {
	p.t.Helper()
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		p.t.Fatal(err)
	}
	p.write(name+".crt", "CERTIFICATE", c.Certificate[0])
	p.write(name+".key", "PRIVATE KEY", key)
}

// issue makes a certificate of the authority, for a server or a client, unless
// change makes it another one.
func (p *pki) issue(name string, change ...func(*x509.Certificate)) tls.Certificate {
	p.t.Helper()
	template := p.template(name)
	template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}
	for _, f := range change {
		f(template)
	}
	key := p.newKey()
	der, err := x509.CreateCertificate(rand.Reader, template, p.cert, key.Public(), p.key)
	if err != nil {
		p.t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (p *pki) template(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func (p *pki) newKey() *ecdsa.PrivateKey {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	return key
}

func (p *pki) write(name, kind string, der []byte) {
	p.t.Helper()
	rewrite(p.t, filepath.Join(p.dir, name), string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})))
}

func (p *pki) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(p.cert)
	return pool
}
