package io.netmap4j.frames;

import io.netmap4j.linux.Libpcap;
import io.netmap4j.linux.Mem;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A filter of frames, as tcpdump's: a program of the classic Berkeley Packet Filter, run on a frame
 * in memory, such as a slot's buffer. Running it allocates nothing. For one thread at a time.
 *
 * <p>The rules are those of libpcap's bpf_filter: a load from beyond the frame's end and a division
 * by 0 refuse the frame. Loops, which {@code protochain} needs, are there by JA with a negative k;
 * one that turns more often than the frame has bytes refuses it.
 */
public final class BpfFilter {
  /** Longest program that Linux takes (BPF_MAXINSNS). */
  private static final int MOST = 4096;

  private static final int MEMORY_WORDS = 16;

  // Fields of an instruction's code, by the names of linux/filter.h.
  private static final int CLASS = 0x07;
  private static final int LD = 0x00;
  private static final int LDX = 0x01;
  private static final int ST = 0x02;
  private static final int STX = 0x03;
  private static final int ALU = 0x04;
  private static final int JMP = 0x05;
  private static final int RET = 0x06;
  private static final int MISC = 0x07;
  private static final int SIZE = 0x18;
  private static final int W = 0x00;
  private static final int H = 0x08;
  private static final int B = 0x10;
  private static final int MODE = 0xE0;
  private static final int IMM = 0x00;
  private static final int ABS = 0x20;
  private static final int IND = 0x40;
  private static final int MEM = 0x60;
  private static final int LEN = 0x80;
  private static final int MSH = 0xA0;
  private static final int OPERATION = 0xF0;
  private static final int ADD = 0x00;
  private static final int SUB = 0x10;
  private static final int MUL = 0x20;
  private static final int DIV = 0x30;
  private static final int OR = 0x40;
  private static final int AND = 0x50;
  private static final int LSH = 0x60;
  private static final int RSH = 0x70;
  private static final int NEG = 0x80;
  private static final int MOD = 0x90;
  private static final int XOR = 0xA0;
  private static final int JA = 0x00;
  private static final int JEQ = 0x10;
  private static final int JGT = 0x20;
  private static final int JGE = 0x30;
  private static final int JSET = 0x40;
  private static final int X = 0x08;
  private static final int A = 0x10;
  private static final int TXA = 0x80;

