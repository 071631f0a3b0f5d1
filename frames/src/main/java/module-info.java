/** Frames: checksums, flow hash, capture files. */
module io.netmap4j.frames {
  requires io.netmap4j.linux;
  requires static transitive org.jspecify;

  exports io.netmap4j.frames;
}
