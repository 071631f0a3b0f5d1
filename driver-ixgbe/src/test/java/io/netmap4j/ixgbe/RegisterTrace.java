package io.netmap4j.ixgbe;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The kept form of a register trace, one access a line, what repeats told once:
 *
 * <pre>
 *   write CTRL 0x00000004
 *   128 x write MTA(0+1) 0x00000000          the index grows by 1 each time
 *   128 x
 *     write RTTDQSEL 0x00000000+0x1          the value too
 *     write RTTDT1C 0x00000000
 *   1499 mixed                               on a bus: the values, in no order
 *     write I2CCTL 0x00000002 0x0000000A
 *     read STATUS 0x00080080
 * </pre>
 *
 * Only what is mixed loses its order. What MSCA and MSRWD do to a PHY is told beside them, as
 * {@code write PHY_7_0020 0x1000} for register 0x20 of MMD 7, and a command to the firmware as
 * {@code write COMMAND 0x31}. Imports nothing of ours, so that {@code java RegisterTrace.java} runs
 * it: see vm/traces.
 */
final class RegisterTrace {
  private static final int LONGEST_LOOP = 40;
  private static final int SHORTEST_MIX = 16;
  private static final int MIXED_VALUES = 8;

  /** Other accesses within work on a bus. */
  private static final int PAUSE = 16;

  /** NVM, module and PHY, and who may touch them. */
  private static final Set<String> BUSES =
      Set.of(
          "EEC",
          "EERD",
          "I2CCTL",
          "MSCA",
          "MSRWD",
          "SWSM",
          "GSSR",
          "FWSTS",
          "HICR",
          "FLEX_MNG",
          "COMMAND");

  private static final int MSCA_COMMAND = 1 << 30;
  private static final int HICR_C = 1 << 1;

  private static final Pattern LINE =
      Pattern.compile("(read|write) (\\w+)(?:\\((\\d+)(?:\\+(\\d+))?\\))? (.*)");

  /**
   * One access.
   *
   * @param index of an array's element; −1 for a register that stands alone
   */
  record Access(boolean write, String register, int index, int value) {
    /** From {@code write RDT(0) 0x000001FF}. */
    static Access of(String line) {
      return Loop.Step.parse(line).get(0).at(0);
    }

    boolean is(boolean writes, String name) {
      return write == writes && register.equals(name);
    }

    @Override
    public String toString() {
      String place = index < 0 ? "" : "(" + index + ")";
      return String.format(
          Locale.ROOT, "%s %s%s 0x%08X", write ? "write" : "read", register, place, value);
    }
  }

  /** Steps that come {@code times} times in a row, or in no order. */
  record Loop(int times, boolean mixed, List<Step> steps) {
    /** An access whose index and value grow with each round. */
    record Step(Access first, int indexStep, int valueStep) {
      static Step between(Access a, Access b) {
        boolean alike = a.write == b.write && a.register.equals(b.register);
        return alike ? new Step(a, b.index - a.index, b.value - a.value) : null;
      }

      /** Nothing grows but an index, by 1. */
      boolean plain() {
        return indexStep <= 1 && valueStep == 0;
      }

      Access at(int round) {
        return new Access(
            first.write,
            first.register,
            first.index + round * indexStep,
            first.value + round * valueStep);
      }

      @Override
      public String toString() {
        String text = first.toString();
        if (indexStep != 0) {
          text = text.replace(")", String.format(Locale.ROOT, "%+d)", indexStep));
        }
        return valueStep == 0 ? text : text + String.format(Locale.ROOT, "+0x%X", valueStep);
      }

      /** More than one for a line with several values. */
      static List<Step> parse(String line) {
        Matcher match = LINE.matcher(line.strip());
        if (!match.matches()) {
          throw new IllegalArgumentException("not an access: " + line);
        }
        int index = match.group(3) == null ? -1 : Integer.parseInt(match.group(3));
        int indexStep = match.group(4) == null ? 0 : Integer.parseInt(match.group(4));
        List<Step> steps = new ArrayList<>();
        for (String value : match.group(5).split(" ")) {
          String[] parts = value.split("\\+");
          int step = parts.length > 1 ? Integer.parseUnsignedInt(parts[1].substring(2), 16) : 0;
          int first = Integer.parseUnsignedInt(parts[0].substring(2), 16);
          Access access = new Access(match.group(1).equals("write"), match.group(2), index, first);
          steps.add(new Step(access, indexStep, step));
        }
        return steps;
      }
    }

    void expand(List<Access> to) {
      for (int round = 0; round < (mixed ? 1 : times); round++) {
        for (Step step : steps) {
          to.add(step.at(round));
        }
      }
    }

