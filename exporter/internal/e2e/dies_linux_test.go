package e2e

import (
	"os/exec"
	"syscall"
)

// dieWithTest has the system kill a process whose test cannot do it any more.
func dieWithTest(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL} }
