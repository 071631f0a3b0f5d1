package io.netmap4j.linux;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class UnixSocketTest {
  @TempDir Path folder;
  private UnixListener listener;
  private UnixSocket a;
  private UnixSocket b;
  private final long memory = Mem.allocate(1 << 20);
  private final Deque<Integer> fds = new ArrayDeque<>();

  private static long inMillis(int n) {
    return System.nanoTime() + n * 1_000_000L;
  }

  @BeforeEach
  void connect() {
    listener = UnixListener.listen(folder.resolve("s"));
    a = UnixSocket.connect(folder.resolve("s"));
    b = listener.accept();
  }

  @AfterEach
  void close() {
    a.close();
    b.close();
    listener.close();
    fds.forEach(Libc::closeFd);
    Mem.free(memory);
  }

  @Test
  void bytesAndDescriptorsArrive() {
    int event = Libc.eventFd();
    int other = Libc.eventFd();
    Mem.putLong(memory, 0x0123456789abcdefL);
    a.send(memory, 8, new int[] {event, other}, inMillis(1000));
    b.receiveFully(memory + 64, 8, fds, inMillis(1000));
    assertThat(Mem.getLong(memory + 64)).isEqualTo(0x0123456789abcdefL);
    assertThat(fds).hasSize(2);
    Libc.signal(fds.getLast());
    assertThat(Libc.drain(event)).isZero();
    assertThat(Libc.drain(other)).isEqualTo(1);
    Libc.closeFd(event);
    Libc.closeFd(other);
  }

  @Test
  void aLongMessageIsSentInPieces() throws Exception {
    Mem.set(memory, 1 << 19, (byte) 7);
    Thread sender = new Thread(() -> a.send(memory, 1 << 19, new int[0], inMillis(10_000)));
    sender.start();
    b.receiveFully(memory + (1 << 19), 1 << 19, fds, inMillis(10_000));
    sender.join();
    assertThat(Mem.getByte(memory + (1 << 20) - 1)).isEqualTo((byte) 7);
  }

  @Test
  void whoeverDoesNotAnswerIsATimeOut() {
    assertThatThrownBy(() -> b.receive(memory, 8, fds, inMillis(50)))
        .isInstanceOf(LinuxException.class)
        .hasMessageContaining("does not answer");
    assertThatThrownBy(
            () -> {
              while (true) {
                a.send(memory, 1 << 19, new int[0], inMillis(50));
              }
            })
        .hasMessageContaining("does not answer");
  }

  @Test
  void theOtherSidesEndIsToldApart() {
    a.close();
    assertThat(b.receive(memory, 8, fds, inMillis(1000))).isZero();
    assertThatThrownBy(() -> b.receiveFully(memory, 8, fds, inMillis(1000)))
        .hasMessageContaining("closed the connection");
    assertThatThrownBy(() -> b.send(memory, 8, new int[0], inMillis(1000)))
        .isInstanceOf(LinuxException.class);
  }

  @Test
  void shutdownWakesReceiverAndAcceptor() throws Exception {
    int[] received = {-1};
    boolean[] ended = {false};
    Thread receiver = new Thread(() -> received[0] = b.receive(memory, 8, fds, Long.MAX_VALUE));
    Thread acceptor = new Thread(() -> ended[0] = listener.accept() == null);
    receiver.start();
    acceptor.start();
    Thread.sleep(50);
    b.shutdown();
    listener.shutdown();
    receiver.join();
    acceptor.join();
    assertThat(received[0]).isZero();
    assertThat(ended[0]).isTrue();
  }

  @Test
  void thePathMayBeAsLongAsAnAddressTakes() {
    Path longest = folder.resolve("x".repeat(107 - folder.toString().length() - 1));
    try (UnixListener listener = UnixListener.listen(longest);
        UnixSocket client = UnixSocket.connect(longest)) {
      assertThat(listener.accept()).isNotNull();
    }
    Path longer = Path.of(longest + "x");
    assertThatThrownBy(() -> UnixListener.listen(longer))
        .hasMessageStartingWith("socket " + longer + ": ")
        .hasMessageContaining("at most 107 bytes");
  }

  @Test
  void theFileIsItsOwnersOnlyAndGoesAway() throws Exception {
    Path path = folder.resolve("s");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
        .isEqualTo("rw-------");
    assertThatThrownBy(() -> UnixListener.listen(path)).hasMessageContaining("bind");
    listener.close();
    assertThat(path).doesNotExist();
    assertThatThrownBy(() -> UnixSocket.connect(path)).hasMessageContaining("connect");
  }

  /** A server that accepts nobody, as one that is stopped: connect(2) would wait for ever. */
  @Test
  void connectingIsLimited() throws Exception {
    Path path = folder.resolve("stopped");
    List<UnixSocket> queued = new ArrayList<>();
    try (var server =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      server.bind(java.net.UnixDomainSocketAddress.of(path), 1);
      assertThatThrownBy(
              () -> {
                for (int i = 0; i < 10; i++) {
                  queued.add(UnixSocket.connect(path, inMillis(50)));
                }
              })
          .hasMessageContaining("its server accepts no connections");
      server.accept().close();
      queued.add(UnixSocket.connect(path, inMillis(10_000)));
    } finally {
      queued.forEach(UnixSocket::close);
    }
  }

  @Test
  void aDeadServersFileIsReplacedButNoOtherFile() throws Exception {
    Path dead = folder.resolve("dead");
    try (var channel =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      channel.bind(java.net.UnixDomainSocketAddress.of(dead));
    }
    assertThat(dead).exists();
    UnixListener.listen(dead).close();
    Path file = Files.writeString(folder.resolve("file"), "text");
    assertThatThrownBy(() -> UnixListener.listen(file)).hasMessageContaining("bind");
    assertThat(file).hasContent("text");
  }
}
