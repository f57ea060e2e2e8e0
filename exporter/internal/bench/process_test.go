package bench

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// process is a server under load.
type process struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	http   string // its address
	ready  string // what answers when it is ready; "" is readyPath there
	statsd string // its address for StatsD, if it has one
	logs   string // its address for OTLP/HTTP, if it has one
}

// start starts a server and returns when it is ready. It is killed when the
// test ends, if it was not stopped.
func (p *process) start(tb testing.TB) *process {
	tb.Helper()
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { p.stop(syscall.SIGKILL) })
	if p.ready == "" {
		p.ready = "http://" + p.http + readyPath
	}
	deadline := time.Now().Add(60 * time.Second)
	for {
		answer, err := http.Get(p.ready)
		if err == nil {
			answer.Body.Close()
			if answer.StatusCode < http.StatusInternalServerError {
				return p
			}
			err = fmt.Errorf("%s answers %s", p.ready, answer.Status)
		}
		if time.Now().After(deadline) {
			p.stop(syscall.SIGKILL)
			tb.Fatalf("%s is not ready: %v\n%s", p.cmd.Path, err, &p.stderr)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// stop ends the process and gives all CPU time that it used.
func (p *process) stop(sig syscall.Signal) time.Duration {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Signal(sig)
		_ = p.cmd.Wait() // a server that a signal ends has failed, says Wait
	}
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// cpu gives the CPU time used so far.
func (p *process) cpu(tb testing.TB) time.Duration {
	tb.Helper()
	return cpuOf(tb, p.cmd.Process.Pid)
}

// cpuOf gives the CPU time that a process has used so far.
func cpuOf(tb testing.TB, pid int) time.Duration {
	tb.Helper()
	d, err := cpuTime(pid)
	if err != nil {
		tb.Skip(err)
	}
	return d
}

// buildExporter builds this tree's exporter and gives the binary's path.
func buildExporter(tb testing.TB) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "support_exporter")
	build := exec.Command("go", "build", "-o", path, "supportexporter/exporter")
	if out, err := build.CombinedOutput(); err != nil {
		tb.Fatalf("building the exporter: %v\n%s", err, out)
	}
	return path
}

// startExporter starts the exporter on a new store, with further flags.
func startExporter(tb testing.TB, binary string, flags ...string) *process {
	tb.Helper()
	return startExporterOn(tb, binary, tb.TempDir(), flags...)
}

func startExporterOn(tb testing.TB, binary, store string, flags ...string) *process {
	tb.Helper()
	p := &process{http: freeAddress(tb)}
	p.cmd = exec.Command(binary, append(flags, "--web.listen-address="+p.http, "--storage.path="+store)...)
	return p.start(tb)
}

// freeAddress gives an address of this machine that nobody listens on now.
func freeAddress(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}
