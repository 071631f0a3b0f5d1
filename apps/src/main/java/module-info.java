/** The {@code netmap4j} command. */
module io.netmap4j.apps {
  requires HdrHistogram;
  requires com.google.gson;
  requires info.picocli;
  requires io.netmap4j.compat;
  requires io.netmap4j.frames;
  requires io.netmap4j.linux;
  requires io.netmap4j.metrics;
  requires io.netmap4j.model;
  requires java.net.http;
  requires jdk.httpserver;
  requires micrometer.registry.prometheus;
  requires org.slf4j;

  opens io.netmap4j.apps to
      info.picocli;
  opens io.netmap4j.apps.admin to
      info.picocli;
  opens io.netmap4j.apps.doctor to
      info.picocli;
  opens io.netmap4j.apps.top to
      info.picocli;
  opens io.netmap4j.apps.traffic to
      info.picocli;
}
