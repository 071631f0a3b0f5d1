/** All that a program needs: ports, the {@code nm_*} helpers and VALE switches, frames. */
module io.netmap4j.starter {
  requires transitive io.netmap4j;
  requires transitive io.netmap4j.compat;
  requires transitive io.netmap4j.frames;
  requires transitive org.slf4j;
}
