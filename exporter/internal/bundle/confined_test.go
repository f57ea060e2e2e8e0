package bundle

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"supportexporter/exporter/internal/program"
)

var (
	numericUser = regexp.MustCompile(`^([1-9]\d*):(\d+)$`)
	instruction = regexp.MustCompile(`(?m)^([A-Z]+) (.*)$`)
	objectKind  = regexp.MustCompile(`(?m)^kind: (\S+)$`)
)

// No container of the stack, ours or another's, runs as root, writes to its image,
// has or gains rights, or leaves the runtime's own system call filter.
func TestComposeContainersAreConfined(t *testing.T) {
	services := composed(t, backends...).Services
	if len(services) < 8 {
		t.Errorf("only %d services", len(services))
	}
	for name, s := range services {
		if !numericUser.MatchString(s.User) {
			t.Errorf("%s: runs as %q, want a number that is not root's", name, s.User)
		}
		if !s.ReadOnly || s.Privileged || !slices.Equal(s.CapDrop, []string{"ALL"}) || len(s.CapAdd) > 0 {
			t.Errorf("%s: read-only %t, privileged %t, without %v, with %v", name, s.ReadOnly, s.Privileged, s.CapDrop, s.CapAdd)
		}
		if !slices.Equal(s.SecurityOpt, []string{"no-new-privileges:true"}) {
			t.Errorf("%s: security_opt %v, want no new privileges and the default seccomp profile", name, s.SecurityOpt)
		}
		if s.NetworkMode != "" || s.Pid != "" || s.Ipc != "" || s.UserNSMode != "" || len(s.Devices) > 0 {
			t.Errorf("%s: shares something with the host", name)
		}
		for _, v := range s.Volumes {
			if strings.Contains(v.Source, "docker.sock") {
				t.Errorf("%s: mounts %s", name, v.Source)
			}
		}
		if v := s.Tmpfs; len(v) > 0 && !slices.Equal(v, []string{"/tmp"}) {
			t.Errorf("%s: writes to %v", name, v)
		}
	}
}

// A volume belongs to who mounts it first, if its image has the folder: what other
// users write to has to be there in ours.
func TestComposeVolumesBelongToTheirUsers(t *testing.T) {
	dockerfile := readShipped(t, "Dockerfile")
	services := composed(t, backends...).Services
	history := services["history"]
	ours := map[string]bool{}
	for _, v := range history.Volumes {
		ours[v.Source] = true
		if v.Type == "volume" && !strings.Contains(dockerfile, "--chown=nonroot:nonroot /out/data "+v.Target+"\n") {
			t.Errorf("the image has no %s for its user", v.Target)
		}
	}
	for name, s := range services {
		for _, v := range s.Volumes {
			own := name == "alertmanager" || name == "grafana" // whose images have the folders
			if v.Type == "volume" && !own && (!ours[v.Source] || s.User != history.User) {
				t.Errorf("%s, as %s, cannot write to the volume %s", name, s.User, v.Source)
			}
		}
	}
}

// The image has a user that is not root, by number; a static base without a
// shell, and nothing that would need one.
func TestImageIsConfined(t *testing.T) {
	text := readShipped(t, "Dockerfile")
	final := text[strings.LastIndex(text, "\nFROM "):]
	base, user := "", ""
	for _, m := range instruction.FindAllStringSubmatch(final, -1) {
		switch m[1] {
		case "FROM":
			base = m[2]
		case "USER":
			user = m[2]
		case "RUN", "SHELL", "ADD", "HEALTHCHECK":
			t.Errorf("the image has %s %s", m[1], m[2])
		case "ENTRYPOINT", "CMD":
			if !strings.HasPrefix(m[2], "[") {
				t.Errorf("%s %s needs a shell", m[1], m[2])
			}
		}
	}
	if !strings.HasPrefix(base, "gcr.io/distroless/static-") || !strings.HasSuffix(base, ":nonroot") {
		t.Errorf("the image is built on %q, want one without a shell and without root", base)
	}
	if m := numericUser.FindStringSubmatch(user); m == nil || user != composed(t, backends...).Services["support-exporter"].User {
		t.Errorf("the image's user is %q, want the number of the stack's", user)
	}
	if strings.Contains(text, "ARG TOKEN") || regexp.MustCompile(`(?i)(password|secret)=`).MatchString(text) {
		t.Error("the image is built with a secret")
	}
}

// TestKubernetesPodsAreConfined looks at all there is that runs.
func TestKubernetesHasNoOtherPods(t *testing.T) {
	running := map[string]int{}
	err := filepath.WalkDir(filepath.Join(program.Root(t), "examples", "kubernetes"), func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		for _, m := range objectKind.FindAllStringSubmatch(string(content), -1) {
			if regexp.MustCompile(`Pod|Set|Job|Deployment|Replica`).MatchString(m[1]) {
				running[m[1]]++
			}
		}
		return err
	})
	if err != nil || len(running) != 2 || running["StatefulSet"] != 1 || running["CronJob"] != 1 {
		t.Errorf("pods of %v, want the StatefulSet and the CronJob: %v", running, err)
	}
}

// What a change has to pass verifies that the modules are those of go.sum, and
// asks no server; the audit does that, and says so.
func TestModulesAreVerified(t *testing.T) {
	ci := readShipped(t, ".ci", "run")
	if !regexp.MustCompile(`(?m)^step make lint$`).MatchString(ci) || !strings.Contains(ci, "set -euo pipefail") {
		t.Error(".ci/run does not lint")
	}
	if strings.Contains(ci, "audit") {
		t.Error(".ci/run audits, which needs the network")
	}
	if lint := run(t, program.Root(t), "make", "-n", "lint"); !strings.Contains(lint, "go mod verify\n") || !strings.Contains(lint, "go mod tidy -diff\n") {
		t.Errorf("make lint does not verify the modules:\n%s", lint)
	}
	audit := run(t, program.Root(t), "make", "-n", "audit")
	if !regexp.MustCompile(`govulncheck@v\d+\.\d+\.\d+`).MatchString(audit+readShipped(t, "Makefile")) || !strings.Contains(audit, "/govulncheck ./...") {
		t.Errorf("make audit does not run a pinned govulncheck:\n%s", audit)
	}
	if !regexp.MustCompile(`(?m)^audit:.*## .*needs the network`).MatchString(readShipped(t, "Makefile")) {
		t.Error("make audit does not say that it needs the network")
	}
}
