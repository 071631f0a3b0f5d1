package io.netmap4j.compat.nic;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netmap4j.Netmap;
import io.netmap4j.NetmapMemory;
import io.netmap4j.NetmapPort;
import io.netmap4j.common.Errno;
import io.netmap4j.common.MemoryOptions;
import io.netmap4j.common.NetmapException;
import io.netmap4j.common.PoolsInfo;
import io.netmap4j.common.PortInfo;
import io.netmap4j.compat.Nmport;
import io.netmap4j.compat.Nmreq;
import io.netmap4j.compat.NmreqOption;
import io.netmap4j.compat.PortSpec;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What netmap's ctrl-api-test asserts of interfaces, options, external memory, old calls and names,
 * by the numbers of its cases. An interface is a card for tests here.
 */
@Timeout(60)
class CtrlApiTest {
  @TempDir Path folder;

  @AfterEach
  void nothingIsLeft() {
    assertThat(FakeBackend.OPEN).isEmpty();
    assertThat(NetmapMemory.shared().freeRings())
        .isEqualTo(NetmapMemory.shared().options().ringNum());
  }

  /** Registers, checks the answer as ctrl-api-test does, and closes. */
  private static void register(Nmport d) {
    Nmport asked = d.cloneDesc();
    d.register();
    check(d.reg, asked.reg);
    d.undoRegister();
  }

  private static void check(Nmport.Register got, Nmport.Register asked) {
    assertThat(got.nrMemsize).isPositive();
    assertThat(got.nrMode).isEqualTo(asked.nrMode);
    assertThat(got.nrRingid).isEqualTo(asked.nrRingid);
    assertThat(got.nrFlags).isEqualTo(asked.nrFlags);
    check(got.nrTxSlots, asked.nrTxSlots);
    check(got.nrRxSlots, asked.nrRxSlots);
    check(got.nrTxRings, asked.nrTxRings);
    check(got.nrRxRings, asked.nrRxRings);
    check(got.nrHostTxRings, asked.nrHostTxRings);
    check(got.nrHostRxRings, asked.nrHostRxRings);
    check(got.nrMemId, asked.nrMemId);
    assertThat(got.nrExtraBufs).isEqualTo(asked.nrExtraBufs);
  }

  private static void check(int got, int asked) {
    assertThat(got).isPositive();
    assertThat(asked == 0 || asked == got).as("asked for %d, got %d", asked, got).isTrue();
  }

  private static void assertErrno(int errno, Runnable work) {
    assertThatThrownBy(work::run)
        .isInstanceOfSatisfying(NetmapException.class, e -> assertThat(e.errno()).isEqualTo(errno));
  }

  @Test
  void cat01_portInfoGet() {
    PortInfo info = Netmap.portInfo("netmap:fake0", 0);
    assertThat(FakeBackend.OPEN).as("it is not started for this").isEmpty();
    assertThat(info.memSize()).isPositive();
    assertThat(info.txSlots()).isPositive();
    assertThat(info.rxSlots()).isPositive();
    assertThat(info.txRings()).isPositive();
    assertThat(info.rxRings()).isPositive();
    assertThat(info.memId()).isEqualTo(1);
    try (NetmapPort port = Netmap.open("netmap:fake0")) {
      assertThat(Netmap.portInfo("netmap:fake0", 1)).isEqualTo(info);
      assertErrno(Errno.EINVAL, () -> Netmap.portInfo("netmap:fake0", 2));
      assertThat(port.memory().memId()).isEqualTo(1);
    }
    PortInfo memory = Netmap.portInfo("", 0);
    assertThat(memory).isEqualTo(new PortInfo(NetmapMemory.shared().size(), 0, 0, 0, 0, 0, 0, 1));
    assertErrno(Errno.EINVAL, () -> Netmap.portInfo("", 60000));
    assertErrno(Errno.ENXIO, () -> Netmap.portInfo("netmap:nothing", 0));
  }

  @Test
  void cat03_portRegisterHwall() {
    Nmport d = Nmport.prepare("netmap:fake0");
    d.reg.nrMode = Netmap.NR_REG_ALL_NIC;
    register(d);
  }

