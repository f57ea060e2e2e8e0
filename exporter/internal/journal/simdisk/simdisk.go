// Package simdisk is a disk in memory for tests: it fails on demand, and
// forgets in a crash whatever was not synced.
//
// A Disk is the folder of one journal, a journal.FS. It is harsher than real
// ones:
//
//   - A crash keeps any subset of the unsynced sectors of 512 bytes, in any order,
//     and any subset of the unsynced creates, renames and removes.
//   - A failed write may leave any part of its start.
//   - A failed create, rename or remove may have happened all the same.
//   - After a failed sync what was not synced is lost, or on the disk, sector by
//     sector, but still there for every reader; and the next sync succeeds
//     without writing it. Real kernels do this.
//
// A process that is killed, and not its machine, is one whose journal is no
// longer used: a new journal on the same Disk reads what it wrote, synced or not.
package simdisk

import (
	"io/fs"
	"maps"
	"slices"
	"sync"

	"supportexporter/exporter/internal/journal"
)

const sector = 512

// Op is a kind of operation that can be made to fail.
type Op string

// The operations, in the order of journal.FS and journal.File.
const (
	Create  Op = "create"
	Open    Op = "open"
	Rename  Op = "rename"
	Remove  Op = "remove"
	List    Op = "list"
	SyncDir Op = "syncdir"
	Read    Op = "read"
	Write   Op = "write"
	Sync    Op = "sync"
)

// Disk is a simulated disk. It may be used from several goroutines.
type Disk struct {
	mu      sync.Mutex
	keep    func() bool
	fail    func(op Op, name string) error
	visible map[string]*inode // the folder as processes see it
	durable map[string]*inode // as a crash would leave it
	changes []change          // what SyncDir would carry from one to the other
}

// change is one create, rename or remove.
type change struct {
	name string
	file *inode // nil: the name goes
	from string // the name that goes along with a rename
}

// New makes an empty disk. A crash or a failed operation asks keep about every
// sector and every change of the folder that was not synced, in an order that is
// always the same, whether it reaches the disk. nil is never.
func New(keep func() bool) *Disk {
	if keep == nil {
		keep = func() bool { return false }
	}
	return &Disk{keep: keep, visible: map[string]*inode{}, durable: map[string]*inode{}}
}

// FailWith has fail asked before every operation: if it gives an error, the
// operation fails with it. nil ends that. name is the file's, the old one in a
// rename, "" for the folder.
func (d *Disk) FailWith(fail func(op Op, name string) error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fail = fail
}

// Crash is a power cut: of what was not synced, each part is kept or forgotten
// as New's keep says.
func (d *Disk) Crash() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.settleChanges()
	d.visible = maps.Clone(d.durable)
	for _, name := range slices.Sorted(maps.Keys(d.visible)) {
		f := d.visible[name]
		f.settle(d.keep)
		f.visible = slices.Clone(f.durable)
	}
}

// settleChanges applies those unsynced changes of the folder that are kept, and
// forgets the others.
func (d *Disk) settleChanges() {
	for _, c := range d.changes {
		if d.keep() {
			c.apply(d.durable)
		}
	}
	d.changes = nil
}

func (c change) apply(names map[string]*inode) {
	if c.from != "" {
		delete(names, c.from)
	}
	if c.file == nil {
		delete(names, c.name)
	} else {
		names[c.name] = c.file
	}
}

// Contents gives a copy of a file as processes see it, and nil if there is no
// such file.
func (d *Disk) Contents(name string) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.visible[name]; f != nil {
		return slices.Clone(f.visible)
	}
	return nil
}

// SetContents makes a file hold b, durably: damage, or a file from elsewhere.
func (d *Disk) SetContents(name string, b []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &inode{visible: slices.Clone(b), durable: slices.Clone(b), dirty: map[int]bool{}}
	d.visible[name], d.durable[name] = f, f
}

// Delete removes a file durably: damage, too.
func (d *Disk) Delete(name string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.visible, name)
	delete(d.durable, name)
}

// Names gives the names in the folder, sorted.
func (d *Disk) Names() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.visible))
}

// begin asks whether an operation is to fail. The lock is held.
func (d *Disk) begin(op Op, name string) error {
	if d.fail == nil {
		return nil
	}
	return d.fail(op, name)
}

// changeFolder makes one change, if err is nil or chance has it.
func (d *Disk) changeFolder(c change, err error) error {
	if err == nil || d.keep() {
		c.apply(d.visible)
		d.changes = append(d.changes, c)
	}
	return err
}

func notExist(op Op, name string) error {
	return &fs.PathError{Op: string(op), Path: name, Err: fs.ErrNotExist}
}

var _ journal.FS = (*Disk)(nil)