  /** SKF_AD_OFF of linux/filter.h: offsets from here on are what the kernel knows of a frame. */
  private static final int KERNELS = -0x1000;

  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
  private static final VarHandle HALF =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);

  private final int[] codes;
  private final int[] ifTrue;
  private final int[] ifFalse;
  private final int[] constants;
  private final int[] memory = new int[MEMORY_WORDS];

  /** Some way through the program loads a word that it has not stored: 0, no former frame's. */
  private boolean clearsMemory;

  private BpfFilter(long[] program) {
    int n = program.length;
    codes = new int[n];
    ifTrue = new int[n];
    ifFalse = new int[n];
    constants = new int[n];
    for (int i = 0; i < n; i++) {
      codes[i] = (int) program[i] & 0xFFFF;
      ifTrue[i] = i + 1 + ((int) (program[i] >>> 16) & 0xFF);
      ifFalse[i] = i + 1 + ((int) (program[i] >>> 24) & 0xFF);
      constants[i] = (int) (program[i] >>> 32);
    }
  }

  /**
   * Compiles an expression such as {@code tcp port 80} with libpcap, which has to be installed.
   *
   * @param expression pcap-filter(7) describes it; empty for every frame
   * @throws IllegalArgumentException when it is no such expression, or asks for more than a frame
   *     tells, as {@code inbound} does; the text says why
   * @throws UnsatisfiedLinkError when there is no libpcap
   */
  public static BpfFilter compile(String expression) {
    BpfFilter filter = of(Libpcap.compile(expression, PcapWriter.LONGEST_FRAME));
    for (int i = 0; i < filter.codes.length; i++) {
      if ((filter.codes[i] & (CLASS | MODE)) == (LD | ABS)
          && Integer.compareUnsigned(filter.constants[i], KERNELS) >= 0) {
        throw new IllegalArgumentException(
            "filter '"
                + expression
                + "': inbound, outbound and ifindex are of the kernel's packet sockets; a frame does"
                + " not tell");
      }
    }
    return filter;
  }

  /**
   * A program that was made elsewhere, such as by {@code tcpdump -ddd}.
   *
   * @param program its instructions, each with code in the lowest 16 bits, then jt and jf in 8 bits
   *     each, and k in the highest 32
   * @throws IllegalArgumentException when it could run beyond its end or its memory, divide by a
   *     constant 0, or has an unknown instruction
   */
  public static BpfFilter of(long[] program) {
    if (program.length == 0 || program.length > MOST) {
      throw new IllegalArgumentException(
          "a filter has 1 to " + MOST + " instructions, not " + program.length);
    }
    BpfFilter filter = new BpfFilter(program);
    for (int i = 0; i < program.length; i++) {
      if (!filter.valid(i)) {
        throw new IllegalArgumentException(
            "instruction "
                + i
                + " of the filter is invalid: code 0x"
                + Integer.toHexString(filter.codes[i])
                + ", k "
                + Integer.toUnsignedString(filter.constants[i]));
      }
    }
    if ((filter.codes[program.length - 1] & CLASS) != RET) {
      throw new IllegalArgumentException("the filter does not end with RET");
    }
    filter.clearsMemory = filter.loadsBeforeStore();
    return filter;
  }

  /** Finds the words that are stored on every way to an instruction, until nothing changes. */
  private boolean loadsBeforeStore() {
    int[] stored = new int[codes.length]; // a bit for each word
    Arrays.fill(stored, 1, stored.length, -1);
    boolean changed = true;
    boolean found = false;
    while (changed) {
      changed = false;
      for (int i = 0; i < codes.length; i++) {
        int type = codes[i] & CLASS;
        int word = 1 << constants[i];
        boolean load = (type == LD || type == LDX) && (codes[i] & MODE) == MEM;
        found |= load && (stored[i] & word) == 0;
        int after = stored[i] | (type == ST || type == STX ? word : 0);
        if (type == JMP) {
          boolean always = (codes[i] & OPERATION) == JA;
          changed |= meet(stored, always ? i + 1 + constants[i] : ifTrue[i], after);
          changed |= meet(stored, always ? i + 1 + constants[i] : ifFalse[i], after);
        } else if (type != RET) {
          changed |= meet(stored, i + 1, after);
        }
      }
    }
    return found;
  }

  private static boolean meet(int[] stored, int at, int words) {
    int before = stored[at];
    stored[at] &= words;
    return stored[at] != before;
  }

  private boolean valid(int i) {
    int code = codes[i];
    int k = constants[i];
    int size = code & SIZE;
    boolean inMemory = Integer.compareUnsigned(k, MEMORY_WORDS) < 0;
    return switch (code & CLASS) {
      case LD ->
          switch (code & ~CLASS & ~SIZE) {
            case ABS, IND -> size == W || size == H || size == B;
            case IMM, LEN -> size == W;
            case MEM -> size == W && inMemory;
            default -> false;
          };
      case LDX ->
          switch (code & ~CLASS & ~SIZE) {
            case IMM, LEN -> size == W;
            case MEM -> size == W && inMemory;
            case MSH -> size == B;
            default -> false;
          };
      case ST, STX -> (code & ~CLASS) == 0 && inMemory;
      case ALU ->
          switch (code & ~CLASS & ~X) {
            case ADD, SUB, MUL, OR, AND, LSH, RSH, XOR -> true;
            case NEG -> (code & X) == 0;
            case DIV, MOD -> (code & X) != 0 || k != 0;
            default -> false;
          };
      case JMP ->
          switch (code & ~CLASS & ~X) {
            case JA -> (code & X) == 0 && k >= -1 - i && k < codes.length - i - 1;
            case JEQ, JGT, JGE, JSET -> ifTrue[i] < codes.length && ifFalse[i] < codes.length;
            default -> false;
          };
      case RET -> code == RET || code == (RET | A);
      default -> code == MISC || code == (MISC | TXA);
    };
  }

  /**
   * Whether the filter takes a frame in an array.
   *
   * @param frame has it at its beginning
   * @param length bytes in the array
   * @param originalLength as in {@link #matches(long, int, int)}
   * @throws IndexOutOfBoundsException when {@code length} is more than the array has
   */
  public boolean matches(byte[] frame, int length, int originalLength) {
    Objects.checkFromIndexSize(0, length, frame.length);
    return run(frame, 0, length, originalLength);
  }

  /**
   * Whether the filter takes a frame in memory.
   *
   * @param address of its first byte; {@code length} bytes are readable there, which is not checked
   * @param length bytes in memory
   * @param originalLength bytes that the frame had on the wire: what {@code len} in an expression
   *     means
   */
  public boolean matches(long address, int length, int originalLength) {
    return run(null, address, length, originalLength);
  }

  /**
   * @param array null for a frame in memory
   */
  private boolean run(byte @Nullable [] array, long address, int length, int originalLength) {
    int a = 0;
    int x = 0;
    int loops = length;
    if (clearsMemory) {
      Arrays.fill(memory, 0);
    }
    for (int i = 0; ; ) {
      int code = codes[i];
      int k = constants[i];
      i++;
      switch (code & CLASS) {
        case LD -> {
          switch (code & MODE) {
            case ABS, IND -> {
              long at = Integer.toUnsignedLong(k);
              if ((code & MODE) == IND) {
                at += Integer.toUnsignedLong(x);
              }
              int bytes = bytes(code);
              if (at + bytes > length) {
                return false;
              }
              a = load(array, address + at, bytes);
            }
            case LEN -> a = originalLength;
            case MEM -> a = memory[k];
            default -> a = k;
          }
        }
        case LDX -> {
          switch (code & MODE) {
            case MSH -> {
              if (Integer.toUnsignedLong(k) >= length) {
                return false;
              }
              x = (load(array, address + Integer.toUnsignedLong(k), 1) & 0xF) << 2;
            }
            case LEN -> x = originalLength;
            case MEM -> x = memory[k];
            default -> x = k;
          }
        }
        case ST -> memory[k] = a;
        case STX -> memory[k] = x;
        case ALU -> {
          int operand = (code & X) != 0 ? x : k;
          if (operand == 0 && ((code & OPERATION) == DIV || (code & OPERATION) == MOD)) {
            return false;
          }
          a = calculate(code & OPERATION, a, operand);
        }
        case JMP -> {
          if ((code & OPERATION) == JA) {
            if (k < 0 && loops-- == 0) {
              return false;
            }
            i += k;
          } else {
            int operand = (code & X) != 0 ? x : k;
            i = holds(code & OPERATION, a, operand) ? ifTrue[i - 1] : ifFalse[i - 1];
          }
        }
        case RET -> {
          return (code == RET ? k : a) != 0;
        }
        default -> {
          if (code == MISC) {
            x = a;
          } else {
            a = x;
          }
        }
      }
    }
  }

  private static int bytes(int code) {
    return switch (code & SIZE) {
      case W -> Integer.BYTES;
      case H -> Short.BYTES;
      default -> 1;
    };
  }

  /**
   * @param address in the array, if there is one
   */
  private static int load(byte @Nullable [] array, long address, int bytes) {
    if (array != null) {
      return switch (bytes) {
        case Integer.BYTES -> (int) WORD.get(array, (int) address);
        case Short.BYTES -> (short) HALF.get(array, (int) address) & 0xFFFF;
        default -> array[(int) address] & 0xFF;
      };
    }
    return switch (bytes) {
      case Integer.BYTES -> Integer.reverseBytes(Mem.getInt(address));
      case Short.BYTES -> Short.reverseBytes(Mem.getShort(address)) & 0xFFFF;
      default -> Mem.getByte(address) & 0xFF;
    };
  }

  private static int calculate(int operation, int a, int b) {
    return switch (operation) {
      case ADD -> a + b;
      case SUB -> a - b;
      case MUL -> a * b;
      case DIV -> Integer.divideUnsigned(a, b);
      case MOD -> Integer.remainderUnsigned(a, b);
      case OR -> a | b;
      case AND -> a & b;
      case XOR -> a ^ b;
      case LSH -> Integer.compareUnsigned(b, Integer.SIZE) < 0 ? a << b : 0;
      case RSH -> Integer.compareUnsigned(b, Integer.SIZE) < 0 ? a >>> b : 0;
      default -> -a;
    };
  }

  private static boolean holds(int operation, int a, int b) {
    return switch (operation) {
      case JEQ -> a == b;
      case JGT -> Integer.compareUnsigned(a, b) > 0;
      case JGE -> Integer.compareUnsigned(a, b) >= 0;
      default -> (a & b) != 0;
    };
  }
}
