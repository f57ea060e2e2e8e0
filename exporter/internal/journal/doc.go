// Package journal is the durable log and its checkpoint: bytes in, bytes out.
// It knows nothing of events.
//
// Every Append is one frame, synced before Append returns. A checkpoint is the
// caller's whole state after some frame; once it is in force the log up to that
// frame is removed. A restart reads the checkpoint (Restore) and the frames
// behind it (Replay), and goes on with Append.
//
// # The format
//
// Integers are little-endian. A store is one folder:
//
//	00000000000000004711.checkpoint      the state after frame 4711
//	00000000000000004712.log             a segment: frames 4712 to 9001
//	00000000000000009002.log             the last segment, which is appended to
//	00000000000000009001.checkpoint.tmp  being written; removed at start
//	LOCK                                 locked by the process that uses the folder
//
// A segment and a checkpoint are both a header and frames:
//
//	 0               8       12                      20      24
//	+---------------+-------+-----------------------+-------+
//	| magic         |version| the name's number     | crc   |  header: crc of bytes 0-19
//	+-------+-------+-------+-------+-------+-------+-------+
//	| length| number        | crc   | payload: length bytes |  frame: crc of length,
//	+-------+---------------+-------+-----------------------+  number and payload
//	0       4              12      16
//
// crc is CRC-32C. magic is "sup-log\n" or "sup-chk\n"; version is 2 in a segment, 1 in
// a checkpoint. The header keeps this layout in all versions, so that a version from
// the future is told from damage. A segment's header goes on:
//
//	24                      36      40
//	+-----------------------+-------+
//	| salt                  | crc   |  crc of bytes 0-35
//	+-----------------------+-------+
//
// The salt is random, each segment has its own, and it never leaves the folder, other
// than in a backup. Number and crc of the segment's frames are XORed with it: the
// number with bytes 24-31, the crc, which is that of the bytes as they stand there,
// with bytes 32-35.
//
// Segments of version 1 are read, too. They have no salt; their frames follow byte 24,
// as in a checkpoint.
//
// In a segment a frame's number is its sequence number: the store's first is 1,
// each next one is higher by 1, also from segment to segment. Behind the last
// frame are zeros, written ahead in chunks, so that the sync of most frames has
// neither the file's length nor its blocks to write, and takes half the time.
// Zeros are no frame: without a salt, since the crc of a frame of zeros is not 0, and
// with one, since neither number nor crc is right.
//
// In a checkpoint the frames are numbered from 1 and their payloads, one behind
// the other, are the body. An empty frame, with the next number, says that the
// body is whole; nothing stands behind it.
//
// # What a crash may leave
//
// A file gets its name only when it is complete: it is written under a
// temporary name, synced, renamed, and the folder is synced. So a header is
// never torn, and a checkpoint is there as a whole or not at all. StartCheckpoint
// begins a new segment, hence the one with the number behind the checkpoint's
// is always there; without it, Open refuses.
//
// A segment ends where the next begins. What may stand there, behind its last
// frame, is what a failed append left; the segment that Reopen, or Open, began
// with that number took its place, and it is never read.
//
// The last segment may end in a torn frame. Its sectors reach the disk in any
// order, so that its length may be missing while its payload is there, and
// nothing about it can be trusted. But a frame is begun only when the one
// before it is synced: at most one frame is torn, and no frame follows it. So
// where the last segment holds no good frame, Open looks at every byte behind
// that place for the start of a good frame with a higher number, one that leaves
// room for those between.
//
//   - There is one: a frame that had been synced is damaged. Open refuses, and
//     names segment and offset.
//   - There is none, but something other than zeros: the frame is cut, and
//     TornBytes counts it.
//   - There are only zeros, or nothing: the log ends there.
//
// Among these bytes are the torn frame's payload, which clients send. Without the salt
// they would write good frames into it, and their torn frame would be taken for
// damage; or so many such numbers behind long lengths that the search for a good crc
// never ended. With it, the longest payload holds what passes for a frame with a
// chance of 2^-48, and only what is a frame's header by its number has its crc looked
// at. Nor does a frame count that was another segment's, should a file system bring
// the blocks of a removed one back.
//
// A segment of version 1 is at the log's end at most at the first start of a program
// that writes version 2. There a forged frame still refuses the start, and so does a
// search that would read more than 64 times what it looks through: either way a frame
// may have been synced, and is not cut.
//
// If the very last frame that was synced is damaged later, it cannot be told
// from a torn one and is cut, too. The alternative, to refuse unless some whole
// sector of the frame is missing, would trust every disk, file system and
// hypervisor to write sectors whole, and would keep the exporter from starting
// after power cuts where that trust is wrong. So the choice is to start and to
// count. Damage anywhere else is refused.
//
// A frame whose sync failed may be good in memory, and so to every reader, and
// yet not be on the disk, while a further sync reports success. Reopen
// therefore never goes on in the file it failed in, and Open writes the last
// frame it found once more before it goes on behind it.
package journal
