package e2e

import (
	"bytes"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take on a machine that is busy with other
// things. No test waits so long for something that comes.
const patience = time.Minute

// process is a running program and all that it writes.
type process struct {
	tb     testing.TB
	cmd    *exec.Cmd
	output output
	exited chan struct{} // closed when the program has ended
	errors []string      // that its log may hold; see expectError
	ended  bool          // its log was looked through
}

// startProcess runs a program, and kills it when the test ends.
func startProcess(tb testing.TB, name string, args ...string) *process {
	tb.Helper()
	return startCommand(tb, exec.Command(name, args...))
}

func startCommand(tb testing.TB, cmd *exec.Cmd) *process {
	tb.Helper()
	p := &process{
		tb:     tb,
		cmd:    cmd,
		output: output{listening: make(chan struct{})},
		exited: make(chan struct{}),
	}
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.Env = append(os.Environ(), "COLUMNS=80")
	dieWithTest(p.cmd)
	if err := p.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait() // its result is in ProcessState
		close(p.exited)
	}()
	tb.Cleanup(p.end)
	return p
}

// end kills what still runs and looks through the log. It is called when the test
// ends, and before by a test of so many processes that their logs would hide the
// one that failed.
func (p *process) end() {
	p.kill()
	if p.ended {
		return
	}
	p.ended = true
	for line := range strings.Lines(p.output.String()) {
		if p.isBad(line) {
			p.tb.Errorf("%s: %s", p.cmd.Args[0], line)
		}
	}
	if p.tb.Failed() {
		p.tb.Logf("%s\n%s", strings.Join(p.cmd.Args, " "), p.output.String())
	}
}

func (p *process) isBad(line string) bool {
	for _, expected := range p.errors {
		if strings.Contains(line, expected) {
			return false
		}
	}
	return strings.Contains(line, "level=ERROR") || strings.Contains(line, "DATA RACE") ||
		strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")
}

// expectError says that a line of the log that holds this text is no fault.
func (p *process) expectError(text string) { p.errors = append(p.errors, text) }

func (p *process) signal(s os.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.tb.Fatalf("%v to %s: %v", s, p.cmd.Args[0], err)
	}
}

// kill ends the process as a power cut would, as far as it can tell.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended
	<-p.exited
}

// stop ends the process as an operator would.
func (p *process) stop() {
	p.tb.Helper()
	p.signal(syscall.SIGTERM)
	if code := p.exitCode(); code != 0 {
		p.tb.Fatalf("exit code %d after SIGTERM, want 0:\n%s", code, p.output.String())
	}
}

// exitCode waits until the process ends by itself.
func (p *process) exitCode() int {
	p.tb.Helper()
	select {
	case <-p.exited:
	case <-time.After(patience):
		p.tb.Fatalf("%s does not end:\n%s", p.cmd.Args[0], p.output.String())
	}
	return p.cmd.ProcessState.ExitCode()
}

// hasExited says whether the process has ended.
func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// address waits until the log says where the process listens.
func (p *process) address() string {
	p.tb.Helper()
	select {
	case <-p.output.listening:
		return p.output.address
	case <-p.exited:
	case <-time.After(patience):
	}
	p.tb.Fatalf("%s does not listen:\n%s", p.cmd.Args[0], p.output.String())
	return ""
}

// output is what a process has written so far. It is safe for concurrent use.
type output struct {
	listening chan struct{} // closed when the log has said where it listens
	address   string        // which is this

	mu   sync.Mutex
	text bytes.Buffer
}

var listening = regexp.MustCompile(`msg="Listening on" .*address=(\S+)\n`)

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.text.Write(b)
	if o.address == "" {
		if m := listening.FindSubmatch(o.text.Bytes()); m != nil {
			o.address = string(m[1])
			close(o.listening)
		}
	}
	return len(b), nil
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// eventually waits until check finds nothing wrong. It is for what another
// process does in its own time.
func eventually(tb testing.TB, what string, check func() error) {
	tb.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			tb.Fatalf("not within %v: %s: %v", patience, what, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}