    @Override
    public String toString() {
      if (mixed) {
        return times + " mixed\n" + mixedLines();
      }
      if (steps.size() == 1) {
        return (times == 1 ? "" : times + " x ") + steps.get(0);
      }
      return times
          + " x\n"
          + steps.stream().map(step -> "  " + step).collect(Collectors.joining("\n"));
    }

    private String mixedLines() {
      Map<String, StringBuilder> lines = new LinkedHashMap<>();
      for (Step step : steps) {
        String[] text = step.toString().split(" 0x");
        lines
            .computeIfAbsent(text[0], key -> new StringBuilder("  " + key))
            .append(" 0x")
            .append(text[1]);
      }
      return String.join("\n", lines.values());
    }
  }

  private RegisterTrace() {}

  static boolean onBus(Access access) {
    return BUSES.contains(access.register) || access.register.startsWith("PHY_");
  }

  /** With what is done by MSCA, MSRWD and HICR. */
  static List<Access> decode(List<Access> accesses) {
    List<Access> all = new ArrayList<>();
    Map<String, Integer> held = new HashMap<>();
    String reading = null;
    for (Access a : accesses) {
      all.add(a);
      if (a.is(true, "MSCA") && (a.value & MSCA_COMMAND) != 0) {
        int mmd = a.value >>> 16 & 31;
        int operation = a.value >>> 26 & 3;
        String name =
            String.format(Locale.ROOT, "PHY_%d_%04X", mmd, held.getOrDefault("MMD" + mmd, 0));
        reading = operation > 1 ? name : null;
        if (operation == 0) {
          held.put("MMD" + mmd, a.value & 0xffff);
        } else if (operation == 1) {
          all.add(new Access(true, name, -1, held.getOrDefault("MSRWD", 0) & 0xffff));
        }
      } else if (a.is(false, "MSRWD") && reading != null) {
        all.add(new Access(false, reading, -1, a.value >>> 16));
        reading = null;
      } else if (a.is(true, "HICR") && (a.value & HICR_C) != 0) {
        all.add(new Access(true, "COMMAND", -1, held.getOrDefault("FLEX_MNG", 0) & 0xff));
      } else if (a.is(true, "MSRWD") || a.is(true, "FLEX_MNG") && a.index == 0) {
        held.put(a.register, a.value);
      }
    }
    return all;
  }

