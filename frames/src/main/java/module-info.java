/** Frames: checksums, flow hash, capture files. */
module io.netmap4j.frames {
  requires io.netmap4j.linux;

  exports io.netmap4j.frames;
}
