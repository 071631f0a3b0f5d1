/**
 * Register space, BAR 0: which registers there are, what they hold, and which writes a driver may
 * not make.
 *
 * <pre>{@code
 * RowsGeneral  RowsReceive  RowsTransmit  RowsMac  RowsStatistics
 *       \           \            |           /          /
 *                   RegisterMap82599      offset -> Register (name, access, reset value, masks)
 *                          |
 * read, write -----> RegisterFile  <----- hooks of the card's other parts
 *                     |        |
 *           QueueRules          RegisterRules
 * }</pre>
 *
 * <p>An access goes to {@link io.netmap4j.model.registers.RegisterFile}. It finds the row of the
 * offset (a second address of a register leads to the same storage), checks that a write leaves the
 * read-only bits alone, runs the rules that were added for the register, and calls the hook of the
 * part that the register belongs to. Without a hook it does what the row's access kind says: store,
 * clear on read, clear the ones written. A broken rule goes to the referee, which is the card.
 *
 * <p>{@link io.netmap4j.model.registers.RegisterLog} keeps accesses for tests to look at, {@link
 * io.netmap4j.model.registers.Statistics} counts into the statistics registers.
 */
package io.netmap4j.model.registers;