  /** A kept trace; of what is mixed, each value once. */
  static List<Access> load(Path file) {
    List<Access> accesses = new ArrayList<>();
    try {
      List<String> block = new ArrayList<>();
      for (String line : Files.readAllLines(file)) {
        if (!line.startsWith(" ")) {
          expand(block, accesses);
          block.clear();
        }
        if (!line.startsWith("#")) {
          block.add(line);
        }
      }
      expand(block, accesses);
      return accesses;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void expand(List<String> block, List<Access> to) {
    if (block.isEmpty()) {
      return;
    }
    Matcher head = Pattern.compile("(?:(\\d+) (x|mixed))?(.*)").matcher(block.get(0));
    if (!head.matches()) {
      throw new IllegalArgumentException(block.get(0));
    }
    int times = head.group(1) == null ? 1 : Integer.parseInt(head.group(1));
    List<String> lines = new ArrayList<>(block.subList(1, block.size()));
    if (!head.group(3).isBlank()) {
      lines.add(0, head.group(3));
    }
    List<Loop.Step> steps = lines.stream().flatMap(l -> Loop.Step.parse(l).stream()).toList();
    new Loop(times, "mixed".equals(head.group(2)), steps).expand(to);
  }

  /** What repeats, told once; what is done on a bus meanwhile is told before it. */
  static List<Loop> fold(List<Access> accesses) {
    List<Loop> loops = new ArrayList<>();
    for (int at = 0; at < accesses.size(); ) {
      int end = endOfBusWork(accesses, at);
      List<Access> bus = new ArrayList<>();
      List<Access> rest = new ArrayList<>();
      for (int i = at; i < end; i++) {
        (onBus(accesses, i) ? bus : rest).add(accesses.get(i));
      }
      if (bus.size() < SHORTEST_MIX) {
        end = Math.max(end, at + 1);
        while (end < accesses.size() && !onBus(accesses, end)) {
          end++;
        }
        rest = accesses.subList(at, end);
      } else {
        loops.add(mix(bus));
      }
      foldInOrder(rest, loops);
      at = end;
    }
    return loops;
  }

  /** A read of STATUS behind a write flushes it. */
  private static boolean onBus(List<Access> all, int i) {
    Access access = all.get(i);
    return onBus(access) || access.is(false, "STATUS") && i > 0 && onBus(all.get(i - 1));
  }

  private static int endOfBusWork(List<Access> all, int at) {
    int end = at;
    for (int i = at; i < all.size() && i - end <= PAUSE; i++) {
      if (onBus(all, i)) {
        end = i + 1;
      }
    }
    return end;
  }

  private static void foldInOrder(List<Access> accesses, List<Loop> to) {
    for (int at = 0; at < accesses.size(); ) {
      int end = at;
      while (end < accesses.size() && movesTail(accesses.get(end))) {
        end++;
      }
      Loop loop =
          end - at < SHORTEST_MIX ? longestLoop(accesses, at) : mix(accesses.subList(at, end));
      to.add(loop);
      at += loop.mixed ? loop.times : loop.times * loop.steps.size();
    }
  }

  /** Traffic is thousands of these, and nothing else. */
  static boolean movesTail(Access a) {
    return a.is(true, "RDT") || a.is(true, "TDT");
  }

  /** The loop from here that tells most; a single access if none repeats. */
  private static Loop longestLoop(List<Access> all, int at) {
    Loop best = new Loop(1, false, List.of(new Loop.Step(all.get(at), 0, 0)));
    int most = 1;
    for (int length = 1; length <= LONGEST_LOOP && at + 2 * length <= all.size(); length++) {
      List<Loop.Step> steps = steps(all, at, length);
      int times = steps == null ? 1 : rounds(all, at, steps);
      if (times * length > most
          && (times > 2 || times == 2 && steps.stream().allMatch(s -> s.plain()))) {
        most = times * length;
        best = new Loop(times, false, steps);
      }
    }
    return best;
  }

  private static List<Loop.Step> steps(List<Access> all, int at, int length) {
    List<Loop.Step> steps = new ArrayList<>();
    for (int i = at; i < at + length; i++) {
      Loop.Step step = Loop.Step.between(all.get(i), all.get(i + length));
      if (step == null || step.indexStep < 0) {
        return null;
      }
      steps.add(step);
    }
    return steps;
  }

  private static int rounds(List<Access> all, int at, List<Loop.Step> steps) {
    int i = at;
    while (i < all.size()) {
      int round = (i - at) / steps.size();
      if (!steps.get((i - at) % steps.size()).at(round).equals(all.get(i))) {
        break;
      }
      i++;
    }
    return (i - at) / steps.size();
  }

  /** Beyond {@link #MIXED_VALUES} the ones and the zeros of all values are kept. */
  private static Loop mix(List<Access> accesses) {
    Map<String, Set<Integer>> values = new LinkedHashMap<>();
    for (Access a : accesses) {
      values
          .computeIfAbsent(
              (a.write ? "write " : "read ")
                  + a.register
                  + (movesTail(a) ? "(" + a.index + ")" : ""),
              k -> new LinkedHashSet<>())
          .add(a.value);
    }
    List<Loop.Step> steps = new ArrayList<>();
    values.forEach(
        (name, set) -> {
          Set<Integer> kept = set;
          if (set.size() > MIXED_VALUES) {
            int ones = set.stream().reduce(0, (a, b) -> a | b);
            int common = set.stream().reduce(-1, (a, b) -> a & b);
            kept = new LinkedHashSet<>(List.of(ones, common));
          }
          kept.forEach(
              v -> steps.addAll(Loop.Step.parse(String.format(Locale.ROOT, "%s 0x%08X", name, v))));
        });
    return new Loop(accesses.size(), true, steps);
  }

  /** {@code 12 x read LINKS 0x00000000} is twelve. */
  private static List<Access> repeated(String line) {
    String[] parts = line.split(" x ", 2);
    int times = parts.length == 1 ? 1 : Integer.parseInt(parts[0]);
    return Collections.nCopies(times, Access.of(parts[parts.length - 1]));
  }

  /**
   * Prints the kept form of card 0 of a trace that {@code netmap4j nic-model --trace} wrote; all of
   * it mixed after {@code --mixed}, for a long one.
   */
  public static void main(String[] args) throws IOException {
    boolean mixed = args[0].equals("--mixed");
    List<Access> accesses =
        Files.readAllLines(Path.of(args[mixed ? 1 : 0])).stream()
            .filter(line -> line.startsWith("0 "))
            .flatMap(line -> repeated(line.substring(2)).stream())
            .toList();
    List<Access> all = decode(accesses);
    (mixed ? List.of(mix(all)) : fold(all)).forEach(System.out::println);
  }
}
