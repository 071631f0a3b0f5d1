/**
 * Classic pcap files, read and written without an object for each frame, at nanosecond resolution,
 * straight from and to raw memory. Written here because no library does all three; the format is 40
 * bytes of headers.
 */
package io.netmap4j.frames;
