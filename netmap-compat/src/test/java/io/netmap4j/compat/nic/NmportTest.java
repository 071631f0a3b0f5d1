package io.netmap4j.compat.nic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.compat.Nm;
import io.netmap4j.compat.Nmport;
import io.netmap4j.compat.Nmreq;
import io.netmap4j.compat.NmreqOption;
import io.netmap4j.linux.Mem;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The stages of an open, and nm_open's flags (docs/netmap-abi.md 15 and 16). */
@Timeout(60)
class NmportTest {
  @AfterEach
  void nothingIsLeft() {
    Nmport.disableOption("offset");
    assertThat(FakeBackend.OPEN).isEmpty();
  }

  private static void assertErrno(int errno, Runnable work) {
    assertThatThrownBy(work::run)
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void thePartsOfTheNameCanBeEditedBeforeTheOpen() {
    Nmport d = Nmport.prepare("netmap:fake0-1/R@conf:tx-slots=7,rx_rings=3");
    assertThat(d.name()).isEqualTo("fake0");
    assertThat(d.reg.nrMode).isEqualTo(Netmap.NR_REG_ONE_NIC);
    assertThat(d.reg.nrRingid).isEqualTo(1);
    assertThat(d.reg.nrFlags).isEqualTo(Netmap.NR_RX_RINGS_ONLY);
    assertThat(d.reg.nrTxSlots).isEqualTo(7);
    assertThat(d.reg.nrRxRings).isEqualTo(3);
    d.reg.nrMode = Netmap.NR_REG_ALL_NIC;
    d.reg.nrRingid = 0;
    d.reg.nrFlags = Netmap.NR_TX_RINGS_ONLY | Netmap.NR_NO_TX_POLL;
    d.reg.nrExtraBufs = 5;
    d.openDesc();
    assertThat(d.port().endTxRing()).isEqualTo(1);
    assertThat(d.port().endRxRing()).isZero();
    assertThat(d.port().extraBuffers()).isEqualTo(5);
    assertThat(d.reg.nrRxRings).as("a card's own count").isEqualTo(1);
    assertThat(d.reg.nrOffset).isEqualTo(d.port().nifp().address() - d.port().memory().address());
    d.close();
    assertThat(d.name()).isEmpty();
    d.close();
  }

  @Test
  void stagesOutOfOrderAreErrorsAndUndoGoesBack() {
    Nmport d = Nmport.prepare("netmap:fake0");
    assertErrno(Errno.EINVAL, d::mmap);
    assertErrno(Errno.EINVAL, d::port);
    assertErrno(Errno.EINVAL, () -> d.inject(0, 60));
    d.register();
    assertErrno(Errno.EINVAL, d::register);
    d.mmap();
    assertErrno(Errno.EINVAL, d::mmap);
    assertThat(d.inject(d.port().tx(0).bufferStart(5), 60)).isEqualTo(60);
    d.undoOpenDesc();
    assertThat(FakeBackend.OPEN).isEmpty();
    d.openDesc();
    assertThat(d.port().tx(0).head()).isZero();
    d.undoMmap();
    d.mmap();
    d.close();
    Nmport blank = Nmport.create();
    assertErrno(Errno.EINVAL, blank::register);
    assertErrno(Errno.EINVAL, () -> blank.parse("netmap:fake0-x"));
    assertThat(blank.name()).isEmpty();
    blank.reg.nrMode = Netmap.NR_REG_PIPE_MASTER;
    blank.name("fake0");
    assertErrno(Errno.EINVAL, blank::register);
  }

  @Test
  void aCloneIsAnotherPortOfTheSameMemory() {
    Nmport d = Nmport.open("netmap:fake0");
    Nmport c = d.cloneDesc();
    assertErrno(Errno.EINVAL, c::port);
    assertThat(c.reg.nrMemId).isEqualTo(1);
    c.name("fake1");
    c.openDesc();
    assertThat(c.port().memory()).isSameAs(d.port().memory());
    c.port().rx(0).slotFlags(0, 0);
    d.close();
    c.close();
  }

  @Test
  void onlyARegisteredPortWithExternalMemoryIsCloned(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("memory");
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.setLength(8 << 20);
    }
    Nmport d =
        Nmport.prepare("netmap:p{x@extmem:file=" + file + ",buf_size=1024,ring_num=8,if_num=4");
    assertErrno(Errno.EINVAL, d::cloneDesc);
    assertErrno(Errno.EINVAL, () -> d.extmemFromFile(file, MemoryOptions.DEFAULT));
    d.openDesc();
    assertErrno(Errno.EINVAL, () -> d.extmemFromFile(file, MemoryOptions.DEFAULT));
    assertThat(d.port().memory().bufSize()).isEqualTo(1024);
    try (NetmapPort other = Netmap.open("netmap:p}x@" + d.reg.nrMemId);
        NetmapPort again = Netmap.open("netmap:q{x@extmem=" + file)) {
      assertThat(other.memory()).isSameAs(d.port().memory());
      assertThat(again.memory()).as("one file, one memory").isSameAs(d.port().memory());
      other.rx(0).slotFlags(0, 0);
      again.rx(0).slotFlags(0, 0);
    }
    assertErrno(Errno.EINVAL, () -> Netmap.open("netmap:q{y@" + d.reg.nrMemId + "@extmem=" + file));
    d.close();
  }

