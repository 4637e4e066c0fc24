package cluster

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// controlPlane is an etcd, an API server and the controllers, which run until stop. All listen on loopback.
type controlPlane struct {
	dir     string // certificates, logs and etcd's data
	ca      *authority
	server  string       // the URL of the API server
	http    *http.Client // of the administrator
	webhook string       // the address of the webhook server
	running []*exec.Cmd
}

const auditPolicy = `apiVersion: audit.k8s.io/v1
kind: Policy
rules: [{level: Metadata, omitStages: [RequestReceived]}]
`

// program returns the path of a program that `make test-cluster` builds.
func program(name string) string { return filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), name) }

// startControlPlane starts the control plane and waits until it is ready. What it started before an error runs until stop.
func startControlPlane(dir string) (*controlPlane, error) {
	c := &controlPlane{dir: dir, ca: newAuthority("eci-test")}
	ports, err := freePorts(4)
	if err != nil {
		return c, err
	}
	etcd, peer := fmt.Sprintf("http://127.0.0.1:%d", ports[0]), fmt.Sprintf("http://127.0.0.1:%d", ports[1])
	c.server = fmt.Sprintf("https://127.0.0.1:%d", ports[2])
	c.ca.write(dir, "api", "kube-apiserver", "", "localhost", "127.0.0.1", "kubernetes.default.svc")
	c.ca.write(dir, "admin", "admin", "system:masters")
	writeServiceAccountKey(c.path("sa"))
	c.writeKubeconfig()
	if err := os.WriteFile(c.path("audit.yaml"), []byte(auditPolicy), 0o600); err != nil {
		return c, err
	}
	for _, command := range [][]string{
		{"etcd", "--data-dir=" + c.path("etcd-data"), "--listen-client-urls=" + etcd, "--advertise-client-urls=" + etcd,
			"--listen-peer-urls=" + peer, "--initial-advertise-peer-urls=" + peer, "--initial-cluster=default=" + peer,
			"--unsafe-no-fsync", "--log-level=error"},
		{"kube-apiserver", "--etcd-servers=" + etcd, "--bind-address=127.0.0.1", fmt.Sprintf("--secure-port=%d", ports[2]),
			"--tls-cert-file=" + c.path("api.crt"), "--tls-private-key-file=" + c.path("api.key"),
			"--client-ca-file=" + c.path("ca.crt"), "--authorization-mode=RBAC", "--allow-privileged=true",
			"--service-account-issuer=https://kubernetes.default.svc", "--service-account-key-file=" + c.path("sa.key"),
			"--service-account-signing-key-file=" + c.path("sa.key"), "--service-cluster-ip-range=10.0.0.0/24",
			"--endpoint-reconciler-type=none", "--audit-policy-file=" + c.path("audit.yaml"),
			"--audit-log-path=" + c.path("audit.log")},
		{"kube-controller-manager", "--kubeconfig=" + c.path("kubeconfig"), "--bind-address=127.0.0.1",
			fmt.Sprintf("--secure-port=%d", ports[3]), "--leader-elect=false", "--use-service-account-credentials=false",
			"--service-account-private-key-file=" + c.path("sa.key"), "--root-ca-file=" + c.path("ca.crt")},
	} {
		if err := c.start(command[0], command[1:]...); err != nil {
			return c, err
		}
		if command[0] == "kube-apiserver" {
			if err := c.waitReady(); err != nil {
				return c, err
			}
		}
	}
	return c, c.startWebhook()
}

func (c *controlPlane) path(name string) string { return filepath.Join(c.dir, name) }

// start runs a program in the background, with its output in a log.
func (c *controlPlane) start(name string, args ...string) error {
	log, err := os.Create(c.path(name + ".log"))
	if err != nil {
		return err
	}
	command := exec.Command(program(name), args...)
	command.Stdout, command.Stderr = log, log
	command.Env = append(os.Environ(), "KUBECONFIG="+c.path("kubeconfig"), "HOME="+c.dir)
	// It ends with the test, even if the test is killed.
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	c.running = append(c.running, command)
	return nil
}

func (c *controlPlane) stop() {
	for i := len(c.running) - 1; i >= 0; i-- {
		_ = c.running[i].Process.Kill()
		_ = c.running[i].Wait()
	}
}

func (c *controlPlane) waitReady() error {
	c.http = c.client()
	var last error
	for range 600 {
		answer, err := c.http.Get(c.server + "/readyz")
		if err == nil {
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
			err = fmt.Errorf("/readyz answers %s", answer.Status)
		}
		last = err
		time.Sleep(100 * time.Millisecond)
	}
	log, _ := os.ReadFile(c.path("kube-apiserver.log"))
	return fmt.Errorf("the API server is not ready after a minute: %w\n%s", last, tail(string(log), 20))
}

// client is an HTTP client of the administrator.
func (c *controlPlane) client() *http.Client {
	pair, err := tls.LoadX509KeyPair(c.path("admin.crt"), c.path("admin.key"))
	if err != nil {
		panic(err)
	}
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: c.ca.pool(), Certificates: []tls.Certificate{pair}},
	}}
}

func (c *controlPlane) writeKubeconfig() {
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: test
contexts: [{name: test, context: {cluster: test, user: admin}}]
clusters: [{name: test, cluster: {server: %q, certificate-authority: %q}}]
users: [{name: admin, user: {client-certificate: %q, client-key: %q}}]
`, c.server, c.path("ca.crt"), c.path("admin.crt"), c.path("admin.key"))
	if err := os.WriteFile(c.path("kubeconfig"), []byte(text), 0o600); err != nil {
		panic(err)
	}
}

// result is the outcome of a command.
type result struct {
	out, err string
	failed   bool
}

// try runs kubectl with a text as standard input.
func (c *controlPlane) try(input string, args ...string) result { return c.kubectl(c.dir, input, args) }

// tryIn runs kubectl in a folder.
func (c *controlPlane) tryIn(dir string, args []string) result { return c.kubectl(dir, "", args) }

// kubectl runs in a folder. `$HOME` is the test's own, so that no setting of the user counts.
func (c *controlPlane) kubectl(dir, input string, args []string) result {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program("kubectl"), args...)
	command.Env = append(os.Environ(), "KUBECONFIG="+c.path("kubeconfig"), "HOME="+c.dir)
	command.Stdin = strings.NewReader(input)
	command.Dir = dir
	var out, err bytes.Buffer
	command.Stdout, command.Stderr = &out, &err
	failed := command.Run()
	return result{out: out.String(), err: err.String(), failed: failed != nil}
}

// run is try for a command that must succeed. It returns the standard output.
func (c *controlPlane) run(t *testing.T, input string, args ...string) string {
	t.Helper()
	got := c.try(input, args...)
	if got.failed {
		t.Fatalf("kubectl %s: %s\n%s", strings.Join(args, " "), got.err, input)
	}
	return got.out
}

// eventually waits until a condition holds, and fails with its last text after two minutes.
func eventually(t *testing.T, condition func() (bool, string)) {
	t.Helper()
	last := ""
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		done, text := condition()
		if done {
			return
		}
		last = text
	}
	t.Fatalf("not after two minutes; at last: %s", last)
}

func freePorts(count int) ([]int, error) {
	ports := make([]int, count)
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return nil, err
		}
		// Closed at the end, so that each port is another.
		defer func(closer io.Closer) { _ = closer.Close() }(listener)
		ports[i] = listener.Addr().(*net.TCPAddr).Port
	}
	return ports, nil
}

func tail(text string, lines int) string {
	all := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(all[max(0, len(all)-lines):], "\n")
}
