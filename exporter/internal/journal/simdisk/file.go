package simdisk

import (
	"io"
	"slices"
)

// inode is a file's bytes, whatever its name.
type inode struct {
	visible []byte       // as processes see it
	durable []byte       // as a crash would leave it
	dirty   map[int]bool // the sectors that a sync would carry over
}

// write puts b at an offset, with zeros before it if the file ends before that.
func (f *inode) write(b []byte, offset int) {
	if grow := offset + len(b) - len(f.visible); grow > 0 {
		for s := len(f.visible) / sector; s*sector < offset+len(b); s++ {
			f.dirty[s] = true
		}
		f.visible = append(f.visible, make([]byte, grow)...)
	}
	copy(f.visible[offset:], b)
	for s := offset / sector; s*sector < offset+len(b); s++ {
		f.dirty[s] = true
	}
}

// settle carries those dirty sectors over that keep says, and forgets that the
// others were ever dirty. A sector beyond the durable end brings zeros along.
func (f *inode) settle(keep func() bool) {
	for _, s := range f.dirtySectors() {
		if !keep() {
			continue
		}
		end := min((s+1)*sector, len(f.visible))
		if grow := end - len(f.durable); grow > 0 {
			f.durable = append(f.durable, make([]byte, grow)...)
		}
		copy(f.durable[s*sector:end], f.visible[s*sector:end])
	}
	clear(f.dirty)
}

func (f *inode) dirtySectors() []int {
	sectors := make([]int, 0, len(f.dirty))
	for s := range f.dirty {
		sectors = append(sectors, s)
	}
	slices.Sort(sectors)
	return sectors
}

// file is an open inode.
type file struct {
	disk  *Disk
	name  string
	inode *inode
}

func (f *file) ReadAt(p []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	if err := f.disk.begin(Read, f.name); err != nil {
		return 0, err
	}
	if offset >= int64(len(f.inode.visible)) {
		return 0, io.EOF
	}
	n := copy(p, f.inode.visible[offset:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) WriteAt(p []byte, offset int64) (int, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.begin(Write, f.name)
	n := len(p)
	if err != nil {
		for n > 0 && !f.disk.keep() { // half of it, a quarter, ...
			n /= 2
		}
	}
	f.inode.write(p[:n], int(offset))
	return n, err
}

func (f *file) Size() (int64, error) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	return int64(len(f.inode.visible)), nil
}

func (f *file) Sync() error {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	err := f.disk.begin(Sync, f.name)
	if err != nil {
		f.inode.settle(f.disk.keep)
	} else {
		f.inode.settle(func() bool { return true })
	}
	return err
}

func (f *file) Close() error { return nil }
