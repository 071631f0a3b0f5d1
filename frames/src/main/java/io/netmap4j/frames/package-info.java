/**
 * Frames: typed views of their headers ({@code Packet}), checksums, the hash of RSS, filters as
 * tcpdump has them, and capture files, without an object for each frame, straight from and to raw
 * memory. Capture files are read and written here because no library does it so; the format is 40
 * bytes of headers.
 */
@NullMarked
package io.netmap4j.frames;

import org.jspecify.annotations.NullMarked;
