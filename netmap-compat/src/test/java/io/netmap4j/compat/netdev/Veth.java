package io.netmap4j.compat.netdev;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.sun.jna.Native;
import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.linux.Libc;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A network namespace of this thread's own, with the two ends of a virtual cable in it, {@code va}
 * and {@code vb}. The test is skipped where that cannot be had.
 */
final class Veth implements AutoCloseable {
  private static final int CLONE_NEWNET = 0x40000000;
  private static final Path NAMESPACE = Path.of("/proc/thread-self/ns/net");

  static {
    Native.register(Veth.class, "c");
  }

  private final int before;

  private Veth(int before) {
    this.before = before;
  }

  private static native int unshare(int flags);

  private static native int setns(int fd, int type);

  /** An empty namespace. */
  static Veth namespace() {
    assumeTrue(Files.exists(NAMESPACE), "skipped: there is no /proc/thread-self/ns/net");
    int before = Libc.open(NAMESPACE.toString(), Libc.O_RDONLY, 0, "");
    boolean made = unshare(CLONE_NEWNET) == 0;
    if (!made) {
      Libc.closeFd(before);
    }
    assumeTrue(made, "skipped: a network namespace needs root (CAP_SYS_ADMIN)");
    return new Veth(before);
  }

  /** With the pair, whose ends are up. */
  static Veth pair(int mtu) {
    assumeTrue(
        !"qemu-user".equals(System.getProperty("netmap4j.emulator")),
        "skipped: qemu-user has no PACKET_ADD_MEMBERSHIP");
    Veth veth = namespace();
    try {
      assumeTrue(says("ip", "-V").isEmpty(), "skipped: there is no ip: apt-get install iproute2");
      veth.ip("link", "add", "va", "type", "veth", "peer", "name", "vb");
      for (String end : new String[] {"va", "vb"}) {
        // No frames of the kernel's own: router solicitations and the like.
        Files.writeString(Path.of("/proc/sys/net/ipv6/conf", end, "disable_ipv6"), "1");
        veth.ip("link", "set", end, "mtu", String.valueOf(mtu), "up");
      }
      return veth;
    } catch (IOException e) {
      veth.close();
      throw new AssertionError(e);
    } catch (RuntimeException | Error e) {
      veth.close();
      throw e;
    }
  }

  /** Runs {@code ip} in this namespace. */
  void ip(String... arguments) {
    String[] command = new String[arguments.length + 1];
    command[0] = "ip";
    System.arraycopy(arguments, 0, command, 1, arguments.length);
    String wrong = says(command);
    if (!wrong.isEmpty()) {
      throw new AssertionError(String.join(" ", command) + ": " + wrong);
    }
  }

  /** Runs a command in this thread's namespace. @return "", or what is wrong */
  static String says(String... command) {
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), UTF_8);
      int exit = process.waitFor();
      return exit == 0 ? "" : "exit code " + exit + ": " + said.trim();
    } catch (IOException e) {
      return e.getMessage();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  private static final int CAPABILITY_VERSION_3 = 0x20080522;
  private static final int CAP_NET_RAW = 1 << 13;

  private static native int capset(long header, long sets);

  private static native int capget(long header, long sets);

  /** Runs something in this thread without CAP_NET_RAW. */
  static void withoutNetRaw(Runnable body) {
    long header = Mem.allocate(8 + 24);
    long sets = header + 8;
    Mem.putInt(header, CAPABILITY_VERSION_3);
    try {
      assertEquals(0, capget(header, sets));
      int effective = Mem.getInt(sets);
      Mem.putInt(sets, effective & ~CAP_NET_RAW);
      assertEquals(0, capset(header, sets));
      try {
        body.run();
      } finally {
        Mem.putInt(sets, effective);
        assertEquals(0, capset(header, sets));
      }
    } finally {
      Mem.free(header);
    }
  }

  /** Opens a port, and waits for carrier. */
  static NetmapPort open(String name, NetmapPort.Request request) {
    NetmapPort port = Netmap.open(name, request);
    if (!port.awaitLink(5000)) {
      port.close();
      throw new AssertionError("no link: " + name);
    }
    return port;
  }

  static NetmapPort open(String name) {
    return open(name, NetmapPort.Request.DEFAULT);
  }

  /** Back to the namespace that the thread was in. */
  @Override
  public void close() {
    int back = setns(before, CLONE_NEWNET);
    Libc.closeFd(before);
    if (back != 0) {
      throw new AssertionError("setns");
    }
  }
}
