package io.netmap4j.linux;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Pointer;

/** libpcap's compiler of filter expressions, the one thing of it that is used. */
public final class Libpcap {
  /** Debian's name, that of other distributions, and that of the development files. */
  private static final String[] NAMES = {"libpcap.so.0.8", "libpcap.so.1", "libpcap.so"};

  private static final int ETHERNET = 1;
  private static final int OPTIMIZE = 1;

  /** Of no network, as tcpdump -r has it: "ip broadcast" is 0.0.0.0 and 255.255.255.255. */
  private static final int NETMASK = 0;

  /** Of struct bpf_program: the number of instructions, and their address behind padding. */
  private static final int PROGRAM_BYTES = 16;

  private static NativeLibrary library;

  private Libpcap() {}

  /**
   * Compiles an expression for Ethernet frames (pcap-filter(7)).
   *
   * @param expression may be empty: every frame
   * @param longest bytes that a frame can have; what the instructions return for one that passes
   * @return the instructions, each a struct bpf_insn as it lies in memory, least significant byte
   *     first: code in 16 bits, jt and jf in 8, k in 32
   * @throws IllegalArgumentException when it is no such expression, with libpcap's words
   * @throws UnsatisfiedLinkError when there is no libpcap
   */
  public static synchronized long[] compile(String expression, int longest) {
    Pointer handle = function("pcap_open_dead").invokePointer(new Object[] {ETHERNET, longest});
    long program = Mem.allocate(PROGRAM_BYTES);
    try {
      Mem.set(program, PROGRAM_BYTES, (byte) 0);
      Object[] arguments = {handle, new Pointer(program), expression, OPTIMIZE, NETMASK};
      if (function("pcap_compile").invokeInt(arguments) != 0) {
        String reason = function("pcap_geterr").invokeString(new Object[] {handle}, false);
        throw new IllegalArgumentException("filter '" + expression + "': " + reason);
      }
      long[] instructions = new long[Mem.getInt(program)];
      long address = Mem.getLong(program + 8);
      for (int i = 0; i < instructions.length; i++) {
        instructions[i] = Mem.getLong(address + (long) i * Long.BYTES);
      }
      function("pcap_freecode").invokeVoid(new Object[] {new Pointer(program)});
      return instructions;
    } finally {
      Mem.free(program);
      function("pcap_close").invokeVoid(new Object[] {handle});
    }
  }

  private static Function function(String name) {
    if (library == null) {
      library = load();
    }
    return library.getFunction(name);
  }

  private static NativeLibrary load() {
    for (String name : NAMES) {
      try {
        return NativeLibrary.getInstance(name);
      } catch (UnsatisfiedLinkError e) {
        // the next one
      }
    }
    throw new UnsatisfiedLinkError(
        "no libpcap, which compiles filters: install it (Debian: apt-get install libpcap0.8)");
  }
}
