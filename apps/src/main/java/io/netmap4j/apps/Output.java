package io.netmap4j.apps;

import io.netmap4j.apps.traffic.Stop;
import io.netmap4j.linux.FileErrors;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.Charset;

/**
 * Standard output or standard error. {@link PrintStream} keeps silent when nobody takes what is
 * written: the reader of a pipe is gone, a disk is full. Here that ends the command, in order, and
 * is part of its exit code.
 */
final class Output extends FilterOutputStream {
  /** How the JDK words EPIPE; whoever closed the pipe knows it, and need not be told. */
  private static final String CLOSED_PIPE = "Broken pipe";

  private final String name;
  private final Stop stop;
  private volatile IOException failure;

  Output(String name, OutputStream to, Stop stop) {
    super(to);
    this.name = name;
    this.stop = stop;
  }

  /** Writes each line at once, in the terminal's encoding. */
  PrintStream printStream() {
    return new PrintStream(this, true, Charset.forName(System.getProperty("native.encoding")));
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    try {
      out.write(bytes, from, length);
    } catch (IOException e) {
      throw failed(e);
    }
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void flush() throws IOException {
    try {
      out.flush();
    } catch (IOException e) {
      throw failed(e);
    }
  }

  private IOException failed(IOException e) {
    if (failure == null) {
      failure = e;
    }
    stop.request();
    return e;
  }

  /** Something was not written. */
  boolean failed() {
    return failure != null;
  }

  /** What there is to tell of it: "" for nothing. */
  String trouble() {
    IOException e = failure;
    return e == null || CLOSED_PIPE.equals(e.getMessage())
        ? ""
        : name + ": " + FileErrors.reason(e);
  }
}
