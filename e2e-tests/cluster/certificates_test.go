package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// authority signs the certificates of a test.
type authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
	pem         []byte
}

func check[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func certificate(name, group string) *x509.Certificate {
	subject := pkix.Name{CommonName: name}
	if group != "" {
		subject.Organization = []string{group}
	}
	return &x509.Certificate{
		SerialNumber: check(rand.Int(rand.Reader, big.NewInt(1<<62))),
		Subject:      subject,
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
}

func newAuthority(name string) *authority {
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	root := certificate(name, "")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign
	der := check(x509.CreateCertificate(rand.Reader, root, root, key.Public(), key))
	return &authority{certificate: check(x509.ParseCertificate(der)), key: key, pem: pemOf(der)}
}

func (a *authority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// write writes FILE.crt and FILE.key for a name, a group and hosts, and ca.crt beside them.
func (a *authority) write(dir, file, name, group string, hosts ...string) {
	key := check(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	leaf := certificate(name, group)
	for _, host := range hosts {
		if ip := net.ParseIP(host); ip != nil {
			leaf.IPAddresses = append(leaf.IPAddresses, ip)
		} else {
			leaf.DNSNames = append(leaf.DNSNames, host)
		}
	}
	der := check(x509.CreateCertificate(rand.Reader, leaf, a.certificate, key.Public(), a.key))
	writePem(filepath.Join(dir, file+".crt"), "CERTIFICATE", der)
	writePem(filepath.Join(dir, file+".key"), "PRIVATE KEY", check(x509.MarshalPKCS8PrivateKey(key)))
	if err := os.WriteFile(filepath.Join(dir, "ca.crt"), a.pem, 0o600); err != nil {
		panic(err)
	}
}

// writeServiceAccountKey writes FILE.key, with which the API server signs the tokens of service accounts.
func writeServiceAccountKey(file string) {
	key := check(rsa.GenerateKey(rand.Reader, 2048))
	writePem(file+".key", "PRIVATE KEY", check(x509.MarshalPKCS8PrivateKey(key)))
}

// pemOf is a certificate as text.
func pemOf(der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}) }

func writePem(path, kind string, der []byte) {
	text := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		panic(err)
	}
}
