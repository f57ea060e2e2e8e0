package report

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// In a real browser: no error on the console, no request, the charts drawn, at
// two widths. SCREENSHOTS names a folder to keep the pictures in.
func TestPageInChromium(t *testing.T) {
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome-headless-shell"} {
		if path, err := exec.LookPath(name); err == nil {
			browser = path
			break
		}
	}
	if browser == "" {
		t.Skip("SKIPPED: no Chromium is installed, so the page was opened in no browser")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, []byte(written(t, goldenReport(t), "html")), 0o600); err != nil {
		t.Fatal(err)
	}
	shots := os.Getenv("SCREENSHOTS")
	if shots == "" {
		shots = dir
	}
	for _, width := range []int{1280, 390} {
		run := func(args ...string) (string, string) {
			t.Helper()
			cmd := exec.Command(browser, append([]string{
				"--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr", "--v=0",
				"--user-data-dir=" + filepath.Join(dir, "profile"), "--host-resolver-rules=MAP * ~NOTFOUND", // any request fails, and is logged
				fmt.Sprintf("--window-size=%d,1200", width),
			}, append(args, "file://"+file)...)...)
			var out, log strings.Builder
			cmd.Stdout, cmd.Stderr = &out, &log
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s", err, &log)
			}
			return out.String(), log.String()
		}
		dom, log := run("--dump-dom")
		if strings.Contains(log, "CONSOLE") || strings.Contains(log, "ERR_NAME_NOT_RESOLVED") {
			t.Errorf("at %d pixels the console says:\n%s", width, log)
		}
		if n := len(nodes(parsed(t, dom))["svg"]); n != 10 {
			t.Errorf("at %d pixels there are %d charts", width, n)
		}
		picture := filepath.Join(shots, fmt.Sprintf("report-%d.png", width))
		run("--screenshot=" + picture)
		if info, err := os.Stat(picture); err != nil || info.Size() < 10_000 {
			t.Errorf("no picture at %d pixels: %v", width, err)
		}
	}
}
