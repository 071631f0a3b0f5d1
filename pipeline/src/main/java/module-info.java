/** Run-to-completion packet processing on netmap rings. */
module io.netmap4j.pipeline {
  requires affinity;
  requires io.netmap4j.linux;
  requires transitive io.netmap4j;
  requires transitive io.netmap4j.frames;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.netmap4j.pipeline;
}
