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
// crc is CRC-32C. magic is "sup-log\n" or "sup-chk\n", version is 1; the
// header keeps its layout in all versions, so that a version from the future is
// told from damage.
//
// In a segment a frame's number is its sequence number: the store's first is 1,
// each next one is higher by 1, also from segment to segment. Behind the last
// frame are zeros, written ahead in chunks, so that the sync of most frames has
// neither the file's length nor its blocks to write, and takes half the time.
// Zeros are no frame, since the crc of a frame of zeros is not 0.
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
// that place for the start of a good frame with a higher number.
//
//   - There is one: a frame that had been synced is damaged. Open refuses, and
//     names segment and offset.
//   - There is none, but something other than zeros: the frame is cut, and
//     TornBytes counts it.
//   - There are only zeros, or nothing: the log ends there.
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