  @Test
  void cat05_portRegisterSingleHwPair() {
    Nmport d = Nmport.prepare("netmap:fake0");
    d.reg.nrMode = Netmap.NR_REG_ONE_NIC;
    d.reg.nrRingid = 0;
    register(d);
  }

  @Test
  void cat12_poolsInfoGetAndRegister() {
    PoolsInfo before = pools("netmap:fake0", 0);
    Nmport d = Nmport.prepare("netmap:fake0");
    d.reg.nrMode = Netmap.NR_REG_ONE_NIC;
    d.openDesc();
    assertThat(pools("netmap:fake0", 1)).isEqualTo(before);
    d.close();
  }

  private static PoolsInfo pools(String name, int memId) {
    PoolsInfo p = Netmap.poolsInfo(name, memId);
    assertThat(p.memSize()).isPositive();
    assertThat(p.ifOffset()).isZero();
    assertThat(p.ringOffset()).isGreaterThanOrEqualTo((long) p.ifTotal() * p.ifSize());
    assertThat(p.bufOffset() - p.ringOffset())
        .isGreaterThanOrEqualTo((long) p.ringTotal() * p.ringSize());
    assertThat(p.memSize() - p.bufOffset())
        .isGreaterThanOrEqualTo((long) p.bufTotal() * p.bufSize());
    assertThat(p.bufOffset()).isEqualTo(NetmapMemory.shared().bufOffset());
    return p;
  }

  @Test
  void cat13_poolsInfoGetEmptyIfname() {
    assertErrno(Errno.ENXIO, () -> Netmap.poolsInfo("", 0));
  }

  @Test
  void cat19_unsupportedOption() {
    Nmport d = Nmport.prepare("netmap:fake0");
    NmreqOption unknown = NmreqOption.of(1234, 0);
    d.pushOption(unknown);
    assertErrno(Errno.EOPNOTSUPP, d::register);
    assertThat(unknown.status).isEqualTo(Errno.EOPNOTSUPP);
    assertErrno(Errno.EINVAL, d::port);
  }

  @Test
  void cat20_infiniteOptions() {
    Nmport d = Nmport.prepare("netmap:fake0");
    NmreqOption unknown = NmreqOption.of(NmreqOption.NETMAP_REQ_OPT_MAX + 1, 0);
    d.pushOption(unknown);
    unknown.next = unknown;
    assertErrno(Errno.EMSGSIZE, d::register);
  }

  @Test
  void cat21_infiniteOptions2() {
    Nmport d = Nmport.prepare("netmap:fake0");
    NmreqOption known = NmreqOption.of(NmreqOption.NETMAP_REQ_OPT_OFFSETS, 0);
    d.pushOption(known);
    known.next = known;
    assertErrno(Errno.EINVAL, d::register);
    assertThat(known.status).isEqualTo(Errno.EINVAL);
  }

  @Test
  void cat22_invalidValidOptions3() {
    Nmport d = Nmport.prepare("netmap:fake0");
    d.pushOption(NmreqOption.of(NmreqOption.NETMAP_REQ_OPT_SYNC_KLOOP_EVENTFDS, 1000));
    for (int i = 0; i < 99; i++) {
      d.pushOption(NmreqOption.of(NmreqOption.NETMAP_REQ_OPT_MAX, 0));
    }
    assertErrno(Errno.EMSGSIZE, d::register);
  }

  /** The pools of ctrl-api-test, whose rings are enough for 16 slots. */
  private static MemoryOptions pools(int ringSize) {
    return new MemoryOptions(2, 1024, 64, ringSize, 4096, 2048, null);
  }

  private Path file(long bytes) throws IOException {
    Path file = folder.resolve("memory" + bytes);
    try (RandomAccessFile f = new RandomAccessFile(file.toFile(), "rw")) {
      f.setLength(bytes);
    }
    return file;
  }

  @Test
  void cat23_extmemOption() throws IOException {
    Path file = file(12 << 20);
    Nmport d = Nmport.prepare("netmap:ext{1@conf:slots=16");
    d.extmemFromFile(file, pools(512));
    d.openDesc();
    assertThat(d.findOption(NmreqOption.NETMAP_REQ_OPT_EXTMEM).status).isZero();
    NetmapMemory memory = d.port().memory();
    assertThat(memory.memId()).isGreaterThan(1);
    assertThat(memory.size()).isEqualTo(12 << 20);
    assertThat(memory.bufTotal()).as("the rest of the file is buffers").isGreaterThan(4096);
    Nmport clone = d.cloneDesc();
    clone.name("ext}1");
    clone.openDesc();
    assertThat(clone.port().memory()).isSameAs(memory);
    clone.close();
    d.close();
    assertErrno(Errno.EBADF, memory::address);
  }

