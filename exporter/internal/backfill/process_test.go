package backfill

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
)

// patience is how long a program may take to do what it will do.
const patience = time.Minute

func tool(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs("../../../.bin/" + name)
	if err == nil {
		_, err = os.Stat(path)
	}
	if err != nil {
		t.Fatalf("run make tools: %v", err)
	}
	return path
}

// programLog finds where a program listens in what it logs.
type programLog struct {
	mu      sync.Mutex
	text    bytes.Buffer
	address chan string
	found   bool
}

var listensOn = regexp.MustCompile(`msg="Listening on".* address=(\S+)\n`)

func (l *programLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	if m := listensOn.FindSubmatch(l.text.Bytes()); m != nil && !l.found {
		l.found = true
		l.address <- string(m[1])
	}
	return len(b), nil
}

func (l *programLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startPrometheus runs a Prometheus on a data folder until the test ends.
func startPrometheus(t testing.TB, data, config string) v1.API {
	t.Helper()
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &programLog{address: make(chan string, 1)}
	p := exec.Command(tool(t, "prometheus"), "--config.file="+file, "--storage.tsdb.path="+data,
		"--storage.tsdb.retention.time=100y", "--web.listen-address=127.0.0.1:0")
	p.Stdout, p.Stderr = log, log
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = p.Wait()
	}()
	t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM)
		<-ended
		if t.Failed() {
			t.Log(log)
		}
	})
	select {
	case address := <-log.address:
		client, err := api.NewClient(api.Config{Address: "http://" + address})
		if err != nil {
			t.Fatal(err)
		}
		return v1.NewAPI(client)
	case <-ended:
		t.Fatalf("Prometheus ended:\n%s", log)
	}
	return nil
}

// eventually waits until f succeeds.
func eventually(t testing.TB, what string, f func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := f()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %v", what, err)
		}
		time.Sleep(100 * time.Millisecond)
	}
}
