// Supportctl is the companion of the support exporter: it checks files, pushes
// events and does what else happens at a command line.
//
// A command is one file: a function that declares its clause, flags and help,
// and returns it with the function that runs it. Results go to stdout, and
// problems to stderr.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

// The exit codes.
const (
	exitOK       = 0
	exitProblems = 1 // something is wrong, or not everything was done
	exitUsage    = 2
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // so that a second signal kills: a read of stdin cannot be interrupted
	code := run(ctx, os.Args[1:], &environment{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now,
	})
	stop()
	os.Exit(code)
}

// run parses the arguments, runs what they ask for and returns the exit code.
func run(ctx context.Context, args []string, env *environment) int {
	app := kingpin.New("supportctl", "Companion of the support exporter.")
	app.UsageWriter(env.stdout).ErrorWriter(env.stderr)
	app.Version(version.Print("supportctl"))
	app.HelpFlag.Short('h')
	ended := -1 // by --help, --version and the like, which parsing goes on after
	app.Terminate(func(code int) {
		if ended < 0 {
			ended = code
		}
		app.Writer(io.Discard)
	})
	all := commands(app)

	name, err := app.Parse(namingStdin(args))
	switch {
	case ended == 0 && len(args) > 0:
		return exitOK
	case ended >= 0:
		return exitUsage
	case err != nil:
		fmt.Fprintf(env.stderr, "supportctl: error: %v, try --help\n", err)
		return exitUsage
	}
	for _, c := range all {
		if c.clause.FullCommand() == name {
			return exitCode(c.run(ctx, env), env)
		}
	}
	return exitUsage
}

// exitCode tells of an error that nobody has told of.
func exitCode(err error, env *environment) int {
	if err == nil {
		return exitOK
	}
	if !errors.Is(err, errProblems) {
		fmt.Fprintf(env.stderr, "supportctl: error: %v\n", err)
	}
	return exitProblems
}
