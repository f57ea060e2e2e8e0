// Package program runs the real programs that tests need beside them: those of
// the Prometheus project, which make tools fetches, and this repository's own.
// Only tests import it.
package program

import (
	"bytes"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// Patience is how long a program may take to do what it will do, on a machine
// that is busy with other tests.
const Patience = 3 * time.Minute

// Root is the repository's folder.
func Root(tb testing.TB) string {
	tb.Helper()
	dir, err := os.Getwd()
	if err != nil {
		tb.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		if dir == filepath.Dir(dir) {
			tb.Fatal("no go.mod above the test's folder")
		}
		dir = filepath.Dir(dir)
	}
}

// Tool finds a program of the Prometheus project in .bin, where make tools puts
// it.
func Tool(tb testing.TB, name string) string {
	tb.Helper()
	path := filepath.Join(Root(tb), ".bin", name)
	if _, err := os.Stat(path); err != nil {
		tb.Fatalf("make tools puts .bin/%s there: %v", name, err)
	}
	return path
}

// Program is a running program that listens.
type Program struct {
	URL    string // where, without a slash at the end
	Cmd    *exec.Cmd
	Exited chan struct{} // closed when it has ended
	Log    log           // what it has written
}

// log takes what a program writes, and finds where it listens. It is safe for
// concurrent use.
type log struct {
	mu      sync.Mutex
	text    bytes.Buffer
	listens chan string
	found   bool
}

var listensOn = regexp.MustCompile(`msg="Listening on".* address=(\S+)\n`)

func (l *log) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	if m := listensOn.FindSubmatch(l.text.Bytes()); m != nil && !l.found {
		l.found = true
		l.listens <- string(m[1])
	}
	return len(b), nil
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Start runs a program until the test ends, and waits until it is ready, which
// GET /-/ready says. Its output goes to the Log, and to the test's own if that
// fails.
func Start(tb testing.TB, path string, args ...string) *Program {
	tb.Helper()
	return StartCmd(tb, exec.Command(path, args...))
}

// StartCmd is Start for a command with an environment of its own.
func StartCmd(tb testing.TB, cmd *exec.Cmd) *Program {
	tb.Helper()
	p := &Program{Cmd: cmd, Exited: make(chan struct{})}
	p.Log.listens = make(chan string, 1)
	cmd.Stdout, cmd.Stderr = &p.Log, &p.Log
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		_ = cmd.Wait() // its result is in ProcessState
		close(p.Exited)
	}()
	tb.Cleanup(func() { p.Stop(tb) })
	select {
	case address := <-p.Log.listens:
		p.URL = "http://" + address
	case <-p.Exited:
		tb.Fatalf("%s ended:\n%s", filepath.Base(cmd.Path), &p.Log)
	}
	Eventually(tb, filepath.Base(cmd.Path)+" is ready", p.ready)
	return p
}

func (p *Program) ready() error {
	answer, err := http.Get(p.URL + "/-/ready")
	if err != nil {
		return err
	}
	if err := answer.Body.Close(); err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return errors.New(answer.Status)
	}
	return nil
}

// Stop ends the program as an operator would. A second stop does nothing.
func (p *Program) Stop(tb testing.TB) {
	_ = p.Cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-p.Exited
	if tb.Failed() {
		tb.Logf("%s\n%s", strings.Join(p.Cmd.Args, " "), &p.Log)
	}
}

// Prometheus runs a Prometheus with a configuration on a data folder.
func Prometheus(tb testing.TB, data, config string) v1.API {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	p := Start(tb, Tool(tb, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0")
	client, err := api.NewClient(api.Config{Address: p.URL})
	if err != nil {
		tb.Fatal(err)
	}
	return v1.NewAPI(client)
}

// Eventually tries until there is no error, or until Patience is at its end.
func Eventually(tb testing.TB, what string, try func() error) {
	tb.Helper()
	var err error
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		if err = try(); err == nil {
			return
		}
	}
	tb.Fatalf("%s: not within %v: %v", what, Patience, err)
}
