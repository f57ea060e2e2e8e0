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
		return exitCode(usageError{naming(app, args, err)}, env)
	}
	for _, c := range all {
		if c.clause.FullCommand() == name {
			return exitCode(c.run(ctx, env), env)
		}
	}
	return exitUsage
}

// naming puts the name of a flag or an argument in front of the error about its
// value. Kingpin does not say which one it could not read, so all are read again.
func naming(app *kingpin.Application, args []string, err error) error {
	parsed, _ := app.ParseContext(namingStdin(args)) //nolint:errcheck // err says what is wrong
	if parsed == nil {
		return err
	}
	for _, e := range parsed.Elements {
		var name string
		var value kingpin.Value
		switch c := e.Clause.(type) {
		case *kingpin.FlagClause:
			name, value = "--"+c.Model().Name, c.Model().Value
		case *kingpin.ArgClause:
			name, value = c.Model().Name, c.Model().Value
		}
		if value == nil || e.Value == nil {
			continue
		}
		if again := value.Set(*e.Value); again != nil && again.Error() == err.Error() {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return err
}

// exitCode tells of an error that nobody has told of.
func exitCode(err error, env *environment) int {
	if err == nil {
		return exitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(env.stderr, "supportctl: error: %v, try --help\n", err)
		return exitUsage
	}
	if !errors.Is(err, errProblems) {
		fmt.Fprintf(env.stderr, "supportctl: error: %v\n", err)
	}
	return exitProblems
}
