package io.netmap4j.bench.report;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import io.netmap4j.linux.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The figures of one run of the benchmarks, and where they were measured. Its JSON is the fields'.
 *
 * @param title what was run: {@code bench compare}
 * @param when when it began, as {@link java.time.Instant} writes it
 * @param machine the machine, versions and flags, in the order shown: {@link Machine#facts}
 * @param figures the figures, in the order shown
 */
public record Run(String title, String when, Map<String, String> machine, List<Figure> figures) {
  private static final ObjectMapper JSON =
      new ObjectMapper()
          .enable(SerializationFeature.INDENT_OUTPUT)
          .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
          .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  /**
   * @throws IllegalArgumentException when a part is missing
   */
  public Run {
    require(title, "title");
    require(when, "when");
    require(machine, "machine");
    require(figures, "figures");
    machine.forEach((name, value) -> require(value, "machine: " + name));
    machine = Collections.unmodifiableMap(new LinkedHashMap<>(machine));
    figures.forEach(figure -> require(figure, "a figure"));
    figures = List.copyOf(figures);
  }

  /** The fact that says why a measurement is not part of the run. */
  public static String leftOut(String measurement) {
    return "left out: " + measurement;
  }

  /** The fact that says what a measurement had to remark. */
  public static String remarksOf(String measurement) {
    return "remarks of " + measurement;
  }

  /** True for the name of a fact that a reader must see before the figures. */
  static boolean isRemark(String fact) {
    return fact.startsWith(leftOut("")) || fact.startsWith(remarksOf(""));
  }

  static void require(Object value, String name) {
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
  }

  /** This run as JSON. */
  public String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JacksonException e) {
      throw new IllegalStateException(e); // texts and finite numbers have a form in JSON
    }
  }

  /**
   * Writes this run as JSON.
   *
   * @param file replaced when it exists
   * @throws IOException when the file can't be written, with its name
   */
  public void write(Path file) throws IOException {
    try {
      Files.writeString(file, json() + "\n");
    } catch (IOException e) {
      throw FileErrors.named(file, e);
    }
  }

  /**
   * Reads a run that {@link #write} wrote.
   *
   * @throws IOException when the file can't be read, or is no such run: with its name and, in one
   *     line, why
   */
  public static Run read(Path file) throws IOException {
    String text;
    try {
      text = Files.readString(file);
    } catch (IOException e) {
      throw FileErrors.named(file, e);
    }
    if (text.isBlank()) {
      throw new IOException(file + ": the file is empty");
    }
    try {
      return parse(text);
    } catch (JacksonException e) {
      throw new IOException(
          file + ": no result of netmap4j bench, or only a part of one: " + reason(e), e);
    }
  }

  /**
   * The run in a text of JSON.
   *
   * @throws JacksonException when the text is no run
   */
  static Run parse(String json) throws JacksonException {
    Run run = JSON.readValue(json, Run.class);
    if (run == null) {
      throw JsonMappingException.from((com.fasterxml.jackson.core.JsonParser) null, "null");
    }
    return run;
  }

  /** Where the text stops being a run, and why, without Jackson's advice on its own features. */
  private static String reason(JacksonException e) {
    StringBuilder reason = new StringBuilder();
    if (e.getLocation() != null) {
      reason.append("line ").append(e.getLocation().getLineNr()).append(": ");
    }
    if (e instanceof UnrecognizedPropertyException unknown) {
      return reason + "unknown field \"" + unknown.getPropertyName() + '"';
    }
    if (e instanceof JsonMappingException mapping) {
      for (JsonMappingException.Reference at : mapping.getPath()) {
        reason.append(
            at.getFieldName() == null ? "[" + at.getIndex() + "] " : at.getFieldName() + ' ');
      }
    }
    String message = e.getOriginalMessage().lines().findFirst().orElse("");
    return reason + message.split(" ?[;(](set| `)")[0];
  }
}