  @Test
  void cat24_badExtmemOption() throws IOException {
    Path file = file(128 << 20);
    Path small = file(4096);
    assertErrno(Errno.EINVAL, () -> pools(1 << 20));
    assertErrno(
        Errno.EINVAL, () -> Netmap.open("netmap:ext{1@extmem:file=" + file + ",ring-size=1048576"));
    assertErrno(Errno.ENOMEM, () -> Netmap.open("netmap:ext{1@extmem=" + small));
    assertErrno(Errno.ENOENT, () -> Nmport.prepare("netmap:ext{1@extmem=" + folder + "/none"));
    assertErrno(
        Errno.ENOMEM, // no ring of 1024 slots fits into 512 bytes
        () ->
            Netmap.open(
                "netmap:ext{1@conf:slots=1024@extmem:file=" + file + ",ring-size=512,ring-num=64"));
  }

  @Test
  void cat25_duplicateExtmemOptions() throws IOException {
    Nmport d = Nmport.prepare("netmap:ext{1@conf:slots=16");
    NmreqOption one = NmreqOption.extmem(file(12 << 20), pools(512));
    NmreqOption two = NmreqOption.extmem(file(14 << 20), pools(512));
    d.pushOption(one);
    d.pushOption(two);
    assertErrno(Errno.EINVAL, d::register);
    assertThat(one.status).isEqualTo(Errno.EINVAL);
    assertThat(two.status).isEqualTo(Errno.EINVAL);
  }

  /** Registers by the old call, checks the answer, and closes. */
  private static void regif(Nmreq r, int mode) {
    int extra = r.nrArg3;
    try (NetmapPort port = r.regif()) {
      assertThat(r.nrMemsize).isPositive();
      assertThat(r.nrFlags & Nmreq.NR_REG_MASK).isEqualTo(mode);
      assertThat(r.nrTxSlots).isPositive();
      assertThat(r.nrRxSlots).isPositive();
      assertThat(r.nrTxRings).isPositive();
      assertThat(r.nrRxRings).isPositive();
      assertThat(r.nrArg2).isPositive();
      assertThat(r.nrArg3).isEqualTo(extra);
      assertThat(port.nifp().address() - port.memory().address()).isEqualTo(r.nrOffset);
    }
  }

  private static Nmreq request(String name, int mode) {
    Nmreq r = new Nmreq();
    r.nrName = name;
    r.nrFlags = mode;
    return r;
  }

  @Test
  void cat41_legacyRegifDefault() {
    regif(request("fake0", Netmap.NR_REG_DEFAULT), Netmap.NR_REG_ALL_NIC);
    Nmreq one = request("fake0", Netmap.NR_REG_DEFAULT);
    one.nrRingid = Nmreq.NETMAP_HW_RING;
    regif(one, Netmap.NR_REG_ONE_NIC);
  }

  @Test
  void cat42_legacyRegifAllNic() {
    regif(request("fake0", Netmap.NR_REG_ALL_NIC), Netmap.NR_REG_ALL_NIC);
  }

  @Test
  void cat43_legacyRegif12() {
    Nmreq r = request("fake0", Netmap.NR_REG_ALL_NIC);
    r.nrVersion = 15;
    regif(r, Netmap.NR_REG_ALL_NIC);
  }

  @Test
  void cat45_legacyRegifFuture() {
    Nmreq r = request("fake0", Netmap.NR_REG_ALL_NIC);
    r.nrVersion = Netmap.NETMAP_API + 2;
    regif(r, Netmap.NR_REG_ALL_NIC);
    r.nrVersion = Netmap.NETMAP_API - 1;
    assertErrno(Errno.EINVAL, r::regif);
  }

