/**
 * What stands around the data path: the link, the EEPROM, the I2C bus of the SFP module, timers.
 *
 * <p>Each of them hooks its registers in {@link io.netmap4j.model.registers.RegisterFile} when it
 * is made, and acts when one of them is read or written. {@link io.netmap4j.model.peripherals.Link}
 * also looks at the wire, each time that the engines run, and raises LSC when the link changes.
 */
package io.netmap4j.model.peripherals;
