package bundle

import (
	"bytes"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// program is a running program of the stack and what it has logged.
type program struct {
	url    string
	cmd    *exec.Cmd
	log    programLog
	exited chan struct{}
}

// programLog takes what a program writes, and finds where it listens. It is
// safe for concurrent use.
type programLog struct {
	mu      sync.Mutex
	text    bytes.Buffer
	listens chan string
	found   bool
}

var listensOn = regexp.MustCompile(`msg="Listening on".* address=(\S+)\n`)

func (l *programLog) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.Write(b)
	if m := listensOn.FindSubmatch(l.text.Bytes()); m != nil && !l.found {
		l.found = true
		l.listens <- string(m[1])
	}
	return len(b), nil
}

func (l *programLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// startProgram runs a program until the test ends, and waits until it is ready.
func startProgram(tb testing.TB, path string, args ...string) *program {
	tb.Helper()
	p := &program{cmd: exec.Command(path, args...), exited: make(chan struct{})}
	p.log.listens = make(chan string, 1)
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its result is in ProcessState
		close(p.exited)
	}()
	tb.Cleanup(func() { p.stop(tb) })
	select {
	case address := <-p.log.listens:
		p.url = "http://" + address
	case <-p.exited:
		tb.Fatalf("%s ended:\n%s", filepath.Base(path), &p.log)
	}
	eventually(tb, filepath.Base(path)+" is ready", func() error {
		_, err := fetch(p.url + "/-/ready")
		return err
	})
	return p
}

// stop ends the program as an operator would.
func (p *program) stop(tb testing.TB) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	<-p.exited
	if tb.Failed() {
		tb.Logf("%s\n%s", strings.Join(p.cmd.Args, " "), &p.log)
	}
}

// startAlertmanager runs Alertmanager with the shipped configuration, of which
// only the folder of the secrets, the intervals and what replace says are
// replaced: secrets is a folder, with whichever files are in it.
func startAlertmanager(tb testing.TB, secrets string, replace ...string) *program {
	tb.Helper()
	config := strings.NewReplacer(append(replace,
		"/etc/alertmanager/secrets", secrets,
		"group_wait: 30s", "group_wait: 1s",
		"group_interval: 5m", "group_interval: 1s",
	)...).Replace(readShipped(tb, "alerts", "alertmanager.yml"))
	dir := tb.TempDir()
	file := filepath.Join(dir, "alertmanager.yml")
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		tb.Fatal(err)
	}
	return startProgram(tb, tool(tb, "alertmanager"), "--config.file="+file, "--storage.path="+dir,
		"--web.listen-address=127.0.0.1:0", "--cluster.listen-address=")
}

// fetch gets a page that must be there.
func fetch(url string) ([]byte, error) {
	resp, err := http.Get(url)
	return read(resp, err)
}
