package journal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// backupAttempts is how often Backup begins anew because a checkpoint took away
// what it was about to read. One is written in much more time than the files of
// a store take to open, so that a second attempt is rare already.
const backupAttempts = 5

// BackupResult is what Backup has copied.
type BackupResult struct {
	Files int
	Bytes int64
	Frame uint64 // the last one that the copy holds
}

// ReadOnly gives the folder of a store to Backup. It takes no lock, so that the
// process that has the store may go on using it.
func ReadOnly(dir string) (FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the store's folder: %w", err)
	}
	return &readOnly{osFS{root: root}}, nil
}

type readOnly struct{ osFS }

func (r *readOnly) Open(name string) (File, error) { return r.open(name, os.O_RDONLY) }

func (r *readOnly) Close() error { return r.root.Close() }

// Backup copies a store to an empty folder, whether a process is using it or
// not. The copy is a whole store, durable, and holds exactly the frames up to
// BackupResult.Frame: every one whose Append had returned when Backup was called,
// and perhaps some later ones. A frame that is being synced meanwhile may be
// among them, as after a crash at that moment.
//
// It needs no help of the process that uses the store. A file that has its name
// never changes but for frames that come behind the last, and one that is open
// can be read after it was removed; so all files are opened first, and if one of
// those listed is gone by then, a checkpoint has taken their place and they are
// listed again. Every byte is checked: damage is not copied but a *CorruptError, as
// from Open, and a torn frame at the log's end is left out.
//
// progress is told how many bytes of how many are copied; what it is told of
// begins anew with each attempt. If Backup fails, it leaves the folder empty.
func Backup(ctx context.Context, from, to FS, progress func(done, total int64)) (BackupResult, error) {
	names, err := to.List()
	if err != nil {
		return BackupResult{}, fmt.Errorf("listing the folder to back up to: %w", err)
	}
	if len(names) > 0 {
		return BackupResult{}, fmt.Errorf("the folder to back up to is not empty: it holds %s", strings.Join(names[:min(3, len(names))], ", "))
	}
	for attempt := 1; ; attempt++ {
		in, err := listFolder(from)
		if err != nil {
			return BackupResult{}, err
		}
		b := &backup{to: to, progress: progress}
		if err = b.run(ctx, from, in); err == nil {
			return b.result, nil
		}
		err = errors.Join(fmt.Errorf("backing up the store: %w", err), b.remove())
		now, listErr := listFolder(from)
		changed := !slices.Equal(now.checkpoints, in.checkpoints) || !slices.Equal(now.segments, in.segments)
		if listErr != nil || !changed || attempt == backupAttempts || ctx.Err() != nil {
			return BackupResult{}, errors.Join(err, listErr)
		}
	}
}

// backup is one attempt.
type backup struct {
	to          FS
	progress    func(done, total int64)
	done, total int64
	result      BackupResult
	created     []string
}

// run copies the newest checkpoint and the log behind it. The checkpoint comes
// last: without it a folder is no store, and Open refuses it.
func (b *backup) run(ctx context.Context, from FS, in folder) error {
	if len(in.checkpoints) == 0 {
		return errors.New("the folder holds no store")
	}
	base := in.checkpoints[len(in.checkpoints)-1]
	at, ok := slices.BinarySearch(in.segments, base+1)
	if !ok {
		return fmt.Errorf("%s, with which the log behind the checkpoint begins, is missing", segmentName(base+1))
	}
	segments := in.segments[at:]
	files, err := b.open(from, base, segments)
	for _, r := range files {
		defer r.close()
	}
	if err != nil {
		return err
	}
	b.result.Frame = base
	ends := append(slices.Clone(segments[1:]), logEnd)
	for i := range segments {
		err := b.copy(files[i+1], func(w io.Writer) error {
			return b.segment(ctx, w, files[i+1], ends[i])
		})
		if err != nil {
			return err
		}
	}
	return b.copy(files[0], func(w io.Writer) error {
		return checkpoint(ctx, w, files[0])
	})
}

// open opens the checkpoint and the segments before any of them is read. What
// it has opened it gives back even if it fails.
func (b *backup) open(from FS, base uint64, segments []uint64) (files []*reader, err error) {
	r, err := openReader(from, checkpointName(base), checkpointMagic, base)
	for i := 0; err == nil; i++ {
		files = append(files, r)
		b.total += r.size
		if i == len(segments) {
			break
		}
		r, err = openReader(from, segmentName(segments[i]), segmentMagic, segments[i])
	}
	return files, err
}

// copy writes a file with the header and the name of the one that is read, and makes
// it durable.
func (b *backup) copy(r *reader, frames func(io.Writer) error) error {
	name := r.name
	b.created = append(b.created, name)
	f, err := b.to.Create(name + tempSuffix)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // what counts of it is synced
	w := bufio.NewWriterSize(&counter{b, io.NewOffsetWriter(f, 0)}, readBuffer)
	if _, err := w.Write(r.header); err != nil {
		return err
	}
	if err := frames(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	b.result.Files++
	return publish(b.to, f, name)
}

// counter counts what is written.
type counter struct {
	b *backup
	w io.Writer
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.b.done += int64(n)
	c.b.result.Bytes = c.b.done
	c.b.progress(c.b.done, c.b.total)
	return n, err
}

// segment copies a segment's frames up to the one the next segment begins with;
// the last one's, behind which is logEnd, as far as it goes.
func (b *backup) segment(ctx context.Context, w io.Writer, r *reader, until uint64) error {
	for number := b.result.Frame + 1; until == logEnd || number < until; number++ {
		_, err := r.next(number)
		if bad, ok := errors.AsType[*CorruptError](err); ok && until == logEnd {
			if _, err := r.tail(number, bad); err == nil {
				return nil
			}
			// Something whole stands there or behind. Then this frame had been
			// written before that was looked at, if not before it was read.
			r.rewind()
			_, err = r.next(number)
			if err != nil {
				return err
			}
		} else if err != nil {
			return err
		}
		if _, err := w.Write(r.frame); err != nil {
			return err
		}
		b.result.Frame = number
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// checkpoint copies a checkpoint's frames. The last one is empty.
func checkpoint(ctx context.Context, w io.Writer, r *reader) error {
	for number := uint64(1); ; number++ {
		payload, err := r.next(number)
		if err != nil {
			return err
		}
		if _, err := w.Write(r.frame); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil || len(payload) == 0 {
			return err
		}
	}
}

// rewind has next read once more what it did not like.
func (r *reader) rewind() {
	r.in.Reset(io.NewSectionReader(r.file, r.offset, r.size-r.offset))
}

// remove takes away what was written.
func (b *backup) remove() error {
	var errs []error
	for _, name := range b.created {
		for _, n := range []string{name, name + tempSuffix} {
			if err := b.to.Remove(n); !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
