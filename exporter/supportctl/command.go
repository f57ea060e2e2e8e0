package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/alecthomas/kingpin/v2"
)

// errProblems ends a command that has told of its problems already.
var errProblems = errors.New("problems found")

// usageError is a flag or an argument that cannot be meant.
type usageError struct{ error }

// environment is all that a command touches of the outside, but for files and
// the network.
type environment struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	now    func() time.Time
}

// command is one verb. It runs after its flags were parsed.
type command struct {
	clause *kingpin.CmdClause
	run    func(context.Context, *environment) error
}

// commands declares them in the order of the help.
func commands(app *kingpin.Application) []command {
	return []command{
		checkConfigCommand(app),
		checkEventsCommand(app),
		checkReadyCommand(app),
		pushCommand(app),
		simulateCommand(app),
		backfillCommand(app),
		backupCommand(app),
		reportCommand(app),
		experimentCommand(app),
		dashboardsCommand(app),
	}
}

// count is a number of things, each of which is called noun.
func count(n int, noun string) string {
	if n != 1 {
		noun += "s"
	}
	return fmt.Sprintf("%d %s", n, noun)
}

// namingStdin writes each - as stdinName, for kingpin would make it an empty
// argument, which is what an unset variable is too.
func namingStdin(args []string) []string {
	named := slices.Clone(args)
	for i, arg := range named {
		if arg == "-" {
			named[i] = stdinName
		}
	}
	return named
}
