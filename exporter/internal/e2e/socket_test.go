package e2e

import (
	"net"
	"net/http"
	"os"
	"os/exec"
	"testing"
)

// Sockets that systemd has opened are listened on, each in its own right.
func TestSystemdSockets(t *testing.T) {
	t.Parallel()
	var files []*os.File
	var addresses []string
	for range 2 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		f, err := l.(*net.TCPListener).File()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		files, addresses = append(files, f), append(addresses, l.Addr().String())
	}
	// LISTEN_PID says whom they are for, and only the process itself knows its number.
	cmd := exec.Command("sh", "-c", `LISTEN_PID=$$ LISTEN_FDS=2 exec support_exporter --web.systemd-socket --storage.path="$0"`, t.TempDir())
	cmd.ExtraFiles = files
	e := exporterProcess(t, cmd)
	e.awaitReady()
	e.mustPush(`{"conversation_id": "c-1", "turns": 1}`)
	for _, address := range addresses {
		resp, err := http.Get("http://" + address + "/-/ready")
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s: got %d", address, resp.StatusCode)
		}
	}
	if got := e.own()["support_exporter_connections"]; got < 1 {
		t.Errorf("%v connections are counted, want that of the scrape at least", got)
	}
	e.stop()
}

// Without any, the exporter says so.
func TestNoSystemdSockets(t *testing.T) {
	t.Parallel()
	e := exporterProcess(t, exec.Command("support_exporter", "--web.systemd-socket", "--storage.path="+t.TempDir()))
	wantFailure(t, e, "--web.systemd-socket: systemd's sockets: there are none")
}
