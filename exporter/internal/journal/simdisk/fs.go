package simdisk

import (
	"maps"
	"slices"

	"supportexporter/exporter/internal/journal"
)

// Create is journal.FS's. A file that is emptied is replaced, so that a crash
// may bring back what it held.
func (d *Disk) Create(name string) (journal.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := &inode{dirty: map[int]bool{}}
	if err := d.changeFolder(change{name: name, file: f}, d.begin(Create, name)); err != nil {
		return nil, err
	}
	return &file{disk: d, name: name, inode: f}, nil
}

// Open is journal.FS's.
func (d *Disk) Open(name string) (journal.File, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin(Open, name); err != nil {
		return nil, err
	}
	f := d.visible[name]
	if f == nil {
		return nil, notExist(Open, name)
	}
	return &file{disk: d, name: name, inode: f}, nil
}

// Rename is journal.FS's.
func (d *Disk) Rename(from, to string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.visible[from]
	if f == nil {
		return notExist(Rename, from)
	}
	return d.changeFolder(change{name: to, file: f, from: from}, d.begin(Rename, from))
}

// Remove is journal.FS's.
func (d *Disk) Remove(name string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.visible[name] == nil {
		return notExist(Remove, name)
	}
	return d.changeFolder(change{name: name}, d.begin(Remove, name))
}

// List is journal.FS's.
func (d *Disk) List() ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin(List, ""); err != nil {
		return nil, err
	}
	return slices.Sorted(maps.Keys(d.visible)), nil
}

// SyncDir is journal.FS's.
func (d *Disk) SyncDir() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.begin(SyncDir, ""); err != nil {
		d.settleChanges()
		return err
	}
	for _, c := range d.changes {
		c.apply(d.durable)
	}
	d.changes = nil
	return nil
}

// Close is journal.FS's. A Disk locks nothing, and can be used again.
func (d *Disk) Close() error { return nil }
