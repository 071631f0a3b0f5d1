/**
 * What stands around the data path: the link, with a module and its I2C bus or with a 10GBASE-T PHY
 * and MDIO; the EEPROM, the firmware that reads it on an X550, the semaphores; timers.
 *
 * <p>Each of them hooks its registers in {@link io.netmap4j.model.registers.RegisterFile} when it
 * is made, and acts when one of them is read or written. {@link io.netmap4j.model.peripherals.Link}
 * also looks at the wire, each time that the engines run, and raises LSC when the link changes.
 *
 * <p>What brings a link up is a {@link io.netmap4j.model.peripherals.Medium}'s matter. The 82599's
 * is {@link io.netmap4j.model.peripherals.FibreMedium}: {@code FibreMode} says what AUTOC and
 * AUTOC2 choose, {@code LinkStartup} whether the link has been started, {@code AnalogWords} whether
 * the module has been set up, {@code Partner} what the other end does.
 */
package io.netmap4j.model.peripherals;