  @Test
  void cat46_legacyRegifExtraBufs() {
    Nmreq r = request("fake0", Netmap.NR_REG_ALL_NIC);
    r.nrArg3 = 20;
    regif(r, Netmap.NR_REG_ALL_NIC);
  }

  /**
   * -1 for a name that is refused; of names with an option that nobody knows, what is before it.
   */
  @ParameterizedTest(name = "name {0}")
  @CsvSource(
      quoteCharacter = '"',
      delimiter = '|',
      value = {
        "netmap:eth0 | eth0 | 1 | 0 | 0",
        "netmap:eth0-1 | eth0 | 4 | 1 | 0",
        "netmap:eth0- | | -1 | 0 | 0",
        "netmap:eth0/x | eth0 | 1 | 0 | 0x800",
        "netmap:eth0/z | eth0 | 1 | 0 | 0x400",
        "netmap:eth0/r | eth0 | 1 | 0 | 0x200",
        "netmap:eth0/t | eth0 | 1 | 0 | 0x100",
        "netmap:eth0-2/Tx | eth0 | 4 | 2 | 0x4800",
        "netmap:eth0* | eth0 | 3 | 0 | 0",
        "netmap:eth0^ | eth0 | 2 | 0 | 0",
        "netmap:eth0@2 | eth0 | 1 | 0 | 0",
        "netmap:eth0@2/R | eth0 | 1 | 0 | 0x2000",
        "netmap:eth0@netmap:lo/R | eth0 | 1 | 0 | 0",
        "netmap:eth0/R@xxx | eth0 | 1 | 0 | 0x2000",
        "netmap:eth0@2/R@2 | eth0 | 1 | 0 | 0x2000",
        "netmap:eth0@2/R@3 | | -1 | 0 | 0",
        "netmap:eth0@ | | -1 | 0 | 0",
        "netmap: | | -1 | 0 | 0",
        "netmap:^ | | -1 | 0 | 0",
        "netmap:{ | | -1 | 0 | 0",
        "netmap:vale0:0 | vale0:0 | 1 | 0 | 0", // refused by the test, accepted by libnetmap
        "eth0 | | -1 | 0 | 0",
        "vale0:0 | vale0:0 | 1 | 0 | 0",
        "vale:0 | vale:0 | 1 | 0 | 0",
        "valeXXX:YYY | valeXXX:YYY | 1 | 0 | 0",
        "valeXXX:YYY-4 | valeXXX:YYY | 4 | 4 | 0",
        "netmapXXX:eth0 | | -1 | 0 | 0",
        "netmap:14 | 14 | 1 | 0 | 0",
        "netmap:eth0& | eth0& | 1 | 0 | 0", // refused by the test, accepted by libnetmap
        "netmap:pipe{0 | pipe{0 | 1 | 0 | 0",
        "netmap:pipe{in | pipe{in | 1 | 0 | 0",
        "netmap:pipe{in-7 | pipe{in | 4 | 7 | 0",
        "vale0:0{0 | vale0:0{0 | 1 | 0 | 0",
        "netmap:pipe{1}2 | | -1 | 0 | 0",
        "vale0:0@opt | vale0:0 | 1 | 0 | 0",
        "vale0:0/Tx@opt | vale0:0 | 1 | 0 | 0x4800",
        "vale0:0-3@opt | vale0:0 | 4 | 3 | 0",
        "vale0:0@ | | -1 | 0 | 0",
        "\"\" | | -1 | 0 | 0",
      })
  void cat49_nmreqParsing(String spec, String name, int mode, int ring, String flags) {
    String text = spec == null ? "" : spec;
    if (mode < 0) {
      assertErrno(Errno.EINVAL, () -> PortSpec.parse(text));
      return;
    }
    int option = text.matches(".*@[a-z].*") ? text.lastIndexOf('@') : text.length();
    PortSpec parsed = PortSpec.parse(text.substring(0, option));
    assertThat(parsed.name()).isEqualTo(name);
    assertThat(parsed.mode()).isEqualTo(mode);
    assertThat(parsed.ringId()).isEqualTo(ring);
    assertThat(parsed.flags()).isEqualTo(Long.decode(flags));
    if (option < text.length()) {
      assertThatThrownBy(() -> PortSpec.parse(text)).hasMessageStartingWith("unknown option: '");
    }
  }
}