  @Test
  void namesMayHaveOffsetsOnceTheOptionIsEnabled() {
    assertErrno(Errno.EOPNOTSUPP, () -> Nmport.prepare("netmap:p{o@offset=64"));
    Nmport.enableOption("offset");
    assertErrno(Errno.EOPNOTSUPP, () -> Nmport.enableOption("nonsense"));
    try (NetmapPort port = Netmap.open("netmap:p{o@offset:initial=64,bits=8")) {
      assertThat(port.tx(0).offsetMask()).isEqualTo(0xff);
      assertThat(port.tx(0).offset(0)).isEqualTo(64);
    }
    try (Nmport d = Nmport.open("netmap:p{o@offset=32")) {
      assertThat(d.port().tx(0).offset(0)).isEqualTo(32);
      assertThat(d.findOption(NmreqOption.NETMAP_REQ_OPT_OFFSETS).status).isZero();
    }
    assertErrno(Errno.EINVAL, () -> Netmap.open("netmap:p{o@offset:initial=300,bits=8"));
    assertErrno(Errno.EINVAL, () -> Netmap.open("netmap:p{o@offset=5000"));
    assertErrno(Errno.EINVAL, () -> Netmap.open("netmap:p{o@offset=3@offset=3"));
    Nmport d = Nmport.prepare("netmap:fake0@offset=8");
    assertErrno(Errno.EOPNOTSUPP, d::register); // the card for tests has none
    assertThat(d.options().status).isEqualTo(Errno.EOPNOTSUPP);
    d.removeOption(d.options());
    d.offset(0, 16, 8, 0);
    assertErrno(Errno.EOPNOTSUPP, d::register);
    d.removeOption(d.findOption(NmreqOption.NETMAP_REQ_OPT_OFFSETS));
    d.openDesc();
    d.close();
  }

  @ParameterizedTest(name = "option {0}")
  @CsvSource({"0, 22", "1, 22", "2, 95", "3, 95", "4, 95", "5, 95", "6, 95", "1000, 95"})
  void anOptionThatNothingConsumesFailsTheRequest(int type, int errno) {
    Nmport d = Nmport.prepare("netmap:fake0");
    d.pushOption(NmreqOption.of(type, 24));
    assertErrno(errno, d::register);
    assertThat(d.options().status).isEqualTo(errno);
  }

