package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"supportexporter/exporter/internal/journal"
)

func backupCommand(app *kingpin.Application) command {
	clause := app.Command("backup", `Copy an exporter's store to another folder, while the exporter runs or not. The copy is a whole store that holds every event that was answered before the backup began: to restore it, start an exporter on it, or on a copy of it.

Every byte is checked: what is damaged is not copied but told of. Run it as the user that the exporter runs as, on its machine; the exporter takes no notice.

  supportctl backup --storage.path=/var/lib/support_exporter --output=/backup/support-$(date +%F)`)
	storage := clause.Flag("storage.path", "Folder of the store.").Default("data/").String()
	output := clause.Flag("output", "Folder to write to, which must be empty or not there.").Required().PlaceHolder("FOLDER").String()
	clause.Validate(func(*kingpin.CmdClause) error {
		if *output == "" {
			return errors.New("--output must not be empty")
		}
		return nil
	})
	return command{clause, func(ctx context.Context, env *environment) error {
		return backup(ctx, env, *storage, *output)
	}}
}

func backup(ctx context.Context, env *environment, storage, output string) (err error) {
	from, err := journal.ReadOnly(storage)
	if err != nil {
		return fmt.Errorf("--storage.path: %w", err)
	}
	defer func() { _ = from.Close() }() // it was only read
	to, err := journal.OS(output)
	if err != nil {
		return fmt.Errorf("--output: %w", err)
	}
	defer func() { err = errors.Join(err, to.Close()) }()

	progress := backupProgress{env: env}
	began := env.now()
	result, err := journal.Backup(ctx, from, to, progress.show)
	progress.finish()
	if err != nil {
		return err
	}
	fmt.Fprintf(env.stdout, "files     %d\nbytes     %d\nduration  %v\n",
		result.Files, result.Bytes, env.now().Sub(began).Round(time.Millisecond))
	return nil
}

// backupProgress shows how far a backup has come. One that begins anew begins
// anew here.
type backupProgress struct {
	env   *environment
	shown *console
	done  int64
}

func (p *backupProgress) show(done, total int64) {
	if p.shown == nil || done < p.done {
		p.finish()
		p.shown, p.done = newConsole(p.env, total), 0
	}
	p.shown.advance(int(done - p.done))
	p.done = done
}

func (p *backupProgress) finish() {
	if p.shown != nil {
		p.shown.finish()
	}
}
