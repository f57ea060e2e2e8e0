package journal

import "io"

// FS is the one folder a journal lives in. Names are plain file names, without
// a path. A journal uses it from two goroutines at most: the one that appends
// and the one that writes a checkpoint.
//
// It is as small as it is so that a test disk can stand in for it, fail any
// operation and forget whatever was not synced.
type FS interface {
	// Create makes a file, or empties the one that is there, for reading and
	// writing.
	Create(name string) (File, error)
	// Open opens a file that is there, for reading and writing.
	Open(name string) (File, error)
	// Rename gives a file another name, in the place of any that had it.
	Rename(from, to string) error
	Remove(name string) error
	// List gives the names in the folder, those of the folder's own
	// housekeeping left out.
	List() ([]string, error)
	// SyncDir makes durable which names stand for which files. Until then a
	// create, rename or remove may be forgotten in a crash.
	SyncDir() error
	// Close gives the folder up to other processes.
	Close() error
}

// File is an open file.
type File interface {
	io.ReaderAt
	io.WriterAt
	// Size is the file's length in bytes.
	Size() (int64, error)
	// Sync makes the file's bytes and length durable.
	Sync() error
	Close() error
}