  @ParameterizedTest(name = "flags {0}")
  @CsvSource({
    // flags, arg1, arg3, ring, name
    "0, 0, 7, 0, fake0",
    "0x040000, 4, 0, 0, fake0", // NO_MMAP has no effect, but arg3 is gone
    "0x100000, 9, 0, 0, fake0",
    "0x200000, 4, 0, 0, fake0",
    "0x400000, 4, 3, 0, fake0",
    "0x800000, 4, 0, 0, fake0",
    "0x080000, 4, 0, 0, fake1",
    "0x1000, 4, 0, 0x1000, fake0",
  })
  void whatNmOpenTakesFromAParent(String flags, int arg1, int arg3, String ring, String name) {
    Nmreq first = new Nmreq();
    first.nrArg1 = 9;
    first.nrArg3 = 3;
    Nm parent = Nm.nmOpen("netmap:fake1", first, 0, null);
    assertThat(parent.req().nrArg2).as("filled in").isEqualTo(1);
    Nmreq again = new Nmreq();
    again.nrArg3 = 7;
    Nm child = Nm.nmOpen("netmap:fake0", again, Long.decode(flags), parent);
    assertThat(child.req().nrName).isEqualTo(name);
    assertThat(child.req().nrArg1).isEqualTo(arg1);
    assertThat(child.req().nrArg2).as("memory, filled in").isEqualTo(1);
    assertThat(child.req().nrArg3).isEqualTo(arg3);
    assertThat(child.port().extraBuffers()).isEqualTo(arg3);
    assertThat(child.req().nrRingid).isEqualTo(Integer.decode(ring));
    assertThat(again.nrName).as("the caller's stays").isEmpty();
    assertThat(child.nmMmap()).isZero();
    child.nmClose();
    parent.nmClose();
  }

  /** POLLIN alone sends what is pending, unless the port was opened so that it does not. */
  @Test
  void flagsOfAPortReachItsPolls() {
    assertThat(sentByPoll(0)).isEqualTo(1);
    assertThat(sentByPoll(Netmap.NR_NO_TX_POLL)).isZero();
    assertThat(sentByPoll(Netmap.NR_DO_RX_POLL | Netmap.NR_ACCEPT_VNET_HDR)).isEqualTo(1);
    Nm old = Nm.nmOpen("netmap:fake0", null, Nmreq.NETMAP_NO_TX_POLL, null);
    assertThat(sentByPoll(old.port())).isZero();
    old.nmClose();
  }

  private static long sentByPoll(long flags) {
    try (NetmapPort port =
        Netmap.open("netmap:fake0", NetmapPort.Request.DEFAULT.addFlags(flags))) {
      return sentByPoll(port);
    }
  }

  private static long sentByPoll(NetmapPort port) {
    long before = port.counters().get("slots_sent");
    port.tx(0).put(0, new byte[60]);
    port.tx(0).advance(1);
    port.poll(NetmapPort.POLLIN, 0);
    return port.counters().get("slots_sent") - before;
  }

  @Test
  void theOldCallsTellAndRefuse() {
    Nmreq r = new Nmreq();
    r.info();
    assertThat(r.nrMemsize).isPositive();
    assertThat(r.nrTxRings).isZero();
    r.nrName = "fake0";
    r.info();
    assertThat(r.nrTxRings).isEqualTo(1);
    r.nrCmd = 1;
    assertErrno(Errno.EOPNOTSUPP, r::regif);
    r.nrCmd = 0;
    r.nrName = "sixteen_characte";
    assertErrno(Errno.EINVAL, r::regif);
    r.nrName = "p";
    r.nrFlags = Netmap.NR_REG_PIPE_MASTER;
    r.nrRingid = 3;
    r.nrTxRings = 0;
    r.nrRxRings = 0;
    r.nrTxSlots = 0;
    r.nrRxSlots = 0;
    try (NetmapPort master = r.regif();
        NetmapPort slave = Netmap.open("netmap:p}3")) {
      assertThat(master.name()).isEqualTo("p{3");
      master.tx(0).put(0, new byte[60]);
      master.tx(0).advance(1);
      master.txSync();
      slave.rxSync();
      assertThat(slave.rx(0).space()).isEqualTo(1);
    }
    assertErrno(Errno.EINVAL, () -> Nm.nmOpen("netmap:fake0@conf:rings=1", null, 0, null));
  }

  @Test
  void pktCopyCopiesNoMoreThanItIsTold() {
    long from = Mem.allocate(256);
    long to = Mem.allocate(256);
    try {
      Mem.set(from, 256, (byte) 7);
      for (int length : new int[] {0, 1, 63, 64, 65, 128, 200}) {
        Mem.set(to, 256, (byte) 0);
        Nm.nmPktCopy(from, to, length);
        for (int i = 0; i < 256; i++) {
          assertThat(Mem.getByte(to + i)).isEqualTo((byte) (i < length ? 7 : 0));
        }
      }
    } finally {
      Mem.free(from);
      Mem.free(to);
    }
  }
}
